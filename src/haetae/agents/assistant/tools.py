"""The tools of the assistant: they only read, and only what one viewer may see. Whatever they return is written down in a ledger."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from haetae.agents.assistant.asked import plain
from haetae.agents.assistant.ledger import Ledger
from haetae.agents.assistant.messages import ToolUse
from haetae.agents.assistant.records import (
    ActionQuery,
    ActionRecord,
    CameraRecord,
    EventCount,
    EventQuery,
    EventRecord,
    Found,
    Records,
    ResponseRecord,
    SiteWords,
)
from haetae.agents.assistant.report import ShiftReport, make_report
from haetae.agents.assistant.shown import MOST_TEXT, event_fields, length, minute, moment
from haetae.agents.assistant.times import When
from haetae.domain.camera import CameraState
from haetae.domain.schedule import find_time_zone
from haetae.domain.statistics import DayStatistics, local_day

MOST_EVENTS = 20
MOST_GROUPS = 40
MOST_CAMERAS = 64
MOST_ACTIONS = 40

AT_WORK = frozenset({CameraState.WATCHING, CameraState.LEARNING})

Returned = dict[str, Any]


class Tools:
    """One question's tools. Any thread, none with an event loop; raises DatabaseUnavailable.

    `used` is told of each look-up, on the thread that makes it.
    """

    def __init__(self, records: Records, words: SiteWords, ledger: Ledger, language: str, used: Callable[[ToolUse], None]) -> None:
        self.records = records
        self.words = words
        self.ledger = ledger
        self.language = language
        self.zone = find_time_zone(records.time_zone)
        self.now = records.now()
        self._used = used

    def cameras(self, *, only_away: bool = False) -> tuple[Sequence[CameraRecord], Returned]:
        """The cameras that there are for who asks; those that are to watch and do not, if asked for."""
        found = [camera for camera in self.records.cameras() if not only_away or is_away(camera)]
        shown = [
            {"name": each.name, "state": each.state, "enabled": each.enabled}
            | ({"since": minute(each.since, self.zone)} if each.since is not None else {})
            for each in found[:MOST_CAMERAS]
        ]
        result: Returned = {"total": len(found), "cameras": shown}
        return found, self._return("list_cameras", {"only_away": True} if only_away else {}, result, len(found))

    def find(self, query: EventQuery, said: Mapping[str, Any]) -> tuple[Found, Returned]:
        """Events that match, and how many do. `said` is how that was asked for."""
        found = self.records.find(replace(query, limit=min(query.limit, MOST_EVENTS)))
        shown = [self._event(event) for event in found.events]
        result = self._span(query) | {
            "total": found.total if found.exact else f"more than {found.total}",
            "shown": len(shown),
            "events": shown,
        }
        return found, self._return("find_events", said, result, found.total)

    def count(self, query: EventQuery, by: str, said: Mapping[str, Any]) -> tuple[Sequence[tuple[str, int]], int, Returned]:
        """How many events match: (what, how many), most first, and in all. By hour and day, in order of time, the newest MOST_GROUPS."""
        counts = self.records.counts(query)
        groups = self._by_time(query, by) if by in ("hour", "day") else self._grouped(counts, by)
        total = sum(each.events for each in counts)
        shown = [{"what": what, "events": events} for what, events in groups[:MOST_GROUPS]] if by else []
        result = self._span(query) | {"total": total} | ({"by": by, "groups": shown} if by else {})
        return groups, total, self._return("count_events", said, result, total)

    def event(self, event_id: UUID) -> tuple[EventRecord | None, Returned]:
        """All that is known of an event."""
        event = self.records.event(event_id)
        result: Returned = {"error": "there is no such event"} if event is None else self._event(event)
        return event, self._return("show_event", {"event": str(event_id)}, result, 0 if event is None else 1)

    def response(self, event_id: UUID) -> tuple[EventRecord | None, ResponseRecord, Returned]:
        """What is done about an event, and what came of it."""
        event = self.records.event(event_id)
        found = self.records.response(event_id) if event is not None else None
        if event is None or found is None:
            return None, ResponseRecord(), self._return("show_response", {"event": str(event_id)}, {"error": "there is no such event"}, 0)
        result: Returned = {
            "ref": self.ledger.ref(event),
            "planned_by": found.planned_by,
            "more_to_plan": found.waits,
            "a_person_must_look": found.review[:MOST_TEXT],
            "total": len(found.actions),
            "actions": [self._done(each) for each in found.actions[:MOST_ACTIONS]],
        }
        return event, found, self._return("show_response", {"event": str(event_id)}, result, len(found.actions))

    def _done(self, action: ActionRecord) -> Returned:
        fields = {
            "action": self.words.actions[self.language].get(action.kind, action.kind),
            "target": action.target,
            "state": action.state,
            "finished": "" if action.finished_at is None else moment(action.finished_at, self.zone),
            "why": action.why[:MOST_TEXT],
        }
        return {name: value for name, value in fields.items() if value}

    def actions(self, query: ActionQuery, said: Mapping[str, Any]) -> tuple[Sequence[tuple[ActionRecord, EventRecord]], Returned]:
        """Actions that match, newest first, each with what it is about."""
        found = [(each, event) for each in self.records.actions(query) if (event := self._about(each)) is not None]
        shown = [{**self._done(each), "event": self._event(event)} for each, event in found]
        return found, self._return("find_actions", said, {**said, "total": len(found), "actions": shown}, len(found))

    def _about(self, action: ActionRecord) -> EventRecord | None:
        return None if action.event_id is None else self.records.event(action.event_id)

    def statistics(self, camera: CameraRecord, when: When) -> tuple[DayStatistics | None, Returned]:
        """A camera's days that a span touches, together; None where it did nothing on any."""
        first, last = local_day(when.since, self.zone), local_day(when.until - timedelta(microseconds=1), self.zone)
        days = self.records.days(camera.id, first, last)
        total = together(days)
        result: Returned = {"camera": camera.name, "first": str(first), "last": str(last), "days": len(days)}
        if total is not None:
            result |= day_fields(total, self.language)
        said = {"camera": camera.name, "first": str(first), "last": str(last)}
        return total, self._return("camera_statistics", said, result, len(days))

    def report(self, when: When, of: Sequence[CameraRecord] = ()) -> tuple[ShiftReport, Returned]:
        """The shift report of a span, of these cameras or of all."""
        report = make_report(self.records, when.since, when.until, of)
        result: Returned = {
            "from": minute(report.since, self.zone),
            "to": minute(report.until, self.zone),
            "total": report.total,
            "by_severity": {self.words.severities[self.language][each.value]: count for each, count in report.by_severity.items()},
            "by_type": {self.words.type(each, self.language): count for each, count in report.by_type[:MOST_GROUPS]},
            "by_camera": [{"camera": each.camera, "events": each.events} for each in report.by_camera[:MOST_GROUPS]],
            "confirmed": report.confirmed,
            "rejected": report.rejected,
            "false_alarms": report.false_alarms,
            "unacknowledged": report.unacknowledged,
            "going_on": report.going_on,
            "notable": [self._event(each) for each in report.notable],
            "away": [self._event(each) for each in report.away],
            "not_watching": [{"name": each.name, "state": each.state} for each in report.not_watching],
            "counts": [len(report.notable), len(report.away), len(report.not_watching)],
        }
        said = {"from": result["from"], "to": result["to"]} | ({"cameras": list(report.of_cameras)} if of else {})
        return report, self._return("shift_report", said, result, report.total)

    def cameras_called(self, name: str) -> tuple[UUID, ...] | None:
        """The cameras of that name or id, None where there is none for who asks: a camera that is hidden is one that is not there."""
        wanted = plain(name)
        found = tuple(each.id for each in self.records.cameras() if wanted in (plain(each.name), str(each.id)))
        return found or None

    def refused(self, name: str, said: Mapping[str, Any], why: str) -> Returned:
        """A look-up that was asked for in a way that makes no sense."""
        result: Returned = {"error": why}
        if "camera" in why:
            result["cameras"] = [each.name for each in self.records.cameras()[:MOST_CAMERAS]]
        self._used(ToolUse(name, dict(said), 0))
        return result

    def _event(self, event: EventRecord) -> Returned:
        return event_fields(event, self.ledger.ref(event), self.words, self.zone, self.language)

    def _span(self, query: EventQuery) -> Returned:
        ends = {"from": query.since, "to": query.until}
        return {name: minute(at, self.zone) for name, at in ends.items() if at is not None}

    def _return(self, name: str, said: Mapping[str, Any], result: Returned, found: int) -> Returned:
        self.ledger.returned(result)
        self._used(ToolUse(name, dict(said), found))
        return result

    def _grouped(self, counts: Sequence[EventCount], by: str) -> list[tuple[str, int]]:
        names = {each.id: each.name for each in self.records.cameras()} if by == "camera" else {}
        found = Counter[str]()
        for each in counts:
            what = {
                "camera": names.get(each.camera_id, ""),
                "type": self.words.type(each.type, self.language),
                "severity": self.words.severities[self.language][each.severity.value],
            }.get(by, "")
            found[what] += each.events
        if by == "severity":
            return [(word, found[word]) for word in reversed(list(self.words.severities[self.language].values())) if found[word]]
        return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))

    def _by_time(self, query: EventQuery, by: str) -> list[tuple[str, int]]:
        """One count for each local hour or day of the span, quiet ones left out."""
        assert query.since is not None
        assert query.until is not None
        found = []
        for begin, end, name in _parts(query.since, query.until, by, self.zone):
            events = sum(each.events for each in self.records.counts(replace(query, since=begin, until=end)))
            if events:
                found.append((name, events))
        return found


