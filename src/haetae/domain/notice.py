"""What people are told: a notice is one message to send, a delivery the chain of attempts to send one event's to one target."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from haetae.domain.event import Severity


class NoticeKind(StrEnum):
    """`alert` is about an event that is new to its reader, `update` about what became of it since, `escalation` tells somebody else because
    nobody acknowledged it, `digest` holds several events, `test` was asked for by a person, `approval` asks whether something may be
    done."""

    ALERT = "alert"
    UPDATE = "update"
    ESCALATION = "escalation"
    DIGEST = "digest"
    TEST = "test"
    APPROVAL = "approval"


class DeliveryState(StrEnum):
    """`pending` until one of the others: `sent`; `held` back by de-duplication, and counted in the next notice; `dead` after the last try;
    `cancelled` where there was nothing left to say (an escalation of what was acknowledged)."""

    PENDING = "pending"
    SENT = "sent"
    HELD = "held"
    DEAD = "dead"
    CANCELLED = "cancelled"


class Change(StrEnum):
    """What an update tells: it became more severe, a rule suspects something, a model or a person judged it, it is over."""

    SEVERITY = "severity"
    SUSPICION = "suspicion"
    VERDICT = "verdict"
    REVIEW = "review"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class NoticeEvent:
    """One event as a notice tells it. All texts are as they come (a camera's name, a model's words): who puts them into a message escapes.

    `type` is the kind, subtype or model's type as a word (`anomaly`, `covered`, `Falling`, `camera_offline`); `began_at` is UTC-aware;
    `score` in [0, 1]; `facts` are sentences in the notice's language; `times` is how many events of this camera and type a digest put
    together, this one the most severe. `url` leads to the event in the console, `clip_url` to its clip there; empty where there is none.
    """

    id: UUID
    camera_id: UUID
    camera: str
    type: str
    severity: Severity
    began_at: datetime
    duration_s: float | None = None
    score: float = 0.0
    description: str = ""
    facts: tuple[str, ...] = ()
    review: str = "new"
    acknowledged: bool = False
    times: int = 1
    url: str = ""
    clip_url: str = ""


@dataclass(frozen=True, slots=True)
class NoticeQuestion:
    """What an approval notice asks: may this action be done to this target, before `expires_at` (UTC), by the yes of `needed` people?

    `text` are the words that it would say to people, `reason` why it was planned. `url` is its reader's own link and `code` what must be
    typed there, both empty where the console is the only way.
    """

    action: str
    target: str
    text: str
    reason: str
    needed: int
    expires_at: datetime
    url: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to send, whole: a channel adds nothing but its form.

    `id` is the same for each try at it, so that a receiver can tell a repeated one. `events` holds one event, of a digest one or more, of a
    test none or an example. `held_back` says how many alerts of the same camera and type were not sent since the one before. `change` is
    what an update tells. `title` and `text` are plain text, `html` a whole page whose text is escaped; it shows `picture` (JPEG) as
    `cid:picture`. `target` is whom the channel is to reach, empty where its settings say so. `reply_to` is `Receipt.message_id` of the
    notice that this one follows. `time_zone` is an IANA name, in which `title`, `text` and `html` give times.
    """

    id: UUID
    kind: NoticeKind
    language: str
    site: str
    events: tuple[NoticeEvent, ...]
    title: str
    text: str
    html: str
    severity: Severity
    created_at: datetime
    time_zone: str = "UTC"
    target: str = ""
    change: Change | None = None
    held_back: int = 0
    picture: bytes | None = None
    reply_to: str | None = None
    unsubscribe_url: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the other side answered: in its words, and by which id it knows the message (None: it gave none)."""

    answer: str
    message_id: str | None = None
