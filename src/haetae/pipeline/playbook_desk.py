"""What people do with playbooks: read, check, compare, put one in force, and see what one would have planned."""

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from haetae.agents.base import Toolbox
from haetae.agents.catalogue import Catalogue
from haetae.agents.defaults import BASIC, default_playbook
from haetae.agents.planning import playbook_plan
from haetae.agents.playbook import Playbook
from haetae.agents.playbook_check import SiteNames, check_playbook
from haetae.agents.playbook_schema import Finding, PlaybookError
from haetae.clock import Clock
from haetae.domain.analysis import Analysis
from haetae.domain.event import AnomalyEvent, Severity, Verdict
from haetae.domain.incident import PlaybookVersion
from haetae.domain.triage import Place
from haetae.domain.viewer import Actor
from haetae.errors import Conflict
from haetae.pipeline.incident_context import IncidentContext

MOST_EVENTS = 2000


class PlaybookVersions(Protocol):
    """What the desk needs of the database. Raises DatabaseUnavailable."""

    def active(self) -> PlaybookVersion | None: ...
    def versions(self, limit: int = 200) -> list[PlaybookVersion]: ...
    def get(self, version: int) -> PlaybookVersion: ...
    def store(self, content: str, actor: Actor, *, note: str = "", expected_version: int | None = None) -> PlaybookVersion: ...


class PastEvents(Protocol):
    def past(self, since: datetime, until: datetime, limit: int) -> list[tuple[AnomalyEvent, Analysis]]: ...


class Zones(Protocol):
    def zones(self) -> set[str]: ...


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a playbook would have planned for one event. `actions` and `in_force` (what the playbook in force plans) are in words; `refused`
    are actions with their reasons."""

    event_id: UUID
    camera_id: UUID
    camera: str
    timestamp: datetime
    type: str
    severity: Severity
    verdict: Verdict
    rules: tuple[str, ...]
    actions: tuple[str, ...]
    may: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    in_force: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A playbook over past events, newest first. `totals` counts events by action in words; `changed` are events for which the playbook in
    force demands something else. `more` says that there were more events than were looked at."""

    events: tuple[Rehearsed, ...]
    totals: dict[str, int] = field(default_factory=dict)
    changed: int = 0
    more: bool = False


class PlaybookDesk:
    """Any thread, but none with an event loop. Every method raises DatabaseUnavailable."""

    def __init__(self, context: IncidentContext, versions: PlaybookVersions, past: PastEvents, zones: Zones, clock: Clock) -> None:
        self._context = context
        self._versions = versions
        self._past = past
        self._zones = zones
        self._clock = clock

    def in_force(self) -> PlaybookVersion:
        """Version 0 is the basic playbook, where none was stored."""
        return self._versions.active() or self.version(0)

    def versions(self) -> list[PlaybookVersion]:
        """Newest first."""
        return self._versions.versions()

    def version(self, number: int) -> PlaybookVersion:
        """0 is the basic playbook. Raises NotFound."""
        if number == 0:
            content = default_playbook(BASIC, self._context.language).content
            digest = Playbook(content, version=0, time_zone=self._context.time_zone).sha256
            return PlaybookVersion(0, content, digest, self._clock.now(), "Haetae", active=self._versions.active() is None)
        return self._versions.get(number)

    def check(self, content: str) -> list[Finding]:
        """Everything there is to say against a playbook here, faults first."""
        catalogue = self._context.catalogue()
        cameras = [words for each in catalogue.targets.get("camera", ()) for words in (each.id, each.name)]
        return check_playbook(content, catalogue, SiteNames(cameras, self._zones.zones()), time_zone=self._context.time_zone)

    def put(self, content: str, actor: Actor, *, note: str = "", expected_version: int | None = None) -> PlaybookVersion:
        """Put a playbook in force. Raises PlaybookError for one with a fault, VersionConflict."""
        faults = [each for each in self.check(content) if not each.warning]
        if faults:
            raise PlaybookError(faults)
        return self._versions.store(content, actor, note=note, expected_version=expected_version)

    def spare(self, sort: str, target_id: str) -> None:
        """Raises Conflict where the playbook in force does something with this target, which somebody wants to take away."""
        names = [each.name for each in self._context.catalogue().targets.get(sort, ()) if each.id == target_id]
        rules = self._context.playbook().naming(sort, {target_id, *names})
        if rules:
            named = ", ".join(repr(each) for each in rules[:3])
            raise Conflict(f"the playbook in force names it in {named}", hint="Take it out of the playbook first")

    def diff(self, old: int, new: int) -> str:
        """What changed between two versions, as a unified diff; empty where nothing did. Raises NotFound."""
        return unified(self.version(old).content, self.version(new).content, f"version {old}", f"version {new}")

    def diff_with(self, content: str) -> str:
        """What a text changes of what is in force."""
        current = self.in_force()
        return unified(current.content, content, f"version {current.version}", "new")

    def rehearse(self, content: str | None, since: datetime, until: datetime, *, limit: int = 200) -> Rehearsal:
        """What a playbook (None: the one in force) would have planned for the events of this time. Nothing is done.

        Raises PlaybookError for one that is none; what this site lacks shows in `refused`.
        """
        current = self._context.playbook()
        tried = current if content is None else Playbook(content, version=0, time_zone=self._context.time_zone)
        limit = min(limit, MOST_EVENTS)
        past = self._past.past(since, until, limit + 1)
        catalogue = self._context.catalogue()
        places: dict[UUID, Place | None] = {}
        events = []
        for event, analysis in past[:limit]:
            if event.camera_id not in places:
                places[event.camera_id] = self._context.place(event.camera_id)
            events.append(self._rehearsed(event, analysis, places[event.camera_id], (tried, current), catalogue))
        totals = Counter(word for each in events for word in each.actions)
        changed = sum(set(each.actions) != set(each.in_force) for each in events)
        return Rehearsal(tuple(events), dict(totals.most_common()), changed, len(past) > limit)

    def _rehearsed(
        self, event: AnomalyEvent, analysis: Analysis, place: Place | None, playbooks: tuple[Playbook, Playbook], catalogue: Catalogue
    ) -> Rehearsed:
        situation = self._context.situation(event, analysis, place)
        tried, current = (Toolbox(playbook, catalogue, situation) for playbook in playbooks)
        plan = playbook_plan(tried)
        bounds = tried.playbook.bounds(situation, catalogue)
        before = plan if playbooks[0] is playbooks[1] else playbook_plan(current)
        return Rehearsed(
            event_id=event.id,
            camera_id=event.camera_id,
            camera=situation.camera,
            timestamp=event.timestamp,
            type=situation.type_name,
            severity=event.severity,
            verdict=situation.verdict,
            rules=bounds.rules,
            actions=tuple(catalogue.words(action) for action in plan.actions),
            may=tuple(catalogue.words(action) for action in bounds.may),
            refused=tuple((catalogue.words(action), reason) for action, reason in plan.refused),
            in_force=tuple(catalogue.words(action) for action in before.actions),
        )


def unified(old: str, new: str, old_name: str, new_name: str) -> str:
    """A unified diff."""
    lines: Sequence[str] = list(difflib.unified_diff(old.splitlines(), new.splitlines(), old_name, new_name, lineterm=""))
    return "\n".join(lines) + "\n" if lines else ""
