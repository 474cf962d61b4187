"""From what there is to tell to a title, a plain text and a page of HTML.

Nothing that comes from a camera, a model or a person becomes markup: the page is made by Jinja with autoescape on, and titles are one line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.resources import files
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from jinja2.sandbox import ImmutableSandboxedEnvironment

from haetae.domain.event import Severity
from haetae.domain.notice import Change, Notice, NoticeEvent, NoticeKind, NoticeQuestion
from haetae.domain.schedule import find_time_zone
from haetae.errors import ConfigError
from haetae.notifications.override import TemplateOverride, check_override, fill
from haetae.notifications.words import ACTIONS, LANGUAGES, REVIEWS, SEVERITIES, TEXTS, TYPES, particle, word_of

__all__ = ["NoticeContent", "Rendered", "TemplateOverride", "check_override", "make_notice", "render"]

MOST_IN_TITLE = 150
MOST_IN_TEXT = 8000
MOST_LINES = 30
"""Lines of a digest; what is more is counted."""

COLOURS: Mapping[Severity, str] = {
    Severity.CRITICAL: "#c62828",
    Severity.HIGH: "#d9630f",
    Severity.MEDIUM: "#a87a00",
    Severity.LOW: "#5b7083",
}


@dataclass(frozen=True, slots=True)
class NoticeContent:
    """What a notice is to say, before it is put into words. The fields are as in `Notice`; `words` are those that a response has for its
    readers."""

    kind: NoticeKind
    language: str
    site: str
    events: tuple[NoticeEvent, ...]
    change: Change | None
    held_back: int
    time_zone: str
    created_at: datetime
    severity: Severity
    has_picture: bool
    unsubscribe_url: str
    question: NoticeQuestion | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """`title` is one line, `text` plain, `html` a whole page."""

    title: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class _Line:
    """One event in a message, in words."""

    title: str
    severity: str
    colour: str
    rows: tuple[tuple[str, str], ...]
    paragraphs: tuple[str, ...]
    facts: tuple[str, ...]
    url: str
    clip_url: str


def make_notice(
    content: NoticeContent, *, id: UUID, target: str, picture: bytes | None, reply_to: str | None, override: TemplateOverride | None
) -> Notice:
    """The whole message. A rule's own template that cannot be filled in any more gives way to the built-in one: people are told all the
    same."""
    try:
        rendered = render(content, override=override)
    except ConfigError:
        rendered = render(content, override=None)
    return Notice(
        id=id,
        kind=content.kind,
        language=content.language,
        site=content.site,
        events=content.events,
        title=rendered.title,
        text=rendered.text,
        html=rendered.html,
        severity=content.severity,
        created_at=content.created_at,
        time_zone=content.time_zone,
        target=target,
        change=content.change,
        held_back=content.held_back,
        picture=picture,
        reply_to=reply_to,
        unsubscribe_url=content.unsubscribe_url,
    )


def render(content: NoticeContent, *, override: TemplateOverride | None = None) -> Rendered:
    """Raises ConfigError for an override that `check_override` refuses; never for anything else."""
    language = content.language if content.language in LANGUAGES else "en"
    content = replace(content, language=language)
    texts = TEXTS[language]
    zone = _zone(content.time_zone)
    events = sorted(content.events, key=lambda event: (-event.severity.rank, event.camera, event.began_at))
    lines = tuple(_line(event, content, zone) for event in _grouped(events)[:MOST_LINES])
    left = max(0, len(_grouped(events)) - MOST_LINES)
    words = (texts["response_words"].format(text=" ".join(content.words.split())),) if content.words else ()
    notes = (*_notes(content, events), *words, *_question(content, zone))
    title = _one_line(_title(content, events))
    text = _text(content, title, lines, notes, left)
    if override is not None and events:
        values = _values(content, events[0], zone)
        if override.title is not None:
            title = _one_line(fill(override.title, values, most=MOST_IN_TITLE)) or title
        if override.text is not None:
            text = fill(override.text, values, most=MOST_IN_TEXT)
    own_text = text if override is not None and override.text is not None else None
    page = _page().render(
        content=content,
        texts=texts,
        title=title,
        lines=lines,
        notes=notes,
        own_text=own_text,
        colour=COLOURS[content.severity],
        more=texts["more"].format(count=left) if left else "",
        sent_by=texts["sent_by"].format(site=content.site),
    )
    return Rendered(title, text, page)


def _title(content: NoticeContent, events: list[NoticeEvent]) -> str:
    texts = TEXTS[content.language]
    if content.kind is NoticeKind.TEST or not events:
        return texts["test_title"].format(site=content.site)
    if content.kind is NoticeKind.DIGEST:
        return texts["digest_title"].format(site=content.site, count=sum(event.times for event in events))
    first = events[0]
    key = {NoticeKind.UPDATE: "update_title", NoticeKind.ESCALATION: "escalation_title"}.get(content.kind, "alert_title")
    place = first.camera or content.site
    if content.question is not None:
        action = word_of(ACTIONS, content.language, content.question.action)
        return texts["approval_title"].format(action=action, type=word_of(TYPES, content.language, first.type), camera=place)
    return texts[key].format(type=word_of(TYPES, content.language, first.type), camera=place)


def _notes(content: NoticeContent, events: list[NoticeEvent]) -> tuple[str, ...]:
    """Sentences above the events."""
    language, texts = content.language, TEXTS[content.language]
    notes = []
    if content.kind is NoticeKind.TEST or not events:
        notes.append(texts["test_body"].format(site=content.site, site_을=particle(content.site, "을")))
    elif content.kind is NoticeKind.ESCALATION:
        notes.append(texts["escalation_body"])
    elif content.kind is NoticeKind.UPDATE and content.change is not None:
        first = events[0]
        ended = "update_ended" if first.duration_s is not None else "update_ended_open"
        key = ended if content.change is Change.ENDED else f"update_{content.change.value}"
        notes.append(
            texts[key].format(
                severity=SEVERITIES[language][first.severity.value],
                type=word_of(TYPES, language, first.type),
                review=word_of(REVIEWS, language, first.review),
                duration=_duration(first.duration_s or 0.0, language),
            )
        )
    if content.held_back:
        notes.append(texts["held_one" if content.held_back == 1 else "held"].format(count=content.held_back))
    return tuple(notes)


def _question(content: NoticeContent, zone: ZoneInfo) -> tuple[str, ...]:
    """What is asked, and how it is answered."""
    asked, texts = content.question, TEXTS[content.language]
    if asked is None:
        return ()
    action = word_of(ACTIONS, content.language, asked.action)
    target = f" ({asked.target})" if asked.target else ""
    notes = [texts["approval_body"].format(action=action, target=target, expires=_moment(asked.expires_at, zone))]
    notes += [texts["approval_words"].format(text=asked.text)] if asked.text else []
    notes += [texts["approval_reason"].format(reason=asked.reason)] if asked.reason else []
    notes += [texts["approval_people"].format(needed=asked.needed)] if asked.needed > 1 else []
    if not asked.url:
        return (*notes, texts["approval_console"])
    return (*notes, texts["approval_link"].format(url=asked.url), texts["approval_code"].format(code=asked.code))


def _line(event: NoticeEvent, content: NoticeContent, zone: ZoneInfo) -> _Line:
    language, texts = content.language, TEXTS[content.language]
    kind = word_of(TYPES, language, event.type)
    times = f" ({texts['times'].format(count=event.times)})" if event.times > 1 else ""
    rows = [
        (texts["camera"], event.camera or content.site),
        (texts["severity"], SEVERITIES[language][event.severity.value]),
        (texts["began"], _moment(event.began_at, zone)),
    ]
    if event.score > 0:
        rows.append((texts["score"], f"{event.score:.2f}"))
    short = content.kind is NoticeKind.DIGEST
    return _Line(
        title=f"{kind}{times}",
        severity=SEVERITIES[language][event.severity.value],
        colour=COLOURS[event.severity],
        rows=tuple(rows),
        paragraphs=(event.description,) if event.description else (),
        facts=() if short else event.facts,
        url=event.url,
        clip_url="" if short else event.clip_url,
    )


def _text(content: NoticeContent, title: str, lines: tuple[_Line, ...], notes: tuple[str, ...], left: int) -> str:
    texts = TEXTS[content.language]
    parts = ["\n".join((title, *notes))]
    for line in lines:
        found = [line.title, *(f"{name}: {value}" for name, value in line.rows), *line.paragraphs, *(f"- {fact}" for fact in line.facts)]
        found += [f"{texts['open']}: {line.url}"] if line.url else []
        found += [f"{texts['clip']}: {line.clip_url}"] if line.clip_url else []
        parts.append("\n".join(found))
    if left:
        parts.append(texts["more"].format(count=left))
    parts.append(texts["sent_by"].format(site=content.site))
    if content.unsubscribe_url:
        parts.append(f"{texts['unsubscribe']}: {content.unsubscribe_url}")
    return "\n\n".join(parts)[: 4 * MOST_IN_TEXT]


def _values(content: NoticeContent, event: NoticeEvent, zone: ZoneInfo) -> dict[str, Any]:
    """The variables of a rule's own templates."""
    local = event.began_at.astimezone(zone)
    return {
        "camera": event.camera or content.site,
        "type": word_of(TYPES, content.language, event.type),
        "severity": SEVERITIES[content.language][event.severity.value],
        "time": f"{local:%H:%M:%S}",
        "date": f"{local:%Y-%m-%d}",
        "zone": content.time_zone,
        "description": event.description,
        "score": f"{event.score:.2f}",
        "site": content.site,
        "url": event.url,
        "clip_url": event.clip_url,
        "held_back": content.held_back,
        "duration": "" if event.duration_s is None else _duration(event.duration_s, content.language),
        "facts": "\n".join(event.facts),
    }


def _grouped(events: list[NoticeEvent]) -> list[NoticeEvent]:
    """One for each camera and type, the most severe, with how many there were."""
    found: dict[tuple[UUID, str], NoticeEvent] = {}
    for event in events:
        key = (event.camera_id, event.type)
        known = found.get(key)
        found[key] = event if known is None else replace(known, times=known.times + event.times)
    return list(found.values())


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S} ({zone.key})"


def _duration(seconds: float, language: str) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    units = ("h", "min", "s") if language == "en" else ("시간", "분", "초")
    parts = [f"{value}{' ' if language == 'en' else ''}{unit}" for value, unit in zip((hours, minutes, rest), units, strict=True) if value]
    return " ".join(parts[:2]) or (f"0 {units[2]}" if language == "en" else f"0{units[2]}")


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:MOST_IN_TITLE]


def _zone(name: str) -> ZoneInfo:
    try:
        return find_time_zone(name)
    except ConfigError:
        return find_time_zone("UTC")


def _page() -> Any:
    source = files("haetae.notifications").joinpath("notice.html.j2").read_text(encoding="utf-8")
    return ImmutableSandboxedEnvironment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source)
