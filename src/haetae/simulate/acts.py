"""Incidents by people: each act knows at every moment where its people are and what they do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from haetae.simulate import body
from haetae.simulate.body import Angles, Look, Person
from haetae.simulate.crowd import Track
from haetae.simulate.props import Bag, Moment
from haetae.simulate.scenes.base import Layout, Point
from haetae.simulate.spec import IncidentKind
from haetae.simulate.textures import Colour

WALK_M_S = 1.35
RUN_M_S = 4.2
TRIP_S, RISE_S = 0.75, 2.2
CROUCH_S = 1.1


class Act(Protocol):
    """One incident. It is abnormal, and labelled, in [begins_s, ends_s); its people may come before and leave after.
    `number` is its place in the order of incidents."""

    kind: IncidentKind
    number: int
    begins_s: float
    ends_s: float

    def play(self, moment: Moment) -> None:
        """Add what is to be seen at `moment.t_s`."""
        ...


def facing(start: Point, end: Point) -> float:
    """The heading from one place to another."""
    return float(np.arctan2(end[1] - start[1], end[0] - start[0]))


def turned(one: float, other: float, share: float) -> float:
    """The heading a share of the shorter way from one to the other."""
    gap = (other - one + np.pi) % (2.0 * np.pi) - np.pi
    return one + gap * float(np.clip(share, 0.0, 1.0))


def ease(share: float) -> float:
    """0 to 1, starting and ending gently."""
    share = float(np.clip(share, 0.0, 1.0))
    return share * share * (3.0 - 2.0 * share)


@dataclass(frozen=True, slots=True)
class Leg:
    """One straight walk or run of somebody, on time at one end."""

    start: Point
    end: Point
    starts_s: float
    speed_m_s: float = WALK_M_S

    @classmethod
    def arriving(cls, start: Point, end: Point, at_s: float, speed_m_s: float = WALK_M_S) -> "Leg":
        """The walk that ends at `at_s`."""
        return cls(start, end, at_s - float(np.hypot(end[0] - start[0], end[1] - start[1])) / speed_m_s, speed_m_s)

    @property
    def ends_s(self) -> float:
        return self.starts_s + float(np.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1])) / self.speed_m_s

    @property
    def heading(self) -> float:
        return facing(self.start, self.end)

    def person(self, look: Look, t_s: float, incident: int | None = None, *, holds_bag: bool = True) -> Person:
        """The walker at a moment of the walk."""
        distance = (t_s - self.starts_s) * self.speed_m_s
        phase = 2.0 * np.pi * distance / body.stride_m(look, self.speed_m_s)
        angles = body.walking(phase) if self.speed_m_s < 2.2 else body.running(phase)
        x, y = self.start[0] + np.cos(self.heading) * distance, self.start[1] + np.sin(self.heading) * distance
        return Person(look, float(x), float(y), self.heading, angles, incident, holds_bag)


class Runners:
    """One runner, or a crowd of them, along a way."""

    def __init__(
        self, kind: IncidentKind, number: int, begins_s: float, points: Sequence[Point], count: int, rng: np.random.Generator
    ) -> None:
        self.kind, self.begins_s, self.number = kind, begins_s, number
        self._runners: list[tuple[Look, Track, float, float, float]] = []
        for i in range(count):
            aside = 0.0 if count == 1 else float(rng.uniform(-1.6, 1.6))
            late = 0.0 if i == 0 else float(rng.uniform(0.0, 2.2))
            speed = RUN_M_S * float(rng.uniform(0.93, 1.10))
            self._runners.append((body.random_look(rng, bag=False), Track(points, aside), late, speed, float(rng.uniform(0.0, 6.28))))
        self.ends_s = begins_s + max(late + track.length_m / speed for _, track, late, speed, _ in self._runners)

    def play(self, moment: Moment) -> None:
        for look, track, late, speed, start_phase in self._runners:
            distance = (moment.t_s - self.begins_s - late) * speed
            if 0.0 <= distance < track.length_m:
                x, y, heading = track.at(distance)
                angles = body.running(start_phase + 2.0 * np.pi * distance / body.stride_m(look, speed))
                moment.people.append(Person(look, x, y, heading, angles, self.number))
                moment.hazards.append((x, y, 1.0))


class WrongWay:
    """Somebody who walks against the flow."""

    kind = IncidentKind.WRONG_WAY

    def __init__(self, number: int, begins_s: float, points: Sequence[Point], rng: np.random.Generator) -> None:
        self.begins_s, self.number = begins_s, number
        self._look, self._track = body.random_look(rng), Track(points, float(rng.uniform(-0.3, 0.3)))
        self._speed = float(rng.uniform(1.35, 1.6))
        self.ends_s = begins_s + self._track.length_m / self._speed

    def play(self, moment: Moment) -> None:
        distance = (moment.t_s - self.begins_s) * self._speed
        if 0.0 <= distance < self._track.length_m:
            x, y, heading = self._track.at(distance)
            angles = body.walking(2.0 * np.pi * distance / body.stride_m(self._look, self._speed), 1.1)
            moment.people.append(Person(self._look, x, y, heading, angles, self.number))
            moment.hazards.append((x, y, 0.9))


class Fall:
    """Somebody trips, lies, and gets up again."""

    kind = IncidentKind.FALL

    def __init__(self, number: int, begins_s: float, lasts_s: float, layout: Layout, rng: np.random.Generator) -> None:
        self.begins_s, self.ends_s, self.number = begins_s, begins_s + lasts_s, number
        self._look = body.random_look(rng, bag=False)
        self._flail = float(rng.uniform(-0.4, 0.4))
        self._spot = layout.spots[int(rng.integers(len(layout.spots)))]
        self._come = Leg.arriving(arrival(layout, self._spot, rng), self._spot, begins_s)
        self._go = Leg(self._spot, departure(layout, self._spot, rng, avoid=self._come.start), self.ends_s)

    def play(self, moment: Moment) -> None:
        t = moment.t_s
        if self._come.starts_s <= t < self.begins_s:
            moment.people.append(self._come.person(self._look, t))
        elif self.begins_s <= t < self.ends_s:
            moment.people.append(self._down(t - self.begins_s, self.ends_s - t))
            moment.hazards.append((*self._spot, 1.3))
        elif self.ends_s <= t < self._go.ends_s:
            moment.people.append(self._go.person(self._look, t))

    def _down(self, since_s: float, left_s: float) -> Person:
        heading, flat = self._come.heading, body.fallen(1.52, self._flail)
        if left_s > RISE_S:
            share = min(1.0, since_s / TRIP_S)
            tilt = 1.52 * share**1.8
            angles: Angles = body.fallen(tilt, self._flail)
            if since_s < 0.25:
                angles = body.blend(self._come.person(self._look, self.begins_s).angles, angles, since_s / 0.25)
            elif share >= 1.0:
                angles = angles.copy()
                angles[body.A.KNEE_L] += 0.25 * np.sin(since_s * 1.9) ** 2
                angles[body.A.SHOULDER_L] += 0.20 * np.sin(since_s * 1.3)
            advance = 0.45 * self._look.height_m * np.sin(tilt)
        else:
            # Up again: first on hands and knees, then upright.
            share = 1.0 - left_s / RISE_S
            low = body.crouching(1.0)
            angles = body.blend(flat, low, ease(share / 0.5)) if share < 0.5 else body.blend(low, body.standing(), ease(share / 0.5 - 1.0))
            advance = 0.45 * self._look.height_m * (1.0 - ease(share))
            heading = turned(heading, self._go.heading, share / 0.4 - 1.4)
        x, y = self._spot[0] + np.cos(self._come.heading) * advance, self._spot[1] + np.sin(self._come.heading) * advance
        return Person(self._look, float(x), float(y), heading, angles, self.number)


class Fight:
    """Two people meet, fight, and walk off."""

    kind = IncidentKind.FIGHT

    def __init__(self, number: int, begins_s: float, lasts_s: float, layout: Layout, rng: np.random.Generator) -> None:
        self.begins_s, self.ends_s, self.number = begins_s, begins_s + lasts_s, number
        self._spot = layout.spots[int(rng.integers(len(layout.spots)))]
        self._looks = [body.random_look(rng, bag=False) for _ in range(2)]
        self._beats = rng.uniform(8.0, 11.0, 2)
        first = arrival(layout, self._spot, rng)
        starts = (first, arrival(layout, self._spot, rng, avoid=first))
        first = departure(layout, self._spot, rng)
        ends = (first, departure(layout, self._spot, rng, avoid=first))
        self._come, self._go = [], []
        for i, sign in enumerate((-1.0, 1.0)):
            place = (self._spot[0] + sign * 0.42, self._spot[1] + sign * 0.05)
            self._come.append(Leg.arriving(starts[i], place, begins_s))
            self._go.append(Leg(place, ends[i], self.ends_s, WALK_M_S * 1.15))

    def play(self, moment: Moment) -> None:
        t = moment.t_s
        for i, (look, come, go) in enumerate(zip(self._looks, self._come, self._go, strict=True)):
            if come.starts_s <= t < self.begins_s:
                moment.people.append(come.person(look, t))
            elif self.begins_s <= t < self.ends_s:
                moment.people.append(self._brawl(i, t - self.begins_s))
            elif self.ends_s <= t < go.ends_s:
                moment.people.append(go.person(look, t))
        if self.begins_s - 1.0 <= t < self.ends_s:
            moment.hazards.append((*self._spot, 1.9))

    def _brawl(self, i: int, since_s: float) -> Person:
        """They circle, lunge at each other and are thrown back."""
        circle = 0.5 * np.sin(since_s * 0.9) + (0.0 if i else np.pi)
        lunge = max(0.0, np.sin(since_s * 2.6 + i * np.pi)) ** 3
        away = 0.48 - 0.14 * lunge + 0.16 * max(0.0, np.sin(since_s * 2.6 + (1 - i) * np.pi - 0.5)) ** 3
        shove = 0.28 * np.sin(since_s * 1.7)
        x, y = self._spot[0] + np.cos(circle) * away + shove, self._spot[1] + 0.5 * np.sin(circle) * away
        angles = body.punching(self._beats[i] * since_s, 0.55 + 0.45 * lunge)
        angles[body.A.TORSO] += 0.25 * lunge - 0.35 * max(0.0, np.sin(since_s * 2.6 + (1 - i) * np.pi - 0.5)) ** 3
        if since_s % 3.1 < 0.5 and i == int(since_s / 3.1) % 2:
            kick = np.sin(since_s % 3.1 / 0.5 * np.pi)
            angles[body.A.HIP_R], angles[body.A.KNEE_R], angles[body.A.TORSO] = 1.35 * kick, 0.5 * (1.0 - kick), -0.15 * kick
        heading = facing((float(x), float(y)), self._spot)
        return Person(self._looks[i], float(x), float(y), heading, angles, self.number)


class Loitering:
    """Somebody who stays about one place, paces and looks round."""

    kind = IncidentKind.LOITERING

    def __init__(self, number: int, begins_s: float, lasts_s: float, layout: Layout, rng: np.random.Generator) -> None:
        self.begins_s, self.ends_s, self.number = begins_s, begins_s + lasts_s, number
        self._look = body.random_look(rng)
        spot = layout.spots[int(rng.integers(len(layout.spots)))]
        places = [spot]
        legs: list[Leg] = []
        t = begins_s
        while True:
            t += float(rng.uniform(0.8, 2.0))
            turn, reach = float(rng.uniform(0.0, 2.0 * np.pi)), float(rng.uniform(0.7, 1.4))
            leg = Leg(places[-1], (spot[0] + reach * np.cos(turn), spot[1] + 0.6 * reach * np.sin(turn)), t, 0.8)
            if leg.ends_s > self.ends_s:
                break
            legs.append(leg)
            places.append(leg.end)
            t = leg.ends_s
        come = Leg.arriving(arrival(layout, spot, rng), spot, begins_s)
        self._legs = [come, *legs, Leg(places[-1], departure(layout, spot, rng), self.ends_s)]

    def play(self, moment: Moment) -> None:
        t = moment.t_s
        incident = self.number if self.begins_s <= t < self.ends_s else None
        if not self._legs[0].starts_s <= t < self._legs[-1].ends_s:
            return
        done = [leg for leg in self._legs if leg.starts_s <= t]
        leg, after = done[-1], self._legs[min(len(done), len(self._legs) - 1)]
        if t < leg.ends_s:
            moment.people.append(leg.person(self._look, t, incident))
            return
        rest = after.starts_s - leg.ends_s
        heading = turned(leg.heading, after.heading, ease(1.0 - (after.starts_s - t) / 0.7)) + 0.5 * np.sin(
            (t - leg.ends_s) / max(rest, 0.1) * np.pi
        )
        angles = body.standing(0.04 * float(np.sin(t * 1.1)))
        moment.people.append(Person(self._look, *leg.end, float(heading), angles, incident))


class Abandoned:
    """Somebody puts down a bag and leaves; at the end somebody else takes it away."""

    kind = IncidentKind.ABANDONED

    def __init__(self, number: int, begins_s: float, lasts_s: float, layout: Layout, rng: np.random.Generator) -> None:
        self.begins_s, self.ends_s, self.number = begins_s, begins_s + lasts_s, number
        owner = body.random_look(rng, bag=True)
        assert owner.bag is not None
        self._colour: Colour = owner.bag
        finder = replace(body.random_look(rng), bag=owner.bag)
        spot = layout.spots[int(rng.integers(len(layout.spots)))]
        self._bag = (spot[0] + 0.1, spot[1] - 0.38)
        bring = Leg.arriving(arrival(layout, spot, rng), spot, begins_s - CROUCH_S)
        leave = Leg(spot, departure(layout, spot, rng), begins_s + CROUCH_S)
        fetch = Leg.arriving(arrival(layout, spot, rng), spot, self.ends_s - CROUCH_S)
        carry = Leg(spot, departure(layout, spot, rng), self.ends_s + CROUCH_S)
        self._visits = ((owner, bring, leave, begins_s, True), (finder, fetch, carry, self.ends_s, False))

    def play(self, moment: Moment) -> None:
        t = moment.t_s
        if self.begins_s <= t < self.ends_s:
            moment.bags.append(Bag(*self._bag, 0.3, self._colour, self.number))
        for look, come, go, hands_over_s, holds_first in self._visits:
            holds = holds_first == (t < hands_over_s)
            if come.starts_s <= t < come.ends_s:
                moment.people.append(come.person(look, t, holds_bag=holds))
            elif come.ends_s <= t < go.starts_s:
                share = (t - come.ends_s) / (go.starts_s - come.ends_s)
                angles = body.crouching(0.9 * ease(1.0 - abs(2.0 * share - 1.0)))
                heading = turned(come.heading, go.heading, ease((share - 0.55) / 0.45))
                moment.people.append(Person(look, *come.end, heading, angles, holds_bag=holds))
            elif go.starts_s <= t < go.ends_s:
                moment.people.append(go.person(look, t, holds_bag=holds))


def arrival(layout: Layout, spot: Point, rng: np.random.Generator, avoid: Point | None = None) -> Point:
    """A place out of sight to come from; where there is a choice, not the side of `avoid`."""
    return _other_side(layout.entries, spot, rng, avoid)


def departure(layout: Layout, spot: Point, rng: np.random.Generator, avoid: Point | None = None) -> Point:
    """A place out of sight to go to; where there is a choice, not the side of `avoid`."""
    return _other_side(layout.exits or layout.entries, spot, rng, avoid)


def _other_side(places: tuple[Point, ...], spot: Point, rng: np.random.Generator, avoid: Point | None) -> Point:
    fitting = [place for place in places if avoid is None or (place[0] - spot[0]) * (avoid[0] - spot[0]) <= 0.0] or list(places)
    return fitting[int(rng.integers(len(fitting)))]
