"""Moments, lengths and events as the assistant writes them, in the site's local time; and the numbers that stand in a text."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from haetae.agents.assistant.records import EventRecord, SiteWords

MOST_TEXT = 400
"""Letters of one text of an event that a model is shown."""

_UNITS: Final = {"en": (" h", " min", " s", " "), "ko": ("시간", "분", "초", " ")}
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
_ITEM = re.compile(r"^\s*\d{1,3}[.)]\s", re.MULTILINE)
_MARK = re.compile(r"\[\d{1,3}\]")
_CLOCK = re.compile(r"(?<!\d)([01]?\d|2[0-4]):([0-5]\d)(?!\d)")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d+")
_SPELT: Final = {
    word: str(number)
    for number, word in enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 2)
}
_SPELT_WORD = re.compile(rf"\b({'|'.join(_SPELT)})\b", re.IGNORECASE)


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Such as `2026-11-27 22:14:05`, local."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def minute(at: datetime, zone: ZoneInfo) -> str:
    """Such as `2026-11-27 22:14`, local."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def length(seconds: float, language: str) -> str:
    """Such as `2 min 5 s`; under ten seconds with a decimal."""
    hour, minute_, second, gap = _UNITS[language]
    if seconds < 10.0:
        return f"{seconds:.1f}{second}"
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600}{hour}{gap}{whole % 3600 // 60}{minute_}"
    return f"{whole // 60}{minute_}{gap}{whole % 60}{second}" if whole >= 60 else f"{whole}{second}"


def event_fields(event: EventRecord, ref: str, words: SiteWords, zone: ZoneInfo, language: str) -> dict[str, Any]:
    """An event as a tool returns it: what is empty is left out, texts are cut."""
    fields: dict[str, Any] = {
        "ref": ref,
        "camera": event.camera,
        "type": words.type(event.type, language),
        "severity": words.severities[language][event.severity.value],
        "began": moment(event.began_at, zone),
        "lasted": "" if event.duration_s is None else length(event.duration_s, language),
        "going_on": event.status.value == "open",
        "score": round(event.score, 2),
        "verdict": "" if event.verdict is None else event.verdict.value,
        "acknowledged": event.acknowledged,
        "review": words.reviews[language][event.review.value],
        "description": event.description[:MOST_TEXT],
        "detail": event.detail[:MOST_TEXT],
        "note": event.note[:MOST_TEXT],
        "facts": [fact[:MOST_TEXT] for fact in event.facts],
        "actions": [action[:MOST_TEXT] for action in event.actions],
    }
    return {name: value for name, value in fields.items() if value not in ("", [], None)}


def numbers_in(text: str) -> list[str]:
    """The numbers of a text in the order in which they stand, in one form each. Ids, numbers of list items and of citations are none."""
    plain = _MARK.sub(" ", _ITEM.sub(" ", _UUID.sub(" ", text)))
    plain = _SPELT_WORD.sub(lambda match: _SPELT[match[1].lower()], plain)
    return [_normal(match[0]) for match in _NUMBER.finditer(plain)]


def numbers_of(values: Iterable[object]) -> set[str]:
    """The numbers that may be said of these values: as they stand, rounded, and hours as they are on a clock of twelve."""
    found: set[str] = set()
    for value in values:
        text = _UUID.sub(" ", str(value))
        for match in _NUMBER.finditer(text):
            number = _normal(match[0])
            found.add(number)
            if "." in number:
                found |= {_normal(f"{float(number):.{digits}f}") for digits in (0, 1, 2)}
        found |= {str(int(match[1]) % 12 or 12) for match in _CLOCK.finditer(text)}
    return found


def _normal(number: str) -> str:
    number = number.replace(",", "")
    if "." in number:
        return number.rstrip("0").rstrip(".") if number.strip("0") != "." else "0"
    return number.lstrip("0") or "0"
