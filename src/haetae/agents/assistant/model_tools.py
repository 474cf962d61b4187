"""The tools as a language model calls them: few, flat, forgiving of wrong arguments, and unable to change anything."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from haetae.agents.assistant import asked_words
from haetae.agents.assistant.asked import plain
from haetae.agents.assistant.records import ActionQuery, ApprovalRequest, ApprovalRequests, EventQuery, Order
from haetae.agents.assistant.times import LONGEST, When, find_when, last_day
from haetae.agents.assistant.tools import Returned, Tools
from haetae.domain.event import Severity
from haetae.domain.plan import RISKS
from haetae.errors import ConfigError, Forbidden, NotFound

_MOST_LETTERS = 200

SeverityWord = Literal["", "low", "medium", "high", "critical"]
OrderWord = Literal["newest", "most_severe", "longest", "highest_score"]
ByWord = Literal["", "camera", "type", "severity", "hour", "day"]


class _Refused(Exception):
    """An argument makes no sense; the message says why, to the model."""


class ModelTools:
    """One question's tools on an event loop; each waits in the loop's pool of threads. Raises DatabaseUnavailable."""

    def __init__(self, tools: Tools, requests: ApprovalRequests | None = None) -> None:
        self._tools = tools
        self._requests = requests

    def functions(self) -> Sequence[Callable[..., Any]]:
        """What the model is offered. Asking for approvals only where the site has them."""
        reading: list[Callable[..., Any]] = [
            self.find_events,
            self.count_events,
            self.show_event,
            self.show_response,
            self.find_actions,
            self.list_cameras,
            self.camera_statistics,
            self.shift_report,
        ]
        return [*reading, self.request_approval] if self._requests is not None else reading

    async def find_events(
        self,
        when: str = "",
        camera: str = "",
        type: str = "",
        min_severity: SeverityWord = "",
        text: str = "",
        unacknowledged: bool = False,
        going_on: bool = False,
        order: OrderWord = "newest",
        since: str = "",
        until: str = "",
        limit: int = 10,
    ) -> Returned:
        """Find events. `when` is a time in words, such as "last night", "yesterday between 2 and 4 pm", "지난 주말"; or give `since` and
        `until` as local times (2026-11-27 22:00). `camera` is a camera's name, `type` a type such as Fighting. `text` are words that occur
        in the event. The result's `total` counts all that match."""
        said = _given(when=when, camera=camera, type=type, min_severity=min_severity, text=text, since=since, until=until, order=order)
        said |= _given(unacknowledged=unacknowledged, going_on=going_on)

        def find() -> Returned:
            query = self._query(when, since, until, camera, type, min_severity, whole=unacknowledged or going_on or bool(text))
            query = replace(query, text=text[:_MOST_LETTERS].replace("\0", " "), order=Order(order), limit=max(1, min(limit, 20)))
            query = replace(query, acknowledged=False if unacknowledged else None, going_on=going_on)
            return self._tools.find(query, said)[1]

        return await self._call("find_events", said, find)

    async def count_events(
        self,
        when: str = "",
        camera: str = "",
        type: str = "",
        min_severity: SeverityWord = "",
        by: ByWord = "",
        since: str = "",
        until: str = "",
    ) -> Returned:
        """Count events, in all or by something. Arguments as of find_events."""
        said = _given(when=when, camera=camera, type=type, min_severity=min_severity, by=by, since=since, until=until)

        def count() -> Returned:
            query = self._query(when, since, until, camera, type, min_severity, whole=False)
            return self._tools.count(query, by, said)[2]

        return await self._call("count_events", said, count)

    async def show_event(self, event: str) -> Returned:
        """All that is known of one event: facts, description, what people said, what was done. `event` is its ref (E1) or its id."""
        said = _given(event=event)

        return await self._call("show_event", said, lambda: self._tools.event(self._event(event))[1])

    async def show_response(self, event: str) -> Returned:
        """What was done about one event: each action, how it stands, what came of it, and what still waits for a person's approval. `event`
        is its ref (E1) or its id."""
        return await self._call("show_response", _given(event=event), lambda: self._tools.response(self._event(event))[2])

    async def find_actions(self, kind: str = "", waiting: bool = False, when: str = "", since: str = "", until: str = "") -> Returned:
        """Actions that were planned or done about events, newest first. `kind` is one, such as siren or notify; `waiting`: those that wait
        for a person's approval. Times are as of find_events."""
        said = _given(kind=kind, waiting=waiting, when=when, since=since, until=until)

        def find() -> Returned:
            known = {each.value for each in RISKS}
            if kind and kind not in known:
                raise _Refused(f"there is no such action; there are: {', '.join(sorted(known))}")
            span = self._span(when, since, until) if when or since or until or not waiting else None
            ends = {} if span is None else {"since": span.since, "until": span.until if span.until < self._tools.now else None}
            return self._tools.actions(ActionQuery((kind,) if kind else (), waiting, limit=20, **ends), said)[1]

        return await self._call("find_actions", said, find)

    async def list_cameras(self, only_away: bool = False) -> Returned:
        """The cameras that the person who asks may see, and how each is doing now. `only_away`: only those that should watch and do not."""
        return await self._call("list_cameras", _given(only_away=only_away), lambda: self._tools.cameras(only_away=only_away)[1])

    async def camera_statistics(self, camera: str, when: str = "") -> Returned:
        """What a camera did on the days of `when`: events, time that it delivered pictures, frames."""
        said = _given(camera=camera, when=when)

        def read() -> Returned:
            ids = self._cameras(camera)
            found = next((each for each in self._tools.records.cameras() if ids is not None and each.id == ids[0]), None)
            if found is None:
                raise _Refused("say of which camera")
            return self._tools.statistics(found, self._span(when, "", ""))[1]

        return await self._call("camera_statistics", said, read)

    async def shift_report(self, when: str = "", since: str = "", until: str = "") -> Returned:
        """Everything that happened in a shift or a night, counted in every way, with the most severe events."""
        said = _given(when=when, since=since, until=until)
        return await self._call("shift_report", said, lambda: self._tools.report(self._span(when, since, until))[1])

    async def request_approval(self, event: str, action: str, reason: str) -> Returned:
        """Ask people to allow an action on an event. Nothing happens before a person has agreed."""
        said = _given(event=event, action=action, reason=reason)

        def ask() -> Returned:
            assert self._requests is not None
            event_id = self._tools.ledger.event_id(event)
            if event_id is None:
                raise _Refused("look the event up first")
            if action not in {kind.value for kind in RISKS}:
                raise _Refused(f"there is no such action; there are: {', '.join(RISKS)}")
            request = self._requests.request(ApprovalRequest(event_id, action, reason[:_MOST_LETTERS]))
            result: Returned = {"asked": True, "request": str(request)}
            self._tools.ledger.returned(result)
            return result

        return await self._call("request_approval", said, ask)

    def _event(self, name: str) -> UUID:
        event_id = self._tools.ledger.event_id(name)
        if event_id is not None:
            return event_id
        try:
            return UUID(name.strip())
        except ValueError:
            raise _Refused("there is no such event") from None

    async def _call(self, name: str, said: dict[str, Any], work: Callable[[], Returned]) -> Returned:
        try:
            return await asyncio.to_thread(work)
        except (_Refused, ConfigError, Forbidden, NotFound) as error:
            why = str(error)
        return await asyncio.to_thread(self._tools.refused, name, said, why)

    def _query(self, when: str, since: str, until: str, camera: str, type_: str, severity: str, *, whole: bool) -> EventQuery:
        """`whole`: without a time all times are meant, else the last day."""
        timed = bool(when or since or until)
        span = self._span(when, since, until) if timed or not whole else None
        return EventQuery(
            since=None if span is None else span.since,
            until=None if span is None else span.until,
            camera_ids=self._cameras(camera),
            types=self._types(type_),
            min_severity=Severity(severity) if severity and severity != "low" else None,
        )

    def _span(self, when: str, since: str, until: str) -> When:
        now, zone = self._tools.now, self._tools.zone
        if since or until:
            end = self._moment(until) if until else now
            begin = self._moment(since) if since else end - LONGEST
            if begin >= end:
                raise _Refused("`since` is not before `until`")
            return When(max(begin, end - LONGEST), end)
        if not when:
            return last_day(now)
        span = find_when(plain(when[:_MOST_LETTERS]), now, zone)
        if span is None:
            raise _Refused('`when` is no time that is understood; say for example "last night", or give `since` and `until`')
        if span.future:
            raise _Refused("that time has not begun yet")
        return span

    def _moment(self, text: str) -> datetime:
        try:
            found = datetime.fromisoformat(text.strip())
            found = found if found.tzinfo is not None else found.replace(tzinfo=self._tools.zone)
            return found.astimezone(UTC)
        except (ValueError, OverflowError):
            raise _Refused("times are written as 2026-11-27 22:00") from None

    def _cameras(self, name: str) -> tuple[UUID, ...] | None:
        if not name.strip():
            return None
        found = self._tools.cameras_called(name)
        if found is None:
            raise _Refused("there is no camera of that name")
        return found

    def _types(self, name: str) -> tuple[str, ...]:
        """Types by their key, their word in any language, or what people say for them."""
        wanted = plain(name).replace("_", " ")
        if not wanted:
            return ()
        known = self._tools.words.types
        found = [key for words in known.values() for key, word in words.items() if wanted in (plain(word), plain(key).replace("_", " "))]
        found += [key for keys, pattern in asked_words.TYPES.items() if pattern.search(wanted) for key in keys]
        if not found:
            raise _Refused(f"there is no such type; there are: {', '.join(known['en'])}; or use `text`")
        return tuple(dict.fromkeys(found))


def _given(**arguments: Any) -> dict[str, Any]:
    """Arguments that say something, shortened."""
    return {name: value[:_MOST_LETTERS] if isinstance(value, str) else value for name, value in arguments.items() if value}
