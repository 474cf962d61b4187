"""What is found at one look at a scene."""

from dataclasses import dataclass

from haetae.domain.fact import Fact, FactKind
from haetae.domain.frame import Box
from haetae.vad.rules.base import Rule
from haetae.vad.tracks.follow import Track


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a rule makes of a track: `strength` in [0, 1], 0.5 being its alarm level at this camera; `raw` is in units of its definition."""

    rule: Rule
    strength: float
    raw: float
    track: Track

    def fact(self, t_s: float) -> Fact:
        """The guess at `t_s`, as a fact."""
        name, span = self.rule.name, (self.track.born_s, t_s)
        return Fact(name, FactKind.HYPOTHESIS, self.strength, "", *span, quality=0.5, source=name, subject=name, track_ids=(self.track.id,))


@dataclass(frozen=True, slots=True)
class Watched:
    """One look: `value` in [0, 1], the strongest of the rules that may raise an event or of odd manners, and where it is."""

    value: float = 0.0
    box: Box | None = None
    hypotheses: tuple[Hypothesis, ...] = ()
