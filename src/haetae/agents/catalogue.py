"""What actions of this site may reach: groups, cameras, presets, and the webhooks and devices that were registered. By id, never by what
a model writes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

from haetae.agents.actions import SHAPES
from haetae.domain.incident import Target
from haetae.domain.plan import ActionKind, PlannedAction
from haetae.errors import ConfigError

_SHOWN = 8


class UnknownTarget(ConfigError):
    """Nothing of this site goes by that name or id."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Immutable: a site that changes has another one."""

    targets: Mapping[str, tuple[Target, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, targets: Iterable[Target]) -> "Catalogue":
        by_sort: dict[str, list[Target]] = defaultdict(list)
        for target in targets:
            by_sort[target.sort].append(target)
        return cls(MappingProxyType({sort: tuple(sorted(found, key=lambda each: each.id)) for sort, found in by_sort.items()}))

    def reach(self, kind: ActionKind) -> tuple[Target, ...]:
        """Everything that actions of this kind may reach; empty where the kind reaches nothing."""
        return self.targets.get(SHAPES[kind].target, ())

    def find(self, kind: ActionKind, words: str, *, camera_id: UUID | None = None) -> Target:
        """What `words`, an id or a name, stand for. Of several of a name that of `camera_id` is meant, or the only one that belongs to no
        other camera. Raises UnknownTarget."""
        sort = SHAPES[kind].target
        known = self.reach(kind)
        exact = [each for each in known if each.id == words]
        if exact:
            return exact[0]
        named = [each for each in known if each.name == words]
        own = [each for each in named if each.camera_id == camera_id]
        found = own if len(own) == 1 else named
        if len(found) == 1:
            return found[0]
        if found:
            raise UnknownTarget(f"several of this site's {sort}s are called {words[:64]!r}", hint="Name the one that is meant by its id")
        names = ", ".join(each.name for each in known[:_SHOWN])
        hint = f"Known: {names}" if names else f"This site has no {sort} yet: add one, or leave the action out"
        raise UnknownTarget(f"this site has no {sort} {words[:64]!r}", hint=hint)

    def holds(self, kind: ActionKind, target: str) -> bool:
        """Whether an action of this kind may name this id; "" for kinds that reach nothing."""
        if not SHAPES[kind].target:
            return not target
        return any(each.id == target for each in self.reach(kind))

    def words(self, action: PlannedAction) -> str:
        """An action in words: its kind, and the name of what it reaches."""
        if not action.target:
            return action.kind.value
        names = [each.name for each in self.reach(action.kind) if each.id == action.target]
        return f"{action.kind.value}:{names[0] if names else action.target}"
