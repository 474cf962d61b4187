"""Ordinary walkers: each follows a way at a steady speed, a pure function of time, so that any moment can be computed alone."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from haetae.simulate.body import Look, Person, random_look, stride_m, walking
from haetae.simulate.geometry import Floats
from haetae.simulate.scenes.base import Layout, Point
from haetae.simulate.streams import stream

PERSONAL_SPACE_M = 0.75
MAX_PAIR_SHARE = 0.22


class Track:
    """A smooth path through points on the ground, by distance in metres."""

    def __init__(self, points: Sequence[Point], aside_m: float = 0.0) -> None:
        corners = np.asarray(points, np.float64)
        # Corners are rounded by walking a moving average of the polyline.
        dense = [corners[:1]]
        for start, end in pairwise(corners):
            steps = max(2, int(np.hypot(*(end - start)) / 0.25))
            dense.append(start + (end - start) * np.linspace(0.0, 1.0, steps + 1)[1:, None])
        line = np.concatenate(dense)
        width = min(9, max(1, len(line) // 4))
        padded = np.pad(line, ((width, width), (0, 0)), mode="edge")
        kernel = np.ones(2 * width + 1) / (2 * width + 1)
        line = np.stack([np.convolve(padded[:, i], kernel, mode="valid") for i in (0, 1)], axis=-1)
        along = np.gradient(line, axis=0)
        along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
        shifted = line + np.stack([-along[:, 1], along[:, 0]], axis=-1) * aside_m
        steps_m = np.hypot(*np.diff(shifted, axis=0).T)
        distance = np.concatenate([[0.0], np.cumsum(steps_m)])
        heading = np.unwrap(np.arctan2(along[:, 1], along[:, 0]))
        self.length_m = float(distance[-1])
        # As lists: looking up one distance is ten times as quick as in arrays.
        self._distance: list[float] = distance.tolist()
        self._places: list[tuple[float, float, float]] = list(zip(*shifted.T.tolist(), heading.tolist(), strict=True))

    def at(self, distance_m: float) -> tuple[float, float, float]:
        """x, y and heading after `distance_m` of the way."""
        after = bisect_right(self._distance, distance_m)
        if after == 0 or after == len(self._distance):
            return self._places[0 if after == 0 else -1]
        start, end = self._distance[after - 1], self._distance[after]
        (x0, y0, h0), (x1, y1, h1) = self._places[after - 1], self._places[after]
        step, since = end - start, distance_m - start
        return (x1 - x0) / step * since + x0, (y1 - y0) / step * since + y0, (h1 - h0) / step * since + h0


@dataclass(frozen=True, slots=True)
class Walker:
    """Somebody on the way from `start_s` on."""

    look: Look
    track: Track
    start_s: float
    speed_m_s: float
    phase: float
    vigour: float

    @property
    def end_s(self) -> float:
        return self.start_s + self.track.length_m / self.speed_m_s

    def at(self, t_s: float) -> Person:
        """The walker at a moment between `start_s` and `end_s`."""
        distance = (t_s - self.start_s) * self.speed_m_s
        x, y, heading = self.track.at(distance)
        phase = self.phase + 2.0 * np.pi * distance / stride_m(self.look, self.speed_m_s)
        return Person(self.look, x, y, heading, walking(phase, self.vigour))


class Crowd:
    """The walkers of a scene: people arrive at random, so that about `layout.walkers` are under way; of those only the share `busy`,
    a function of time in seconds, where it is given."""

    def __init__(self, layout: Layout, seed: int, busy: Callable[[float], float] | None = None) -> None:
        self._ways = layout.ways
        self._busy, self._out = busy, stream(seed, "out and about")
        self._rng = stream(seed, "crowd")
        weights = np.array([way.weight for way in self._ways])
        self._shares = weights / weights.sum()
        duration = float(np.sum(self._shares * np.array([Track(way.points).length_m for way in self._ways]))) / 1.35
        self._every_s = duration * (1.0 + MAX_PAIR_SHARE) / layout.walkers
        self._next_s = -2.5 * duration
        self._walkers: list[Walker] = []

    def at(self, t_s: float) -> list[Person]:
        """Everybody under way at `t_s`; to be asked for moments that never go back."""
        while self._next_s <= t_s:
            arriving = self._arrive(self._next_s)
            if self._busy is None or self._out.random() < self._busy(self._next_s):
                self._walkers.extend(arriving)
            self._next_s += float(self._rng.exponential(self._every_s))
        self._walkers = [walker for walker in self._walkers if walker.end_s > t_s]
        return keep_apart([walker.at(t_s) for walker in self._walkers if walker.start_s <= t_s])

    def _arrive(self, t_s: float) -> list[Walker]:
        """One person, or two who walk side by side."""
        rng = self._rng
        way = self._ways[int(rng.choice(len(self._ways), p=self._shares))]
        points = way.points if way.one_way or rng.random() < 0.5 else way.points[::-1]
        aside, speed = float(rng.uniform(-1.0, 1.0)) * way.spread_m, float(np.clip(rng.normal(1.33, 0.12), 1.05, 1.62))
        together = 2 if rng.random() < MAX_PAIR_SHARE else 1
        return [self._walker(points, t_s + 0.25 * i, speed, aside + 0.72 * i, rng) for i in range(together)]

    def _walker(self, points: Sequence[Point], t_s: float, speed: float, aside: float, rng: np.random.Generator) -> Walker:
        look = random_look(rng)
        return Walker(look, Track(points, aside), t_s, speed, float(rng.uniform(0.0, 2.0 * np.pi)), float(rng.uniform(0.85, 1.1)))


def keep_apart(people: list[Person]) -> list[Person]:
    """People who would walk through each other make room sideways. The result depends only on where they are."""
    if len(people) < 2:
        return people
    places = np.array([(person.x, person.y) for person in people])
    gaps = places[:, None] - places[None]
    distance = np.hypot(gaps[..., 0], gaps[..., 1])
    np.fill_diagonal(distance, np.inf)
    # A bias to the right decides who goes where when two meet head-on.
    headings = np.array([person.heading for person in people])
    right = np.stack([np.sin(headings), -np.cos(headings)], axis=-1)
    reach = np.clip(1.0 - distance / (2.2 * PERSONAL_SPACE_M), 0.0, 1.0) ** 2
    push = (gaps / np.maximum(distance, 0.05)[..., None] * reach[..., None]).sum(axis=1) * 0.35
    push += right * reach.sum(axis=1)[:, None] * 0.30
    return _moved(people, push)


def make_way(people: list[Person], hazards: list[tuple[float, float, float]]) -> list[Person]:
    """People step out of the way of `hazards` (x, y, radius in metres); also a function of the moment alone."""
    if not people or not hazards:
        return people
    places = np.array([(person.x, person.y) for person in people])
    push = np.zeros_like(places)
    for x, y, radius in hazards:
        gap = places - (x, y)
        distance = np.maximum(np.hypot(gap[:, 0], gap[:, 1]), 0.05)
        push += gap / distance[:, None] * np.maximum(0.0, radius - distance)[:, None] * np.array([0.5, 1.0])
    return _moved(people, push)


def _moved(people: list[Person], push: Floats) -> list[Person]:
    return [
        replace(person, x=person.x + float(dx), y=person.y + float(dy)) if abs(dx) + abs(dy) > 1e-4 else person
        for person, (dx, dy) in zip(people, push, strict=True)
    ]
