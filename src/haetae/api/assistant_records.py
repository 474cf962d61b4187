"""The assistant's records, read where every other answer is: through the scoped repositories, as one viewer."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from haetae.agents.assistant.records import (
    ActionQuery,
    ActionRecord,
    CameraRecord,
    EventCount,
    EventQuery,
    EventRecord,
    Found,
    Order,
    ResponseRecord,
    SiteWords,
)
from haetae.clock import Clock
from haetae.database.scoped.actions import ActionView, ScopedActions
from haetae.database.scoped.cameras import ScopedCameras
from haetae.database.scoped.event_counts import ScopedEventCounts
from haetae.database.scoped.event_filter import EventFilter, EventSort
from haetae.database.scoped.event_rows import EventDetail, EventRow
from haetae.database.scoped.events import ScopedEvents
from haetae.database.scoped.plans import ScopedPlans
from haetae.database.scoped.statistics import ScopedStatistics
from haetae.domain.camera import CameraState, CameraStatus
from haetae.domain.event import EventStatus
from haetae.domain.fact import Fact, FactKind
from haetae.domain.plan import ActionKind, ActionState
from haetae.domain.statistics import DayStatistics
from haetae.domain.viewer import Viewer
from haetae.errors import NotFound
from haetae.notifications.fact_words import fact_sentence
from haetae.notifications.words import ACTIONS, REVIEWS, SEVERITIES, TYPES, particle

SITE_WORDS = SiteWords(TYPES, SEVERITIES, REVIEWS, ACTIONS, particle)
"""What this site calls things, as in its notices."""

_SORTS = {
    Order.NEWEST: EventSort.TIME,
    Order.MOST_SEVERE: EventSort.SEVERITY,
    Order.LONGEST: EventSort.DURATION,
    Order.HIGHEST_SCORE: EventSort.SCORE,
}
_MOST_FACTS = 8


class ViewerRecords:
    """What `viewer` may see at each look-up, and nothing else: there is no way to ask as anybody else."""

    def __init__(
        self,
        viewer: Viewer,
        *,
        cameras: ScopedCameras,
        events: ScopedEvents,
        counts: ScopedEventCounts,
        statistics: ScopedStatistics,
        plans: ScopedPlans,
        actions: ScopedActions,
        statuses: Callable[[], Mapping[UUID, CameraStatus]],
        clock: Clock,
        language: str,
        again: Callable[[Viewer], Viewer] = lambda viewer: viewer,
    ) -> None:
        """`again` gives the same viewer as of now: a question may last, and access may be taken away meanwhile."""
        self._asking = viewer
        self._again = again
        self._cameras = cameras
        self._events = events
        self._counts = counts
        self._statistics = statistics
        self._plans = plans
        self._actions = actions
        self._statuses = statuses
        self._clock = clock
        self._language = language

    @property
    def _viewer(self) -> Viewer:
        return self._again(self._asking)

    @property
    def time_zone(self) -> str:
        return self._statistics.time_zone

    def now(self) -> datetime:
        return self._clock.now()

    def cameras(self) -> list[CameraRecord]:
        stored, _ = self._cameras.visible_to(self._viewer)
        statuses = self._statuses()
        found = []
        for each in stored:
            status = statuses.get(each.config.id)
            state = CameraState.STOPPED if status is None else status.state
            since = None if status is None else status.since
            found.append(CameraRecord(each.config.id, each.config.name, state.value, each.config.enabled, since))
        return found

    def find(self, query: EventQuery) -> Found:
        page = self._events.page(self._viewer, _filter(query), sort=_SORTS[query.order], limit=query.limit)
        return Found(tuple(_record(row) for row in page.items), page.total, page.total_is_exact)

    def event(self, event_id: UUID) -> EventRecord | None:
        try:
            detail = self._events.get(self._viewer, event_id)
        except NotFound:
            return None
        return _record(detail, facts=_facts(detail, self._language), actions=tuple(detail.agent_actions or ()))

    def response(self, event_id: UUID) -> ResponseRecord | None:
        try:
            planned = self._plans.of_event(self._viewer, event_id)
            actions = self._actions.of_event(self._viewer, event_id)
        except NotFound:
            return None
        last = planned.plans[-1].plan if planned.plans else None
        review = next((each.plan.review for each in reversed(planned.plans) if each.plan.review), "")
        return ResponseRecord(tuple(map(_action, actions)), "" if last is None else last.planned_by.value, planned.waits, review)

    def actions(self, query: ActionQuery) -> list[ActionRecord]:
        kinds = tuple(ActionKind(kind) for kind in query.kinds)
        states = (ActionState.AWAITING_APPROVAL,) if query.waiting else ()
        span = {"since": query.since, "until": query.until}
        return list(map(_action, self._actions.newest(self._viewer, kinds=kinds, states=states, limit=query.limit, **span)))

    def counts(self, query: EventQuery) -> list[EventCount]:
        return [
            EventCount(each.camera_id, each.type, each.severity, each.verdict, each.review, each.acknowledged, each.events)
            for each in self._counts.groups(self._viewer, _filter(query))
        ]

    def days(self, camera_id: UUID, first: date, last: date) -> Sequence[DayStatistics]:
        return self._statistics.daily(self._viewer, first=first, last=last, camera_ids=[camera_id])


def _filter(query: EventQuery) -> EventFilter:
    return EventFilter(
        camera_ids=query.camera_ids,
        since=query.since,
        until=query.until,
        kinds=query.kinds,
        types=query.types,
        min_severity=query.min_severity,
        statuses=(EventStatus.OPEN,) if query.going_on else (),
        acknowledged=query.acknowledged,
        reviews=query.reviews,
        verdicts=query.verdicts,
        locked=query.locked,
        text=query.text or None,
    )


def _record(row: EventRow, **more: Any) -> EventRecord:
    return EventRecord(
        id=row.id,
        camera_id=row.camera_id,
        camera=row.camera_name or "",
        kind=row.kind,
        type=row.shown_type,
        severity=row.severity,
        status=row.status,
        began_at=row.timestamp,
        duration_s=row.duration_s,
        score=row.vad_score,
        verdict=row.verdict,
        acknowledged=row.acknowledged,
        review=row.review,
        description=row.vlm_description or "",
        detail=row.detail or "",
        note=row.note or "",
        **more,
    )


def _action(view: ActionView) -> ActionRecord:
    action = view.action
    why = "" if action.state is ActionState.DONE else str(action.result.get("reason", ""))
    return ActionRecord(action.kind.value, action.state.value, view.target_name or "", action.finished_at, why, action.event_id)


def _facts(detail: EventDetail, language: str) -> tuple[str, ...]:
    """The first facts in words; one that this Haetae does not know is left out."""
    known = {kind.value for kind in FactKind}
    found = []
    for each in detail.facts[:_MOST_FACTS]:
        if each.get("kind") in known:
            fields = {name: each[name] for name in ("id", "value", "unit", "t0_s", "t1_s", "usual", "rarity", "subject") if name in each}
            found.append(fact_sentence(Fact(kind=FactKind(each["kind"]), **fields), language))
    return tuple(found)
