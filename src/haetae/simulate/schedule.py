"""When which incident happens."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from haetae.errors import ConfigError
from haetae.simulate.acts import Abandoned, Act, Fall, Fight, Loitering, Runners, WrongWay
from haetae.simulate.acts_things import Burning, Cyclist, Tampering, Vehicle
from haetae.simulate.scenes.base import Layout, Point
from haetae.simulate.spec import IncidentKind, SceneSpec
from haetae.simulate.streams import stream

GAP_S = 8.0
"""The least time between two incidents."""

_TAIL_S = 1.0
_LONG = {IncidentKind.LOITERING: (16.0, 26.0), IncidentKind.ABANDONED: (18.0, 26.0)}
_USUAL = (5.0, 11.0)
_ENDLESS_GAP_S = (12.0, 40.0)


def suitable_kinds(layout: Layout) -> tuple[IncidentKind, ...]:
    """The incidents that a scene can show."""
    lacking = {
        IncidentKind.WRONG_WAY: not layout.wrong,
        IncidentKind.VEHICLE: not layout.drives,
        IncidentKind.CYCLIST: not layout.rides,
        IncidentKind.FIRE: not layout.fires,
    }
    return tuple(kind for kind in IncidentKind if not lacking.get(kind, False))


def make_act(kind: IncidentKind, number: int, begins_s: float, layout: Layout, seed: int) -> Act:
    """The incident `number` of a scene, abnormal from `begins_s` on. Its length depends on the seed and number alone."""
    rng = stream(seed, "incident", number, kind.value)
    lasts_s = float(rng.uniform(*_LONG.get(kind, _USUAL)))

    def pick(ways: tuple[tuple[Point, ...], ...]) -> tuple[Point, ...]:
        return ways[int(rng.integers(len(ways)))]

    match kind:
        case IncidentKind.RUNNING:
            return Runners(kind, number, begins_s, pick(layout.runs), 1, rng)
        case IncidentKind.CROWD_RUNNING:
            return Runners(kind, number, begins_s, pick(layout.runs), int(rng.integers(7, 11)), rng)
        case IncidentKind.WRONG_WAY:
            return WrongWay(number, begins_s, pick(layout.wrong), rng)
        case IncidentKind.VEHICLE:
            return Vehicle(number, begins_s, pick(layout.drives), rng)
        case IncidentKind.CYCLIST:
            return Cyclist(number, begins_s, pick(layout.rides), rng)
        case IncidentKind.FALL:
            return Fall(number, begins_s, lasts_s, layout, rng)
        case IncidentKind.FIGHT:
            return Fight(number, begins_s, lasts_s, layout, rng)
        case IncidentKind.LOITERING:
            return Loitering(number, begins_s, lasts_s, layout, rng)
        case IncidentKind.ABANDONED:
            return Abandoned(number, begins_s, lasts_s, layout, rng)
        case IncidentKind.FIRE:
            return Burning(number, begins_s, lasts_s, layout.fires[int(rng.integers(len(layout.fires)))])
        case IncidentKind.CAMERA_COVERED | IncidentKind.CAMERA_TURNED | IncidentKind.DEFOCUS:
            side = 1.0 if rng.random() < 0.5 else -1.0
            yaw, pitch = np.radians(layout.turn_deg)
            return Tampering(kind, number, begins_s, lasts_s, (float(yaw) * side, float(pitch)))


def plan(spec: SceneSpec, layout: Layout) -> Iterator[Act]:
    """The acts of a scene in order of time; without end for an endless scene.

    Raises ConfigError when the scene cannot show an incident that was asked for, or they do not fit into its time.
    """
    suitable = suitable_kinds(layout)
    for kind in spec.incidents or ():
        if kind not in suitable:
            raise ConfigError(f"incidents: scene {spec.scene} cannot show {kind.value}", hint=f"It can show: {', '.join(suitable)}.")
    if spec.incidents == ():
        return iter(())
    if spec.begins_s is not None:
        return iter(_as_told(spec, layout, spec.begins_s))
    return _endless(spec, layout) if spec.seconds is None else iter(_finite(spec, layout, spec.seconds))


def _as_told(spec: SceneSpec, layout: Layout, begins_s: tuple[float, ...]) -> list[Act]:
    acts = [make_act(kind, n, begins_s[n], layout, spec.seed) for n, kind in enumerate(spec.incidents or ())]
    ends_s = -GAP_S
    for act in acts:
        if act.begins_s < ends_s + GAP_S or (spec.seconds is not None and act.ends_s > spec.seconds):
            raise ConfigError(
                f"begins_s: incident {act.number} ({act.kind.value}) has no room at {act.begins_s:g} s",
                hint=f"Leave {GAP_S:g} s after the end of the one before, and room at the end.",
            )
        ends_s = act.ends_s
    return acts


def usual_mix(layout: Layout, seed: int) -> list[IncidentKind]:
    """The scene's usual incidents: the first three always lead, the rest is shuffled."""
    kinds = [IncidentKind(kind) for kind in layout.default_kinds]
    order = stream(seed, "mix").permutation(len(kinds) - 3) + 3
    return kinds[:3] + [kinds[i] for i in order]


def _endless(spec: SceneSpec, layout: Layout) -> Iterator[Act]:
    kinds = list(spec.incidents) if spec.incidents else usual_mix(layout, spec.seed)
    rng = stream(spec.seed, "schedule")
    t = spec.lead_in_s
    for number in count():
        act = make_act(kinds[number % len(kinds)], number, t, layout, spec.seed)
        yield act
        t = act.ends_s + float(rng.uniform(*_ENDLESS_GAP_S))


def _finite(spec: SceneSpec, layout: Layout, seconds: float) -> list[Act]:
    room = seconds - _TAIL_S - spec.lead_in_s
    if spec.incidents is None:
        kinds = _as_many_as_fit(usual_mix(layout, spec.seed), room, layout, spec.seed)
    else:
        kinds = list(spec.incidents)
    lengths = [make_act(kind, number, 0.0, layout, spec.seed).ends_s for number, kind in enumerate(kinds)]
    spare = room - sum(lengths) - GAP_S * max(0, len(kinds) - 1)
    if spare < 0:
        needed = seconds - spare if spec.normal_s is not None else (seconds - spec.lead_in_s - spare) / (1.0 - spec.lead_in_s / seconds)
        raise ConfigError(
            f"incidents: {len(kinds)} incidents do not fit into {seconds:g} s of which the first {spec.lead_in_s:g} s are normal",
            hint=f"Ask for at least {needed / 60.0 + 0.005:.2f} minutes, for fewer incidents or for less normal time.",
        )
    shares = stream(spec.seed, "schedule").dirichlet(np.full(len(kinds) + 1, 3.0)) if kinds else np.zeros(1)
    acts: list[Act] = []
    t = spec.lead_in_s
    for number, kind in enumerate(kinds):
        t += spare * float(shares[number])
        acts.append(make_act(kind, number, t, layout, spec.seed))
        t = acts[-1].ends_s + GAP_S
    return acts


def _as_many_as_fit(mix: list[IncidentKind], room: float, layout: Layout, seed: int) -> list[IncidentKind]:
    kinds: list[IncidentKind] = []
    used = -GAP_S
    for number in count():
        kind = mix[number % len(mix)]
        used += make_act(kind, number, 0.0, layout, seed).ends_s + 1.25 * GAP_S
        if used > room:
            return kinds
        kinds.append(kind)
    raise AssertionError("unreachable")
