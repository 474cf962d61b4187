"""What a question asks, where no model reads it: a small set of kinds, each with cameras, types and a span of time."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from haetae.agents.assistant import asked_words as words
from haetae.agents.assistant.records import CameraRecord, Order
from haetae.agents.assistant.times import When, find_when
from haetae.domain.event import Review, Severity, Verdict


class Kind(StrEnum):
    """What is asked."""

    LIST = "list"
    TOP = "top"
    COUNT = "count"
    EVENT = "event"
    RESPONSE = "response"
    """What was done about an event."""
    ACTED = "acted"
    """Whether something was done, such as sounding a siren."""
    APPROVALS = "approvals"
    OVERVIEW = "overview"
    """How things are altogether."""
    COMPARE = "compare"
    OFFLINE = "offline"
    """Which cameras do not watch now."""
    WERE_OFFLINE = "were_offline"
    CAMERAS = "cameras"
    STATISTICS = "statistics"
    REPORT = "report"
    HELP = "help"
    ACT = "act"
    """Something to be done, which is not for an assistant."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was understood. `cameras` are those that it names; `no_such_camera` that it names one that is not there for who
    asks. `by` is what to count by, `other` the span that `when` is compared with, `done` the kinds of actions that are asked about.
    `ever`: of all times where none is named; `one`: the first of what is found is enough."""

    kind: Kind
    when: When | None = None
    cameras: tuple[CameraRecord, ...] = ()
    no_such_camera: bool = False
    types: tuple[str, ...] = ()
    min_severity: Severity | None = None
    text: str = ""
    unacknowledged: bool = False
    going_on: bool = False
    order: Order = Order.NEWEST
    by: str = ""
    event_id: UUID | None = None
    acknowledged: bool = False
    review: Review | None = None
    verdict: Verdict | None = None
    locked: bool = False
    other: When | None = None
    done: tuple[str, ...] = ()
    ever: bool = False
    one: bool = False


_ID = re.compile(r"\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b")
_QUOTED = re.compile(r"[\"“”「『]([^\"“”」』]{2,80})[\"“”」』]")
_SIGN = "◆"
"""Stands for a camera's name once it was found, so that nothing else is read into it."""