def is_away(camera: CameraRecord) -> bool:
    """Whether a camera is to watch and does not."""
    return camera.enabled and camera.state not in AT_WORK


def together(days: Sequence[DayStatistics]) -> DayStatistics | None:
    """The sum of some days; None of none."""
    if not days:
        return None
    total = days[0]
    for day in days[1:]:
        total = total.merged(replace(day, day=total.day))
    return total


def day_fields(day: DayStatistics, language: str) -> Returned:
    """What a camera did, as a tool returns it."""
    score = {} if day.score_max is None else {"highest_score": round(day.score_max, 2)}
    return {
        "events": day.events,
        "up": length(day.uptime_s, language),
        "frames_read": day.frames_read,
        "frames_analysed": day.frames_analysed,
        "frames_dropped": sum(day.frames_dropped.values()),
        **score,
    }


def _parts(since: datetime, until: datetime, by: str, zone: Any) -> Iterator[tuple[datetime, datetime, str]]:
    """Local hours or days of [since, until), the first and the last of them cut, at most MOST_GROUPS, the newest."""
    found: list[tuple[datetime, datetime, str]] = []
    end = until
    while end > since and len(found) < MOST_GROUPS:
        inside = (end - timedelta(microseconds=1)).astimezone(zone)
        if by == "day":
            day: date = inside.date()
            begin, name = datetime(day.year, day.month, day.day, tzinfo=zone), f"{day}"
        else:
            begin, name = inside.replace(minute=0, second=0, microsecond=0), f"{inside:%Y-%m-%d %H}:00"
        begin = max(begin.astimezone(since.tzinfo), since)
        found.append((begin, end, name))
        end = begin
    yield from reversed(found)
