"""A site's playbook: what must, may and must never be done about an incident. It has the last word, before the models and after them."""

import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from haetae.agents.actions import SHAPES, clean_text
from haetae.agents.catalogue import Catalogue, UnknownTarget
from haetae.agents.playbook_check import structure
from haetae.agents.playbook_schema import ActionEntry, NeverEntry, PlaybookError, PlaybookFile, RuleEntry, When, parse_playbook
from haetae.agents.situation import Situation
from haetae.domain.event import EventKind
from haetae.domain.notation import parse_schedule
from haetae.domain.plan import ActionKind, PlannedAction

_SEEN = (EventKind.ANOMALY, EventKind.TAMPER)
PEOPLE = "people"
"""The option that says how many different people must approve."""

_PLACES = re.compile(r"(\{(?:camera|type|severity|verdict)\})")


@dataclass(frozen=True, slots=True)
class Ban:
    """What a rule forbids. `targets` None: whatever it reaches."""

    entry: NeverEntry
    targets: frozenset[str] | None
    rule: str

    def covers(self, action: PlannedAction) -> bool:
        if self.entry.risk is not None:
            return action.kind.risk is self.entry.risk
        return action.kind is self.entry.action and (self.targets is None or action.target in self.targets)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the playbook says of one incident, with what it reaches as ids of this site.

    `must` and `may` hold nothing that `bans` covers, and no action twice. `refused` are actions of the playbook itself that cannot be, each
    with the reason: a target that the site does not have (any more), or for what it demands another rule that forbids it. `rules` are the
    names of those that count.
    """

    must: tuple[PlannedAction, ...] = ()
    may: tuple[PlannedAction, ...] = ()
    bans: tuple[Ban, ...] = ()
    refused: tuple[tuple[PlannedAction, str], ...] = ()
    rules: tuple[str, ...] = ()

    @property
    def review(self) -> str:
        """Why a person must look at the playbook, "" where none must: something that it wants done was not possible."""
        lost = [reason for action, reason in self.refused if action.mandatory]
        return f"the playbook wants what cannot be: {lost[0]}" if lost else ""

    def banned(self, action: PlannedAction) -> str:
        """Why it is forbidden, "" where it is not."""
        return next((f"the rule {ban.rule!r} forbids it" for ban in self.bans if ban.covers(action)), "")


class Playbook:
    """Immutable. `version` is that of the site's playbooks, 0 for the one that comes with Haetae."""

    def __init__(self, content: str, *, version: int, time_zone: str) -> None:
        """`time_zone` is that of schedules that name none. Raises PlaybookError for what would be one at no site."""
        self.content = content
        self.version = version
        self.sha256 = hashlib.sha256(content.encode()).hexdigest()
        self.file: PlaybookFile = parse_playbook(content)
        faults = list(structure(content, self.file, time_zone))
        if faults:
            raise PlaybookError(faults)
        self.schedules = {name: parse_schedule(text, time_zone=time_zone) for name, text in self.file.schedules.items()}

    def bounds(self, situation: Situation, catalogue: Catalogue) -> Bounds:
        """What it says of this incident at this site."""
        rules = [rule for rule in self.file.rules if self._counts(rule.when, situation)]
        bans = tuple(ban for rule in rules for ban in self._bans(rule, catalogue))
        gathered = Bounds(bans=bans, rules=tuple(rule.name for rule in rules))
        found: dict[tuple[ActionKind, str], PlannedAction] = {}
        refused: dict[tuple[ActionKind, str], tuple[PlannedAction, str]] = {}
        for mandatory in (True, False):
            for rule in rules:
                for entry in rule.must if mandatory else rule.may:
                    action, reason = self._action(entry, rule, situation, catalogue, mandatory=mandatory)
                    banned = "" if reason else gathered.banned(action)
                    if not reason and not banned:
                        found[action.key] = _stricter(found.get(action.key, action), action)
                    elif reason or mandatory:
                        # That one rule forbids what another allows is what rules are for.
                        refused.setdefault(action.key, (action, reason or banned))
        actions = found.values()
        return replace(
            gathered,
            must=tuple(each for each in actions if each.mandatory),
            may=tuple(each for each in actions if not each.mandatory),
            refused=tuple(each for key, each in refused.items() if key not in found),
        )

    def target(self, kind: ActionKind, words: str, catalogue: Catalogue, camera_id: UUID | None = None) -> str:
        """The id that `words` stand for, through the playbook's own [targets]. Raises UnknownTarget."""
        sort = SHAPES[kind].target
        if not sort:
            if words:
                raise UnknownTarget(f"{kind.value} reaches nothing, and {words[:64]!r} is named", hint=f"Write {kind.value} alone")
            return ""
        if not words:
            raise UnknownTarget(f"{kind.value} names no {sort}", hint=f"Write {kind.value}:NAME")
        meant = self.file.targets.get(words, words)
        if not meant:
            raise UnknownTarget(f"{words!r} stands for no {sort} yet", hint=f"Name one under [targets]: {words} = ...")
        return catalogue.find(kind, meant, camera_id=camera_id).id

    def naming(self, sort: str, words: Collection[str]) -> list[str]:
        """The rules that do something with what has this sort and one of these words as its id or name."""
        meant = {word: named for word, named in self.file.targets.items() if named}
        return [
            rule.name
            for rule in self.file.rules
            if any(SHAPES[each.action].target == sort and meant.get(each.target, each.target) in words for each in (*rule.must, *rule.may))
        ]

    def _counts(self, when: When, situation: Situation) -> bool:
        return all(self._conditions(when, situation))

    def _conditions(self, when: When, situation: Situation) -> Iterator[bool]:
        if when.types is not None:
            yield bool(situation.types & set(when.types))
        # What the site says of itself (a camera is away, an action is unknown) is for notification rules: a rule means it only by name.
        yield situation.kind in (when.kinds or _SEEN)
        if when.severities is not None:
            yield situation.severity in when.severities
        if when.min_severity is not None:
            yield situation.severity.rank >= when.min_severity.rank
        if when.verdicts is not None:
            yield situation.verdict in when.verdicts
        if when.zones is not None:
            yield bool(situation.zones & set(when.zones))
        if when.cameras is not None:
            yield bool({situation.camera, str(situation.camera_id)} & set(when.cameras))
        if when.schedule is not None:
            yield self.schedules[when.schedule].armed(situation.at)
        if when.armed is not None:
            # A camera without a schedule is always armed.
            yield (situation.armed is not False) == when.armed

    def _action(
        self, entry: ActionEntry, rule: RuleEntry, situation: Situation, catalogue: Catalogue, *, mandatory: bool
    ) -> tuple[PlannedAction, str]:
        """The action, and why it cannot be ("" where it can)."""
        shape = SHAPES[entry.action]
        options = {name: getattr(entry, name) or amount.usual for name, amount in shape.options.items()}
        if entry.people is not None:
            options[PEOPLE] = entry.people
        text = clean_text(_filled(entry.text, situation), shape.text)
        action = PlannedAction(entry.action, entry.target, options, text, f"the rule {rule.name!r}", mandatory)
        try:
            return replace(action, target=self.target(entry.action, entry.target, catalogue, situation.camera_id)), ""
        except UnknownTarget as error:
            return action, error.message

    def _bans(self, rule: RuleEntry, catalogue: Catalogue) -> Iterator[Ban]:
        """A name that several things have forbids all of them; one that nothing has forbids nothing, for nothing can reach that."""
        for entry in rule.never:
            targets = None
            if isinstance(entry.action, ActionKind) and entry.target:
                meant = self.file.targets.get(entry.target, entry.target)
                targets = frozenset(each.id for each in catalogue.reach(entry.action) if meant in (each.id, each.name))
            yield Ban(entry, targets, rule.name)


def _stricter(first: PlannedAction, other: PlannedAction) -> PlannedAction:
    """The first of two rules that name the same action counts, with the greater number of people who must approve."""
    people = max(int(each.options.get(PEOPLE, 1)) for each in (first, other))
    return replace(first, options={**first.options, PEOPLE: people}) if people > 1 else first


def _filled(text: str, situation: Situation) -> str:
    """The playbook's words with those of the incident in the places that it names, each once and nothing else."""
    words = {
        "{camera}": situation.camera or "?",
        "{type}": situation.type_name or situation.kind.value,
        "{severity}": situation.severity.value,
        "{verdict}": situation.verdict.value,
    }
    parts = _PLACES.split(text)
    return "".join(words.get(part, part) for part in parts)