def plain(text: str) -> str:
    """One form of what can be written in several, in lower case."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def read_question(text: str, cameras: Sequence[CameraRecord], now: datetime, zone: ZoneInfo) -> Asked:
    """What is asked, as far as it is one of the kinds. `cameras` are those that who asks may see."""
    asked = plain(text)
    found = _ID.search(asked)
    if found is not None:
        about = Kind.RESPONSE if words.DONE.search(asked) else Kind.EVENT
        return Asked(about, event_id=UUID(found[0]))
    asked, named = _take_cameras(asked, cameras)
    quoted = _QUOTED.search(asked)
    asked = _QUOTED.sub(" ", asked)
    when = find_when(asked, now, zone)
    rest = asked
    for piece in sorted(when.said if when is not None else (), key=len, reverse=True):
        rest = rest.replace(piece, " ")
    types = tuple(each for keys, pattern in words.TYPES.items() if pattern.search(rest) for each in keys)
    severity = next((each for each, pattern in words.SEVERITIES.items() if pattern.search(rest)), None)
    marks = _Marks.of(rest)
    known = bool(when or types or severity or quoted or marks.any)
    done = tuple(each for keys, pattern in words.ACTED.items() if pattern.search(rest) for each in keys)
    whole = _whole_kind(asked, rest, narrow=bool(when or types or named), done=bool(done))
    kind, order, by = (whole, Order.NEWEST, "") if whole else _kind(asked, rest, named=bool(named), known=known, spanned=when is not None)
    when, other = _compared(asked, now, zone) if kind is Kind.COMPARE else (when, None)
    one = words.ONE.search(asked) is not None or _is_last(asked)
    if one and kind is Kind.LIST:
        kind = Kind.TOP
    return Asked(
        kind,
        when,
        named,
        no_such_camera=not named and kind not in (Kind.ACT, Kind.HELP) and _names_a_camera(rest, plainly=kind is Kind.UNKNOWN),
        types=types,
        # "the most severe" is an order and no least severity.
        min_severity=None if order is Order.MOST_SEVERE else severity,
        text=quoted[1].strip() if quoted is not None else "",
        unacknowledged=words.UNSEEN.search(rest) is not None,
        acknowledged=marks.acknowledged,
        review=marks.review,
        verdict=marks.verdict,
        locked=marks.locked,
        other=other,
        done=done if kind is Kind.ACTED else (),
        ever=one or words.EVER.search(rest) is not None,
        one=one,
        going_on=kind is Kind.LIST and when is None and words.GOING_ON.search(rest) is not None,
        order=order,
        by=by,
    )


@dataclass(frozen=True, slots=True)
class _Marks:
    """What people or a model made of the events that are asked for."""

    acknowledged: bool = False
    review: Review | None = None
    verdict: Verdict | None = None
    locked: bool = False

    @classmethod
    def of(cls, text: str) -> "_Marks":
        unseen = words.UNSEEN.search(text) is not None
        review = next((each for each, pattern in words.REVIEWS.items() if pattern.search(text)), None)
        verdict = next((each for each, pattern in words.VERDICTS.items() if pattern.search(text)), None)
        seen = not unseen and words.SEEN.search(text) is not None
        return cls(seen, review, verdict, words.LOCKED.search(text) is not None)

    @property
    def any(self) -> bool:
        return self != _Marks()


def _whole_kind(asked: str, rest: str, *, narrow: bool, done: bool) -> Kind | None:
    """Kinds of which a few words say everything; None for all others. `narrow`: the question is about some time, camera or type."""
    if words.HELP.search(asked):
        return Kind.HELP
    if words.APPROVALS.search(rest):
        return Kind.APPROVALS
    if done:
        return Kind.ACTED
    if words.COMPARE.search(rest):
        return Kind.COMPARE
    return Kind.OVERVIEW if not narrow and words.OVERVIEW.search(asked) else None


def _compared(asked: str, now: datetime, zone: ZoneInfo) -> tuple[When | None, When | None]:
    """The two spans that are compared, the earlier first; where one is named, with today."""
    found = [when for piece in words.AND.split(asked) if (when := find_when(piece, now, zone)) is not None]
    found += [today for today in [find_when("today", now, zone)] if len(found) == 1 and today is not None and today.since != found[0].since]
    spans = sorted(found[:2], key=lambda when: when.since)
    return (spans[0], spans[1]) if len(spans) == 2 else (spans[0] if spans else None, None)


def _is_last(asked: str) -> bool:
    """Whether the newest of a type is meant: "the last fight"."""
    found = re.search(r"\b(?:last|latest|most recent)\s+", asked)
    return found is not None and any(pattern.match(asked, found.end()) for pattern in words.TYPES.values())


def _kind(asked: str, rest: str, *, named: bool, known: bool, spanned: bool) -> tuple[Kind, Order, str]:
    """The first kind that fits, from what is said most plainly to what is said least."""
    kind, order, by = Kind.UNKNOWN, Order.NEWEST, ""
    orders = {
        Order.LONGEST: words.LONGEST,
        Order.MOST_SEVERE: words.MOST_SEVERE,
        Order.HIGHEST_SCORE: words.HIGHEST,
        Order.NEWEST: words.NEWEST,
    }
    top = next((each for each, pattern in orders.items() if pattern.search(asked)), None)
    each = next((name for name, pattern in words.EACH.items() if pattern.search(rest)), "")
    of_cameras = named or words.CAMERA.search(rest) is not None
    if words.DONE.search(rest):
        kind = Kind.RESPONSE
    elif words.ACT.search(rest) and not words.HOW_MANY.search(rest):
        kind = Kind.ACT
    elif words.STATISTICS.search(rest) and named:
        kind = Kind.STATISTICS
    elif words.OFFLINE.search(rest) and of_cameras:
        kind = Kind.WERE_OFFLINE if spanned and words.WAS.search(rest) else Kind.OFFLINE
    elif words.REPORT.search(rest) or (words.STATISTICS.search(rest) and not of_cameras):
        kind = Kind.REPORT
    elif words.HOW_MANY.search(rest):
        about_events = words.SHOW.search(rest) or known or named
        kind, by = (Kind.COUNT, each) if about_events or not of_cameras else (Kind.CAMERAS, "")
    elif each and (words.SHOW.search(rest) or known or each == "camera") and not words.STATE.search(_without_which(rest)):
        kind, by = Kind.COUNT, each
    elif top is not None:
        kind, order = Kind.TOP, top
    elif of_cameras and words.STATE.search(rest) and not words.SHOW.search(_without_list(rest)):
        kind = Kind.CAMERAS
    elif named or known or words.SHOW.search(rest) or words.UNSEEN.search(rest):
        kind = Kind.LIST
    return kind, order, by


def _without_which(text: str) -> str:
    """`which` camera had the most events asks of events."""
    return re.sub(r"which|어[느떤]" if "많" in text else r"which", " ", text)


def _without_list(text: str) -> str:
    """`list` and `show` may be about cameras as well as events."""
    return re.sub(r"\b(?:list|show)\b|보여|알려|상황", " ", text)


def _take_cameras(text: str, cameras: Sequence[CameraRecord]) -> tuple[str, tuple[CameraRecord, ...]]:
    """The cameras that a text names, longest name first, and the text with a sign for each."""
    found = []
    for camera in sorted(cameras, key=lambda each: (-len(each.name), each.name)):
        name = plain(camera.name)
        if not name:
            continue
        begin = r"(?<![a-z0-9])" if name[0].isascii() and name[0].isalnum() else ""
        end = r"(?![a-z0-9])" if name[-1].isascii() and name[-1].isalnum() else ""
        pattern = f"{begin}{re.escape(name)}{end}"
        if len(name) == 1 or name in words.NO_NAME or name.isdigit():
            # Such a name is one only where nothing else can be meant.
            pattern = rf"[\"'“‘]{re.escape(name)}[\"'”’]|(?:\bcam(?:era)?\s+){pattern}|{pattern}(?=\s*번?\s*카메라)"
        text, count = re.subn(pattern, f" {_SIGN} ", text)
        if count:
            found.append(camera)
    return " ".join(text.split()), tuple(sorted(found, key=lambda each: each.name))


def _names_a_camera(rest: str, *, plainly: bool) -> bool:
    """Whether there is a word where a camera's name would stand that is none of the words that stand there otherwise. `plainly`: it must be
    said to be a camera's."""
    if plainly and not words.CAMERA.search(rest):
        return False
    known = (words.OFFLINE, words.UNSEEN, words.SHOW, words.STATE, *words.TYPES.values(), *words.SEVERITIES.values())
    for match in words.WORD_FOR_CAMERA.finditer(rest):
        word = next(group for group in match.groups() if group)
        if word not in words.NO_NAME and not any(pattern.search(word) for pattern in known):
            return True
    return False
