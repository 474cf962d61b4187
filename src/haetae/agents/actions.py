"""What each kind of action may be given: the sort of its target, the length of its text, its options. Whatever is not here is an error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from haetae.domain.plan import ActionKind
from haetae.errors import ConfigError

MOST_ACTIONS = 6
"""Actions of one response to one event at most."""

LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Amount:
    """A whole number from `low` to `high`; `usual` where nothing is said."""

    low: int
    high: int
    usual: int


@dataclass(frozen=True, slots=True)
class Shape:
    """`target` is what is reached, "" where the kind reaches nothing. `text` is the most characters of its text, 0 for none; `spoken` says
    that strangers hear it, so that only the playbook's own words will do."""

    target: str = ""
    text: int = 0
    spoken: bool = False
    options: Mapping[str, Amount] = field(default_factory=dict)


SHAPES: Mapping[ActionKind, Shape] = MappingProxyType(
    {
        ActionKind.BOOKMARK_CLIP: Shape(),
        ActionKind.EXTEND_RECORDING: Shape(options={"seconds": Amount(10, 600, 60)}),
        ActionKind.RAISE_PRIORITY: Shape(),
        ActionKind.ADD_NOTE: Shape(text=500),
        ActionKind.LINK_CAMERAS: Shape("camera"),
        ActionKind.SNAPSHOT: Shape(),
        ActionKind.NOTIFY: Shape("group", text=300),
        ActionKind.ESCALATE: Shape("group", text=300, options={"level": Amount(1, 3, 1)}),
        ActionKind.PTZ_PRESET: Shape("preset"),
        ActionKind.CALL_WEBHOOK: Shape("webhook", text=300),
        ActionKind.OPEN_TICKET: Shape("ticket", text=500),
        ActionKind.SIREN: Shape("siren", options={"seconds": Amount(1, 120, 10)}),
        ActionKind.DOOR_LOCK: Shape("door"),
        ActionKind.ANNOUNCE: Shape("speaker", text=200, spoken=True),
        ActionKind.EMERGENCY_CALL_DRAFT: Shape(text=500),
    }
)


def action_kind(word: str) -> ActionKind:
    """The kind of this name. Raises ConfigError for a word that is none."""
    try:
        return ActionKind(word)
    except ValueError:
        raise ConfigError(f"there is no action {word[:64]!r}", hint=f"Known: {', '.join(ActionKind)}") from None


def clean_text(text: str, longest: int) -> str:
    """Words for people in one or more lines: nothing that no database stores or that steers a terminal, at most so many characters."""
    printable = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)
    return printable.strip()[:longest].rstrip()
