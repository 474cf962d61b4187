"""One camera's scene: what moves in it is followed, measured and held against the rules."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.domain.example import Example
from haetae.domain.fact import Fact
from haetae.domain.frame import Box, Luma
from haetae.domain.score import ALARM_LEVEL
from haetae.domain.zone import Zone, ZoneKind
from haetae.vad.base import Sighting
from haetae.vad.motion.glance import Glance
from haetae.vad.preprocess import WorkSize
from haetae.vad.rules.base import Rule, Scene
from haetae.vad.rules.conduct import Conduct
from haetae.vad.rules.found import Hypothesis, Watched
from haetae.vad.rules.levels import Levels
from haetae.vad.rules.naming import opens_events
from haetae.vad.rules.raised import Raised, Raisings
from haetae.vad.rules.table import RULES
from haetae.vad.tracks.blobs import MOST, Eye
from haetae.vad.tracks.change import WholeChange
from haetae.vad.tracks.classes import Sighted, class_facts
from haetae.vad.tracks.examples import Examples, Look, cut_out
from haetae.vad.tracks.facts import learn_track, track_facts
from haetae.vad.tracks.follow import Follower, Track
from haetae.vad.tracks.geometry import blob_of, box_of, common_area, feet_of, inside, is_whole, middle_of
from haetae.vad.tracks.ground import Ground
from haetae.vad.tracks.heights import UPRIGHT
from haetae.vad.tracks.places import Places
from haetae.vad.tracks.usual import Measure, Usual
from haetae.vad.tracks.ways import Ways
from haetae.vad.tracks.yardstick import Yardstick

STEP_S = 0.19
"""Pictures closer than this to the last one that was looked at are passed over: five a second tell what a body does."""

EVERY_S = 1.0
"""So often tables are added to, for things that last."""

QUIET_NOISE = 1.3
QUIET_LEVELS = 1.0
"""Grey levels and times the noise of the picture: less change is none."""

SHOWN_FROM = 0.8 * ALARM_LEVEL
"""A rule is named from here on."""

LONGEST_START_S = 120.0
"""Where nobody walks, measurements begin after this time with the usual height of people."""

FEWEST_S = 240.0
"""After so little normal time no rule says anything yet: one that learned before there were rules learns them while it watches."""

PICTURED_S = 1.0
"""A track is that old before a picture is taken of it."""

MARGIN_S = 10.0
"""So long after something near an alarm nothing is learned."""

RULES_SHARE, CONDUCT_SHARE = 0.25, 0.25
"""Of the false alarms that a camera is allowed; `calibrate.MODEL_SHARE` is the rest."""

FORMAT = 2
"""Also another one where rules of the same number mean something else."""


class SceneWatch:
    """One camera's, on that camera's thread. `learn` while it learns, then `finish`, then `judge` frame by frame."""

    def __init__(self, false_alarms_per_day: float = 1.0, rules: Sequence[Rule] = RULES) -> None:
        self._rules = rules
        self._eye = Eye()
        self._follower = Follower()
        self._sighted = Sighted()
        self._change = WholeChange()
        self._yardstick = Yardstick()
        self._ways = Ways()
        self._usual = Usual()
        self._places = Places(len(rules))
        self._levels = Levels(len(rules), RULES_SHARE * false_alarms_per_day)
        self._conduct = Conduct(CONDUCT_SHARE * false_alarms_per_day)
        self._by_conduct = False
        self._zones: tuple[Zone, ...] = ()
        self._looked_s: float | None = None
        self._counted_s = self._alarm_s = self._over_s = -np.inf
        self._learned_s = 0.0
        self._learned_at: float | None = None
        self._judges = self._trusts = False
        self._last = Watched()
        self._raised = Raisings()
        self._examples = Examples()
        self.epoch_s = 0.0
        """Unix time of time zero, for what is to be remembered longer than time goes on; set before each picture."""

    @property
    def _size(self) -> WorkSize:
        """Of the working picture; there is one once a picture was seen."""
        assert self._eye.size is not None
        return self._eye.size

    @property
    def tracks(self) -> list[Track]:
        """What is seen now."""
        return self._follower.tracks

    @property
    def thetas(self) -> NDArray[np.float64]:
        """The raw alarm level of each rule, (rules,)."""
        return self._levels.thetas

    def set_zones(self, zones: tuple[Zone, ...]) -> None:
        """Time in these is measured from now on; only what is drawn to be watched."""
        self._zones = tuple(zone for zone in zones if zone.kind is ZoneKind.INCLUDE)

    def set_budget(self, false_alarms_per_day: float) -> None:
        """Of the whole camera; the model has the rest of it."""
        self._levels.set_budget(RULES_SHARE * false_alarms_per_day)
        self._conduct.levels.set_budget(CONDUCT_SHARE * false_alarms_per_day)

    def discontinuity(self) -> None:
        """What comes next does not follow."""
        self._follower.reset()
        self._sighted.reset()
        self._change = WholeChange()
        self._looked_s = None
        self._last = Watched()

    def learn(self, luma: Luma, t_s: float, glance: Glance | None = None) -> None:
        """Take a picture as normal, with what the model made of it where it tells."""
        if not self._look(luma, t_s, None, glance):
            return
        self._learned_s += 0.0 if self._learned_at is None else min(t_s - self._learned_at, 1.0)
        self._learned_at = t_s
        values = [0.0] * len(self._rules)
        # Until it is known how tall people are, nothing can be measured in body heights.
        ready = self._yardstick.known or self._learned_s > LONGEST_START_S
        calm = self._calm()
        for rule, found in enumerate(self._measure(calm, t_s, None) if ready else []):
            for track, raw in found:
                x, y = middle_of(track.blob, self._size)
                values[rule] = max(values[rule], self._places.beyond(rule, x, y, raw))
                self._places.learn(rule, x, y, raw)
        if ready:
            self._levels.note(values, t_s)
        self._conduct.learn(calm, self._ground(), t_s)
        self._count(t_s)

    def finish(self) -> None:
        """Learning is over, where there was enough of it; else it goes on while the camera is watched, and no rule says anything so far.

        Levels are set by the second half of what was seen, for the first one had no tables to be held against.
        """
        if self._levels.seconds < FEWEST_S:
            return
        self._levels.forget_first_half()
        self._conduct.finish()
        self._judges = True

    def trust_definitions(self) -> None:
        """Judge from now on without having learned: rules alarm where they are met, for footage too short to learn from."""
        self._judges = self._trusts = True

    def see(self, sightings: Sequence[Sighting], t_s: float, ignored: NDArray[np.bool_] | None = None) -> None:
        """Take what a detector saw in the picture that `judge` was given last, at `t_s`. It gives tracks their classes; no rule goes by it,
        for they were measured without."""
        size = self._eye.size
        if size is None:
            return
        found = [(each, blob_of(each.box, size)) for each in sorted(sightings, key=lambda each: -each.confidence)[:MOST]]
        found = [(each, blob) for each, blob in found if ignored is None or not self._eye.hides(blob, ignored)]
        self._sighted.step(found, [self._yardstick.at(blob.bottom / size.height, size.height) for _, blob in found], t_s)
        self._sighted.name(self._follower.tracks, t_s)

    def judge(
        self,
        luma: Luma,
        t_s: float,
        ignored: NDArray[np.bool_] | None = None,
        *,
        armed: bool | None = None,
        glance: Glance | None = None,
    ) -> Watched:
        """Look at a picture; what was found at the last look where it comes too soon after that."""
        if not self._judges:
            self._last = Watched()
            self.learn(luma, t_s, glance)
            self.finish()
            return self._last
        if not self._look(luma, t_s, ignored, glance):
            return self._last
        calm = self._calm()
        self._levels.watch(t_s)
        found: list[Hypothesis] = []
        values = [0.0] * len(self._rules)
        for number, (rule, measured) in enumerate(zip(self._rules, self._measure(calm, t_s, armed))):
            for track, raw in measured:
                x, y = middle_of(track.blob, self._size)
                beyond = self._places.beyond(number, x, y, raw)
                values[number] = max(values[number], beyond)
                strength = self._levels.apply(number, beyond)
                if strength >= SHOWN_FROM:
                    found.append(Hypothesis(rule, strength, beyond, track))
                    self._raised.take(Raised(t_s, number, x, y, raw))
                elif t_s - self._alarm_s > MARGIN_S:
                    self._places.learn(number, x, y, raw)
        odd, oddest = self._conduct.judge(calm, self._ground(), t_s, normal=not found and t_s - self._alarm_s > MARGIN_S)
        if found or odd >= SHOWN_FROM:
            self._alarm_s = t_s
        # What is near the level without reaching it alarms nobody: without it levels would sink with each time that they are fitted.
        if odd >= ALARM_LEVEL or any(each.strength >= ALARM_LEVEL for each in found):
            self._over_s = t_s
        elif t_s - self._over_s > MARGIN_S:
            self._levels.note(values, t_s)
        self._count(t_s)
        found.sort(key=lambda each: -each.strength)
        raising = [(each.strength, each.track) for each in found if opens_events(each.rule.name)][:1]
        raising += [] if oddest is None or odd < SHOWN_FROM else [(odd, oddest)]
        raising.sort(key=lambda each: -each[0])
        self._by_conduct = bool(raising) and raising[0][1] is oddest and raising[0][0] == odd
        strength, box = (raising[0][0], box_of(raising[0][1].blob, self._size)) if raising else (0.0, None)
        self._last = Watched(strength, box, tuple(found))
        return self._last

    def _calm(self) -> list[Track]:
        """The tracks where it does not always stir."""
        return [track for track in self._follower.tracks if not self._places.restless(*middle_of(track.blob, self._size))]

    def _ground(self) -> Ground | None:
        return self._yardstick.ground(self._size.width, self._size.height)

    def raised(self, t_s: float) -> None:
        """A rule or odd manners opened an event at `t_s`."""
        (self._conduct.levels if self._by_conduct else self._levels).raised(t_s)

    def confirmed(self) -> None:
        """Somebody confirmed one."""
        self._levels.confirmed()
        self._conduct.levels.confirmed()

    def quiet(self, t_s: float) -> None:
        """Something else about this moment is near an alarm: learn nothing of it."""
        self._alarm_s = max(self._alarm_s, t_s)
        self._over_s = max(self._over_s, t_s)

    def facts(self, t_s: float, box: Box | None) -> tuple[Fact, ...]:
        """Of what rules found, and of what moves at `box` (relative; None: anywhere): measurements, and each rule's guess."""
        hypotheses = {each.rule.name: each for each in reversed(self._last.hypotheses)}
        tracks = [each.track for each in hypotheses.values()]
        tracks += [track for track in self._follower.tracks if track not in tracks and self._meets(track, box)]
        moving = sum(1 for track in self._follower.tracks if track.roamed > 0.7)
        facts = list(track_facts(tracks, moving, self._usual, t_s))
        facts += class_facts([track for track in self._sighted.tracks(t_s) if self._meets(track, box)], t_s)
        changed = self._change.fact(t_s)
        if changed is not None:
            facts.append(changed)
        facts += [each.fact(t_s) for each in hypotheses.values()]
        return tuple(facts)

    def example(self, box: Box | None) -> Example | None:
        """What was normal and comes nearest to what is at `box`."""
        if box is None or self._eye.size is None:
            return None
        near = [track for track in self._follower.tracks if self._meets(track, box)]
        if near:
            return self._examples.nearest(self._seen(max(near, key=lambda track: common_area(box_of(track.blob, self._size), box))))
        height, wide = box.bottom - box.top, (box.right - box.left) * self._size.width / self._size.height
        body = self._yardstick.at(box.bottom, self._size.height) / self._size.height
        x, y = 0.5 * (box.left + box.right), 0.5 * (box.top + box.bottom)
        return self._examples.nearest(Look(x, y, height / body, height / max(1e-6, wide), nan, nan))

    def forget_examples(self) -> None:
        """Keep no picture of what was seen so far."""
        self._examples = Examples()
        self._follower.forget_pictures()

    def accept(self, t_s: float) -> bool:
        """Take what rules found around `t_s` for usual where it was; false where nothing is remembered of that time."""
        near = self._raised.near(t_s, MARGIN_S)
        for each in near:
            self._places.learn(each.rule, each.x, each.y, each.raw)
        return self._conduct.accept(t_s) or bool(near)

    def _look(self, luma: Luma, t_s: float, ignored: NDArray[np.bool_] | None, glance: Glance | None) -> bool:
        if self._looked_s is not None and t_s - self._looked_s < STEP_S - 1e-3:
            return False
        elapsed_s = 0.0 if self._looked_s is None else t_s - self._looked_s
        self._looked_s = t_s
        seen = self._eye.step(luma, t_s, ignored, glance)
        size = self._size
        if not seen.valid:
            if seen.changed:
                self._follower.reset()
                self._change.note(seen.share, t_s)
            self._last = Watched()
            return False
        if self._ways.width != size.width:
            self._ways = Ways(size.width, size.height)
        bodies = [self._yardstick.at(blob.bottom / size.height, size.height) for blob in seen.blobs]
        self._follower.step(seen.blobs, bodies, t_s, QUIET_LEVELS + QUIET_NOISE * self._eye.background.noise)
        self._take_picture(luma, t_s)
        for zone in self._zones:
            for track in self._follower.tracks:
                if inside(zone, *feet_of(track.blob, self._size)):
                    track.zones[zone.name] = track.zones.get(zone.name, 0.0) + elapsed_s
        return True

    def _take_picture(self, luma: Luma, t_s: float) -> None:
        """Of one track that has none yet, now that it is whole in view and alone."""
        for track in self._follower.tracks:
            if track.picture is None and track.age_s >= PICTURED_S and track.others == 0 and is_whole(track.blob, self._size):
                track.picture, track.pictured_s = cut_out(luma, box_of(track.blob, self._size)), t_s
                return

    def _measure(self, calm: Sequence[Track], t_s: float, armed: bool | None) -> list[list[tuple[Track, float]]]:
        """For each rule those of `calm` that it says something of."""
        scene = Scene(t_s, self._follower.tracks, self._ways, self._eye, armed)
        return [[(track, raw) for track in calm if (raw := rule.measure(track, scene)) > 0.0] for rule in self._rules]

    def _count(self, t_s: float) -> None:
        """Add to the tables what this moment says of heights, ways and places, unless something is near an alarm."""
        if t_s - self._alarm_s <= MARGIN_S:
            return
        for track in self._follower.ended:
            learn_track(track, self._usual)
            if track.picture is not None and track.born_s > self._alarm_s:
                self._examples.offer(self._seen(track), self.epoch_s + track.pictured_s, track.picture)
        self._follower.ended = []
        if t_s - self._counted_s < EVERY_S:
            return
        self._counted_s = t_s
        width, height = self._size.width, self._size.height
        boxes, feet = [], []
        for track in self._follower.tracks:
            blob = track.blob
            boxes.append((blob.left / width, blob.top / height, min(0.999, blob.right / width), min(0.999, blob.bottom / height)))
            if track.roamed * track.body < blob.height or track.speed < 0.2:
                continue
            self._ways.learn(blob.x, blob.bottom, *track.heading)
            feet.append(blob.bottom / height)
            if is_whole(blob, self._size) and track.others == 0 and track.age_s > EVERY_S and UPRIGHT[0] <= track.ratio <= UPRIGHT[1]:
                self._yardstick.learn(blob.bottom / height, blob.height)
        self._places.look(boxes)
        self._usual.learn(Measure.COUNT, float(sum(1 for track in self._follower.tracks if track.roamed > 0.7)))
        if self._yardstick.look(feet, height):
            self._begin_anew()

    def _begin_anew(self) -> None:
        """A body is of another height than was thought: what was learned in body heights is void, and no rule speaks before it is learned
        again."""
        self._usual = Usual()
        self._places.forget_values()
        self._levels.forget()
        self._conduct.forget()
        self._raised = Raisings()
        self._judges = self._trusts

    def _seen(self, track: Track) -> Look:
        x, y = middle_of(track.blob, self._size)
        return Look(x, y, track.blob.height / track.body, track.ratio, track.fastest, track.last_s - track.home_s)

    def _meets(self, track: Track, box: Box | None) -> bool:
        if box is None:
            return True
        own = box_of(track.blob, self._size)
        return own.left < box.right and own.right > box.left and own.top < box.bottom and own.bottom > box.top

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that was learned, about 60 KB before compression, and 150 KB of pictures; `of_arrays` reads it back."""
        saved: dict[str, NDArray[Any]] = {"format": np.array([FORMAT], np.int32), "judges": np.array([self._judges], np.bool_)}
        saved |= {**self._yardstick.arrays(), **self._ways.arrays(), **self._usual.arrays()}
        return saved | {
            **self._places.arrays(),
            **self._levels.arrays(),
            **self._conduct.arrays(),
            **self._examples.arrays(),
            **self._eye.arrays(),
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], rules: Sequence[Rule] = RULES) -> "SceneWatch":
        """The watch whose `arrays()` these were; a new one where there are none, or those of another set of rules. Raises StateError for
        what is damaged."""
        watch = cls(rules=rules)
        if not arrays or arrays.get("format", np.zeros(1)).tolist() != [FORMAT]:
            return watch
        if arrays.get("place_peaks", np.zeros(0)).shape[:1] != (len(rules),):
            return watch
        watch._yardstick, watch._ways = Yardstick.of_arrays(arrays), Ways.of_arrays(arrays)
        watch._usual, watch._places = Usual.of_arrays(arrays), Places(len(rules), arrays)
        watch._levels, watch._conduct = Levels.of_arrays(len(rules), arrays), Conduct.of_arrays(arrays)
        watch._examples = Examples.of_arrays(arrays)
        # States of before that was saved had always finished.
        watch._judges = bool(arrays["judges"].any()) if "judges" in arrays else watch._levels.seconds > 0.0
        watch._eye = Eye.of_arrays(arrays)
        return watch
