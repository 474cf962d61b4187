"""The severity policy behind its routes: stored, checked, tried on past events, put into force."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from haetae.database.scoped.severity_history import PastEvent
from haetae.database.severity_store import SeverityStore, StoredPolicy
from haetae.domain.event import Severity
from haetae.domain.severity import SeverityPolicy, changes
from haetae.domain.viewer import Actor, Viewer
from haetae.pipeline.severity import occasion_of

TRIED_ON = 1000
"""Past events that a policy is tried on, the newest."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a policy would make of past events: (severity then, severity by the policy) -> events."""

    events: int
    changes: dict[tuple[Severity, Severity], int]
    remarks: tuple[str, ...]


class SeverityDesk:
    """Any thread; each method raises DatabaseUnavailable."""

    def __init__(
        self,
        store: SeverityStore,
        *,
        past: Callable[[Viewer, int], list[PastEvent]],
        zone_names: Callable[[], Collection[str]],
        changed: Callable[[], None],
    ) -> None:
        """`changed` puts what was stored into force."""
        self._store = store
        self._past = past
        self._zone_names = zone_names
        self._changed = changed

    def read(self) -> StoredPolicy:
        return self._store.read()

    def write(self, policy: SeverityPolicy, actor: Actor, *, expected_version: int | None = None) -> StoredPolicy:
        """In force for what happens from now on; events that are over keep their severity. Raises VersionConflict as the store does."""
        stored = self._store.write(policy, actor, expected_version=expected_version)
        self._changed()
        return stored

    def try_out(self, policy: SeverityPolicy, viewer: Viewer) -> Trial:
        """Nothing is changed."""
        past = [
            (occasion_of(each.kind, each.vad_score, each.timestamp, each.facts), each.severity) for each in self._past(viewer, TRIED_ON)
        ]
        return Trial(len(past), changes(policy, past), policy.remarks(self._zone_names()))
