"""Parsed questions answered from the tools in a closed vocabulary: what works without any model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from haetae.agents.assistant.asked import Asked, Kind, read_question
from haetae.agents.assistant.event_answers import NAMED, EventAnswers
from haetae.agents.assistant.ledger import citation
from haetae.agents.assistant.messages import Citation
from haetae.agents.assistant.records import ActionQuery, ActionRecord, CameraRecord, EventQuery, EventRecord, Order
from haetae.agents.assistant.report_text import report_text
from haetae.agents.assistant.times import LONGEST, When, last_day
from haetae.agents.assistant.tools import Tools, day_fields, is_away
from haetae.agents.assistant.words import EXAMPLES, STATES, VERDICTS
from haetae.domain.event import CAMERA_OFFLINE

_SHOWN = 10
_TOP = 3


@dataclass(frozen=True, slots=True)
class Ruled:
    """An answer; `understood` is false where it only says what can be asked."""

    text: str
    citations: tuple[Citation, ...] = ()
    understood: bool = True


class Rules(EventAnswers):
    """One question. Waits for the database: not on an event loop. Raises DatabaseUnavailable."""

    def __init__(self, tools: Tools, *, reason: str = "", can_request: bool = False) -> None:
        """`reason` says why a model that is configured was not asked."""
        super().__init__(tools)
        self._reason = reason
        self._can_request = can_request

    def answer(self, text: str) -> Ruled:
        """What the rules say to a question, whatever it is."""
        cameras = self._tools.records.cameras()
        asked = read_question(text, cameras, self._tools.now, self._tools.zone)
        if asked.no_such_camera:
            return Ruled(self._no_such_camera(cameras))
        if asked.kind is Kind.UNKNOWN:
            return Ruled("\n".join(self._what_can_be_asked(cameras)), understood=False)
        if asked.when is not None and asked.when.future:
            return Ruled(self._say("future", since=self._minute(asked.when.since)))
        lines = "\n".join(self._lines(asked, cameras))
        return Ruled(lines, tuple(citation(number, event) for number, event in enumerate(self._cited, 1)))

    def _lines(self, asked: Asked, cameras: Sequence[CameraRecord]) -> Iterable[str]:
        match asked.kind:
            case Kind.ACT:
                return [self._say("act_request" if self._can_request else "act")]
            case Kind.HELP:
                return [self._say("help"), *self._examples(cameras)]
            case Kind.EVENT:
                assert asked.event_id is not None
                return self._event(asked.event_id)
            case Kind.RESPONSE:
                return self._responses(asked)
            case Kind.OFFLINE:
                return self._offline(asked)
            case Kind.CAMERAS:
                return self._cameras(asked)
            case Kind.STATISTICS:
                return self._statistics(asked)
            case Kind.REPORT:
                report, _ = self._tools.report(self._span(asked), asked.cameras)
                return self._with_default(asked, [report_text(report, self._tools.words, self._language, self._mark)])
            case Kind.ACTED:
                return self._acted(asked)
            case Kind.APPROVALS:
                return self._approvals(asked)
            case Kind.OVERVIEW:
                return self._overview(asked)
            case Kind.COMPARE:
                return self._compare(asked)
            case Kind.COUNT:
                return self._count(asked)
            case _:
                return self._list(asked)

    def _list(self, asked: Asked) -> list[str]:
        query = self._query(asked)
        top = asked.kind is Kind.TOP
        limit = 1 if asked.one else _TOP if top else _SHOWN
        found, _ = self._tools.find(replace(query, limit=limit), self._said(asked))
        if asked.one and found.events:
            return self._with_default(asked, [self._row(event) for event in found.events])
        lines = [self._head(asked, query, found.total, exact=found.exact)]
        if top and found.events:
            lines.append(self._say(asked.order.value))
        elif len(found.events) < found.total:
            lines.append(self._say("first", shown=len(found.events)))
        lines += [self._row(event) for event in found.events]
        return self._with_default(asked, lines)

    def _count(self, asked: Asked) -> list[str]:
        query = self._query(asked)
        groups, total, _ = self._tools.count(query, asked.by, self._said(asked))
        lines = [self._head(asked, query, total, exact=True)]
        if asked.by:
            lines += [self._say("group", what=what or self._say("place_gone"), events=events) for what, events in groups[:NAMED]]
        return self._with_default(asked, lines)

    def _responses(self, asked: Asked) -> list[str]:
        """To the event that is named, else to the newest that match."""
        if asked.event_id is not None:
            return self._response(asked.event_id)
        query = self._query(asked)
        found, _ = self._tools.find(replace(query, limit=1 if asked.one else _TOP), self._said(asked))
        lines = [] if asked.one and found.events else [self._head(asked, query, found.total, exact=found.exact)]
        if len(found.events) < found.total and not asked.one:
            lines.append(self._say("first", shown=len(found.events)))
        for event in found.events:
            lines += self._response(event.id)
        return self._with_default(asked, lines)

    def _acted(self, asked: Asked) -> list[str]:
        """What of these kinds was done or planned, newest first."""
        span = self._span(asked)
        ends = {"since": self._minute(span.since), "until": self._minute(span.until)}
        said = {"kinds": list(asked.done), "from": ends["since"], "to": ends["until"], "cameras": [each.name for each in asked.cameras]}
        until = span.until if span.until < self._tools.now else None
        query = ActionQuery(asked.done, since=span.since, until=until, limit=NAMED)
        found, _ = self._tools.actions(query, {name: value for name, value in said.items() if value})
        lines = self._actions(_of_cameras(found, asked))
        return self._with_default(asked, lines or [self._say("no_acts", span=self._say("span", **ends))])

    def _approvals(self, asked: Asked) -> list[str]:
        every, _ = self._tools.actions(ActionQuery(waiting=True, limit=NAMED), {"waiting": True})
        found = _of_cameras(every, asked)
        if not found:
            return [self._say("no_approvals")]
        self._tools.ledger.returned({"waiting": len(found)})
        return [self._say("approvals", total=len(found)), *self._actions(found), self._say("approve_where")]

    def _overview(self, asked: Asked) -> list[str]:
        """The cameras, what is going on, what nobody has seen yet, what waits for a person."""
        lines = self._offline(asked)
        for each in (replace(asked, kind=Kind.LIST, going_on=True), replace(asked, kind=Kind.LIST, unacknowledged=True)):
            query = self._query(each)
            found, _ = self._tools.find(replace(query, limit=_TOP if each.going_on else 1), self._said(each))
            lines.append(self._head(each, query, found.total, exact=found.exact))
            lines += [self._row(event) for event in found.events if each.going_on]
        return [*lines, *self._approvals(asked)]

    def _compare(self, asked: Asked) -> list[str]:
        """How many events there were in each of two spans."""
        lines = []
        for when in (asked.when, asked.other):
            if when is not None:
                part = replace(asked, kind=Kind.COUNT, when=when)
                query = self._query(part)
                _, total, _ = self._tools.count(query, "", self._said(part))
                lines.append(self._head(part, query, total, exact=True))
        return lines or self._list(asked)

    def _offline(self, asked: Asked) -> list[str]:
        if asked.cameras:
            return self._cameras(asked)
        found, _ = self._tools.cameras()
        away = [camera for camera in found if is_away(camera)]
        if away:
            return [self._say("away"), *(self._camera(camera) for camera in away)]
        on = [camera for camera in found if camera.enabled]
        self._tools.ledger.returned({"on": len(on)})
        if not on:
            return [self._say("none_to_watch")]
        return [self._say("one_watches") if len(on) == 1 else self._say("all_watch", total=len(on))]

    def _cameras(self, asked: Asked) -> list[str]:
        found, _ = self._tools.cameras()
        if asked.cameras:
            wanted = {camera.id for camera in asked.cameras}
            return [self._camera(camera) for camera in found if camera.id in wanted]
        if not found:
            return [self._say("no_cameras")]
        return [self._say("cameras", total=len(found)), *(self._camera(camera) for camera in found[:NAMED])]

    def _statistics(self, asked: Asked) -> list[str]:
        lines = []
        for camera in asked.cameras:
            total, result = self._tools.statistics(camera, self._span(asked))
            ends = {"camera": camera.name, "first": result["first"], "last": result["last"]}
            if total is None:
                lines.append(self._say("no_statistics", **ends))
                continue
            fields = day_fields(total, self._language)
            lines.append(self._say("statistics", **ends, events=fields["events"], up=fields["up"]))
            read, analysed, dropped = (fields[f"frames_{name}"] for name in ("read", "analysed", "dropped"))
            lines.append(self._say("statistics_frames", read=read, analysed=analysed, dropped=dropped))
            if "highest_score" in fields:
                lines.append(self._say("statistics_score", score=fields["highest_score"]))
        return self._with_default(asked, lines)

    def _query(self, asked: Asked) -> EventQuery:
        """What is going on, and what nobody has seen, is asked of all times where no time is named."""
        whole = (asked.going_on or asked.unacknowledged) and asked.when is None
        span = None if whole else self._span(asked)
        if asked.kind is Kind.COUNT and span is None:
            span = When(self._tools.now - LONGEST, self._tools.now)
        return EventQuery(
            since=None if span is None else span.since,
            until=None if span is None else span.until,
            camera_ids=tuple(camera.id for camera in asked.cameras) or None,
            types=(CAMERA_OFFLINE,) if asked.kind is Kind.WERE_OFFLINE else asked.types,
            min_severity=asked.min_severity,
            text=asked.text,
            acknowledged=False if asked.unacknowledged else True if asked.acknowledged else None,
            reviews=() if asked.review is None else (asked.review,),
            verdicts=() if asked.verdict is None else (asked.verdict,),
            locked=True if asked.locked else None,
            going_on=asked.going_on,
            order=asked.order,
        )

    def _span(self, asked: Asked) -> When:
        if asked.when is None and asked.ever and asked.kind is not Kind.REPORT:
            return When(self._tools.now - LONGEST, self._tools.now)
        return asked.when or last_day(self._tools.now)

    def _head(self, asked: Asked, query: EventQuery, total: int, *, exact: bool) -> str:
        key = "more" if not exact else {0: "none", 1: "one"}.get(total, "some")
        span = self._say("now")
        if query.since is not None and query.until is not None:
            span = self._say("span", since=self._minute(query.since), until=self._minute(query.until))
        scope = ", ".join(camera.name for camera in asked.cameras) or self._say("everywhere")
        return self._say(key, scope=scope, span=span, total=total, what=self._what(asked, query))

    def _what(self, asked: Asked, query: EventQuery) -> str:
        """The conditions in words."""
        words, language, said = self._tools.words, self._language, []
        if query.types:
            named = dict.fromkeys(words.type(each, language) for each in query.types)
            said.append(self._say("of_type", types=", ".join(named)))
        if query.min_severity is not None:
            said.append(self._say("of_severity", severity=words.severities[language][query.min_severity.value]))
        if query.text:
            said.append(self._say("with_text", text=query.text))
        if query.reviews:
            said.append(self._say("reviewed", review=words.reviews[language][query.reviews[0].value]))
        if query.verdicts:
            said.append(self._say("looked_at", verdict=VERDICTS[language][query.verdicts[0].value]))
        marks = {"unacknowledged": query.acknowledged is False, "acknowledged": query.acknowledged, "locked": query.locked}
        said += [self._say(name) for name, wanted in (marks | {"going_on": asked.going_on}).items() if wanted]
        return "".join(said)

    def _said(self, asked: Asked) -> dict[str, object]:
        """The conditions as a look-up is told of."""
        query = self._query(asked)
        given = {
            "from": None if query.since is None else self._minute(query.since),
            "to": None if query.until is None else self._minute(query.until),
            "cameras": [camera.name for camera in asked.cameras],
            "types": list(query.types),
            "min_severity": None if query.min_severity is None else query.min_severity.value,
            "text": query.text,
            "unacknowledged": asked.unacknowledged,
            "acknowledged": query.acknowledged is True,
            "review": "" if asked.review is None else asked.review.value,
            "verdict": "" if asked.verdict is None else asked.verdict.value,
            "locked": asked.locked,
            "going_on": asked.going_on,
            "order": "" if asked.order is Order.NEWEST else asked.order.value,
            "by": asked.by,
        }
        return {name: value for name, value in given.items() if value}

    def _with_default(self, asked: Asked, lines: list[str]) -> list[str]:
        """Where nothing was said of the time, what was taken for it is said."""
        if asked.when is None and not (asked.going_on or asked.unacknowledged or asked.ever):
            self._tools.ledger.returned("24")
            lines.append(self._say("default_span"))
        return lines

    def _camera(self, camera: CameraRecord) -> str:
        since = "" if camera.since is None else self._say("camera_since", since=self._minute(camera.since))
        return self._say("camera", name=camera.name, state=STATES[self._language].get(camera.state, camera.state), since=since)

    def _no_such_camera(self, cameras: Sequence[CameraRecord]) -> str:
        """The same for a camera that is hidden and for one that there is not."""
        found, _ = self._tools.cameras()
        if not cameras:
            return self._say("no_cameras")
        return self._say("no_camera", cameras=", ".join(camera.name for camera in found[:NAMED]))

    def _what_can_be_asked(self, cameras: Sequence[CameraRecord]) -> list[str]:
        head = self._say("model_away", reason=self._reason) if self._reason else self._say("no_model")
        return [head, *self._examples(cameras)]

    def _examples(self, cameras: Sequence[CameraRecord]) -> list[str]:
        return [self._say("example", example=each) for each in examples(self._language, cameras)]


def _of_cameras(found: Sequence[tuple[ActionRecord, EventRecord]], asked: Asked) -> list[tuple[ActionRecord, EventRecord]]:
    """Those on the cameras that were named, where any were."""
    wanted = {camera.id for camera in asked.cameras}
    return [(action, event) for action, event in found if not wanted or event.camera_id in wanted]


def examples(language: str, cameras: Sequence[CameraRecord]) -> tuple[str, ...]:
    """Questions that are understood; those about a camera, where there is one, about the first."""
    name = cameras[0].name if cameras else ""
    return tuple(each.format(camera=name) for each in EXAMPLES[language] if name or "{camera}" not in each)
