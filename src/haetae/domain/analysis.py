"""What looking at an event came to: a verdict, why, and by whom."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from haetae.domain.event import EventKind, Severity, Verdict


class EventType(StrEnum):
    """What an event can be said to be. The words are what clients, rules and stored rows hold."""

    FIGHTING = "Fighting"
    ARSON = "Arson"
    """Fire or smoke, whoever set it."""
    EXPLOSION = "Explosion"
    ROAD_ACCIDENT = "Road_Accident"
    SUSPICIOUS_OBJECT = "Suspicious_Object"
    FALLING = "Falling"
    TURNSTILE_JUMPING = "Turnstile_Jumping"
    WILDLIFE_INTRUSION = "Wildlife_Intrusion"
    NORMAL = "Normal"
    INTRUSION = "Intrusion"
    ASSAULT = "Assault"
    LOITERING = "Loitering"
    THEFT = "Theft"
    VANDALISM = "Vandalism"
    WEAPON = "Weapon"
    CROWD_PANIC = "Crowd_Panic"
    CAMERA_TAMPER = "Camera_Tamper"
    OTHER_ANOMALY = "Other_Anomaly"
    UNCLEAR = "Unclear"


NO_ANOMALY = frozenset({EventType.NORMAL, EventType.UNCLEAR})

CorrectedType = StrEnum("CorrectedType", {each.name: each.value for each in EventType if each not in NO_ANOMALY})  # type: ignore[misc]
"""What a person may say that an event is. That it was nothing is a review."""

NEVER_REJECTED = frozenset({EventType.ARSON, EventType.EXPLOSION, EventType.WEAPON, EventType.FALLING})
"""What no model may explain away, for being wrong about it costs lives."""


class Basis(StrEnum):
    """What a verdict rests on: measurements alone, a model's look at pictures, or both."""

    EVIDENCE = "evidence"
    VLM = "vlm"
    BOTH = "both"


class Flag(StrEnum):
    """What whoever reads an analysis should know of it."""

    INJECTION_SUSPECTED = "injection_suspected"
    """Text in the scene, or the model's answer, reads like instructions to a model."""
    CONTRADICTS_FACTS = "contradicts_facts"
    REJECTION_REFUSED = "rejection_refused"
    """A model called it nothing, which for such an event is not for a model to say."""
    LOW_LIGHT = "low_light"
    NO_FRAMES = "no_frames"
    REPAIRED = "repaired"
    """The first answer was no valid one, the second was."""
    CACHED = "cached"
    """Taken over from a look at the same thing a short time before."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is sent to a model: JPEG `data` of `width` x `height` pixels, `t_s` seconds after the onset (before: negative).

    `number` counts from 1. `detail` is true for an enlargement of the abnormal region.
    """

    number: int
    t_s: float
    data: bytes = field(repr=False)
    width: int
    height: int
    detail: bool = False


@dataclass(frozen=True, slots=True)
class SentPicture:
    """What is kept in the analysis of a picture that a model was shown; the picture itself lies with the event's media."""

    number: int
    t_s: float
    sha256: str
    width: int
    height: int
    detail: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that was seen, on which pictures (by number), or that was measured, by which facts (by id)."""

    text: str
    frames: tuple[int, ...] = ()
    fact_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """How an analysis came about. `raw` is what the model answered, shortened, where it was asked; `attempts` how often it was.

    `tokens` are those of all attempts, in and out, as far as the server counts them. `cached_from` is the event whose look was taken over.
    """

    backend: str
    model: str = ""
    prompt_id: str = ""
    prompt_sha256: str = ""
    frames: tuple[SentPicture, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    latency_ms: float = 0.0
    attempts: int = 0
    tokens: int = 0
    raw: str = ""
    cached_from: UUID | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """What an analyzer says of an event.

    `confidence` in [0, 1], None where nobody claims any; `calibrated` is true only where it was measured that it means what it says.
    `reason` says why a verdict is unverified although a model was to be asked; `failed` that this was for a fault, not for doubt.
    `description` and `visible_text` are texts of a model or about the scene: who shows them escapes, and nobody acts on them.
    """

    verdict: Verdict
    event_type: EventType | None = None
    confidence: float | None = None
    description: str = ""
    alternatives: tuple[EventType, ...] = ()
    calibrated: bool = False
    observations: tuple[Observation, ...] = ()
    visible_text: str = ""
    contradictions: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    basis: Basis = Basis.EVIDENCE
    reason: str = ""
    failed: bool = False
    language: str = "en"
    provenance: Provenance = Provenance("evidence")

    @property
    def shown_type(self) -> EventType | None:
        """The type that stands on the event: none that nobody stands by."""
        doubted = self.verdict is Verdict.UNVERIFIED and (self.contradictions or self.event_type in NO_ANOMALY)
        return None if doubted else self.event_type

    @property
    def says_more(self) -> bool:
        """Whether a model said anything that people who were told of the event should hear."""
        return self.verdict is not Verdict.UNVERIFIED or self.shown_type is not None


def may_be_rejected(kind: EventKind, severity: Severity, suspected: frozenset[EventType]) -> bool:
    """Whether a model alone may call an event nothing. `suspected` is what measurements or rules hold it for.

    Rejecting lowers an event's place among others and nothing more; even that is refused where a wrong word would cost most.
    """
    return kind is EventKind.ANOMALY and severity.rank < Severity.HIGH.rank and not suspected & NEVER_REJECTED
