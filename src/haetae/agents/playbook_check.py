"""Looks a playbook over before it is used: what can never work is a fault, what this site lacks is said too."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from haetae.agents.actions import SHAPES
from haetae.agents.catalogue import Catalogue, UnknownTarget
from haetae.agents.playbook_schema import ActionEntry, Finding, NeverEntry, PlaybookError, PlaybookFile, RuleEntry, line_of, parse_playbook
from haetae.domain.notation import parse_schedule
from haetae.domain.plan import ActionKind, Risk
from haetae.errors import ConfigError


@dataclass(frozen=True, slots=True)
class SiteNames:
    """What rules may name in their conditions: names and ids of cameras, names of zones."""

    cameras: Collection[str] = ()
    zones: Collection[str] = ()


def check_playbook(content: str, catalogue: Catalogue, names: SiteNames, *, time_zone: str) -> list[Finding]:
    """Everything there is to say against a playbook at this site, faults first. A playbook without a fault can be used."""
    try:
        file = parse_playbook(content)
    except PlaybookError as error:
        return list(error.findings)
    found = [*structure(content, file, time_zone), *_at_site(content, file, catalogue, names)]
    return sorted(found, key=lambda each: (each.warning, each.line))


def structure(content: str, file: PlaybookFile, time_zone: str) -> Iterator[Finding]:
    """The faults that a playbook has at any site."""
    for name, text in file.schedules.items():
        try:
            parse_schedule(text, time_zone=time_zone)
        except ConfigError as error:
            yield Finding(f"schedules.{name}", line_of(content, None, name), error.message, error.hint)
    seen: set[str] = set()
    for number, rule in enumerate(file.rules):
        where = f"rule {rule.name!r}"
        if rule.name in seen:
            yield Finding(where, line_of(content, number, "name"), "two rules have this name", "Give each a name of its own")
        seen.add(rule.name)
        if rule.when.schedule is not None and rule.when.schedule not in file.schedules:
            known = ", ".join(file.schedules) or "none"
            hint = f"Define it under [schedules]; known: {known}"
            yield Finding(f"{where}, when", line_of(content, number, "schedule"), f"there is no schedule {rule.when.schedule!r}", hint)
        for part in ("must", "may"):
            for entry in getattr(rule, part):
                for message, hint in _entry_faults(entry, rule):
                    yield Finding(f"{where}, {part}, {_words(entry)}", line_of(content, number, part), message, hint)


def _entry_faults(entry: ActionEntry, rule: RuleEntry) -> Iterator[tuple[str, str]]:
    shape = SHAPES[entry.action]
    if shape.target and not entry.target:
        yield f"{entry.action.value} names no {shape.target}", f"Write {entry.action.value}:NAME"
    if entry.target and not shape.target:
        yield f"{entry.action.value} reaches nothing, and {entry.target!r} is named", f"Write {entry.action.value} alone"
    if len(entry.text) > shape.text:
        most = f"Use at most {shape.text} characters" if shape.text else "Leave the text out"
        yield f"its text has {len(entry.text)} characters", most
    for name in ("seconds", "level"):
        value, amount = getattr(entry, name), shape.options.get(name)
        if value is None:
            continue
        if amount is None:
            yield f"{entry.action.value} has no {name}", "Leave it out"
        elif not amount.low <= value <= amount.high:
            yield f"{name} is {value}", f"Use {amount.low} to {amount.high}"
    if entry.people is not None and entry.action.risk is not Risk.R2:
        yield f"{entry.action.value} waits for nobody's approval", "Leave people out"
    for ban in rule.never:
        if _forbids(ban, entry):
            yield "the same rule forbids it", "Take it out of never, or out of here"


def _forbids(ban: NeverEntry, entry: ActionEntry) -> bool:
    if ban.risk is not None:
        return entry.action.risk is ban.risk
    return ban.action is entry.action and ban.target in ("", entry.target)


def _at_site(content: str, file: PlaybookFile, catalogue: Catalogue, names: SiteNames) -> Iterator[Finding]:
    for number, rule in enumerate(file.rules):
        where = f"rule {rule.name!r}"
        for part in ("must", "may", "never"):
            for entry in getattr(rule, part):
                yield from _target(content, file, catalogue, entry, (number, f"{where}, {part}, {_words(entry)}", part))
        for name in set(rule.when.cameras or ()) - set(names.cameras):
            hint = "Add the camera, or correct the name"
            yield Finding(f"{where}, when", line_of(content, number, "cameras"), f"this site has no camera {name!r}", hint, warning=True)
        for name in set(rule.when.zones or ()) - set(names.zones):
            hint = "Draw the zone at a camera, or correct the name"
            yield Finding(f"{where}, when", line_of(content, number, "zones"), f"no camera has a zone {name!r}", hint, warning=True)


def _target(
    content: str, file: PlaybookFile, catalogue: Catalogue, entry: ActionEntry | NeverEntry, place: tuple[int, str, str]
) -> Iterator[Finding]:
    """Who is nobody yet is a warning: the action is left out, and every plan says so. A name that nothing has is a fault."""
    number, where, part = place
    if not isinstance(entry.action, ActionKind) or not entry.target or not SHAPES[entry.action].target:
        return
    meant = file.targets.get(entry.target, entry.target)
    if not meant:
        if part != "never":
            line = line_of(content, None, entry.target)
            hint = f"Name one under [targets]: {entry.target} = ..."
            yield Finding(where, line, f"{entry.target!r} stands for no {SHAPES[entry.action].target} yet", hint, warning=True)
        return
    if sum(meant in (each.id, each.name) for each in catalogue.reach(entry.action)) > 1 and entry.action is ActionKind.PTZ_PRESET:
        # A name that presets of several cameras have: that of the event's camera is meant.
        return
    try:
        catalogue.find(entry.action, meant)
    except UnknownTarget as error:
        yield Finding(where, line_of(content, number, part), error.message, error.hint, warning=part == "never")


def _words(entry: ActionEntry | NeverEntry) -> str:
    word = entry.action.value if isinstance(entry.action, ActionKind) else entry.action
    return f"{word}:{entry.target}" if entry.target else word
