"""What was looked up for one question, against which an answer is held: its events, and every number that was in it."""

import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from haetae.agents.assistant.messages import Citation
from haetae.agents.assistant.records import EventRecord
from haetae.agents.assistant.shown import numbers_in, numbers_of

_REF = re.compile(
    r"\[\s*((?:E\d{1,4})(?:\s*[,;]\s*E\d{1,4})*)\s*\]|\(\s*((?:E\d{1,4})(?:\s*[,;]\s*E\d{1,4})*)\s*\)|(?<![\w-])(E\d{1,4})(?![\w-])"
)
_ID = re.compile(r"(?:[\[(]\s*)?\b([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b(?:\s*[\])])?", re.IGNORECASE)
_BEFORE_STOP = re.compile(r"[ \t]+(?=[.,;!?]|$)", re.MULTILINE)
_GAPS = re.compile(r"(?<=\S)[ \t]{2,}")

HEARSAY = frozenset({"description", "note"})
"""Texts that a model or a person wrote: a number in them was measured by nobody, so an answer that repeats it is marked."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer whose citations are all of events that were returned."""

    text: str
    citations: tuple[Citation, ...]
    dropped_citations: int
    unverified_numbers: tuple[str, ...]


class Ledger:
    """Safe to call from any thread."""

    def __init__(self, question: str = "") -> None:
        """Who asks may see his own numbers repeated."""
        self._lock = threading.Lock()
        self._events: dict[UUID, EventRecord] = {}
        self._numbers = numbers_of([question]) | set(numbers_in(question))
        self.lookups = 0

    def ref(self, event: EventRecord) -> str:
        """The short name of an event that is returned: E1, E2, ..."""
        with self._lock:
            self._events[event.id] = event
            return f"E{list(self._events).index(event.id) + 1}"

    def returned(self, result: object) -> None:
        """This was returned: whatever number is in it may be said, but for hearsay."""
        found = numbers_of(_leaves(result))
        with self._lock:
            self._numbers |= found
            self.lookups += 1

    def event_id(self, name: str) -> UUID | None:
        """The event that a short name stands for, or an id that was returned."""
        name = name.strip().strip("[]()")
        with self._lock:
            if re.fullmatch(r"[Ee]\d{1,4}", name):
                number = int(name[1:]) - 1
                return list(self._events)[number] if 0 <= number < len(self._events) else None
            return next((each for each in self._events if str(each) == name.lower()), None)

    def check(self, text: str) -> Checked:
        """The text with citations numbered from 1 on, in the order in which they stand. What cites no event that was returned is taken
        out, and so is every id; numbers that were not returned are named."""
        cited: list[UUID] = []
        dropped = 0

        def mark(names: Iterable[str]) -> str:
            nonlocal dropped
            marks = []
            for name in names:
                event_id = self.event_id(name)
                if event_id is None:
                    dropped += 1
                    continue
                if event_id not in cited:
                    cited.append(event_id)
                marks.append(f"[{cited.index(event_id) + 1}]")
            return "".join(marks)

        # Marks of its own making would look like citations.
        text = re.sub(r"\[(\d{1,3})\]", r"(\1)", text)
        text = _REF.sub(lambda match: mark(re.split(r"\s*[,;]\s*", match[1] or match[2] or match[3])), text)
        text = _ID.sub(lambda match: mark([match[1]]), text)
        text = _GAPS.sub(" ", _BEFORE_STOP.sub("", text)).strip()
        unverified = [number for number in numbers_in(text) if number not in self._numbers]
        citations = tuple(citation(number, self._events[event_id]) for number, event_id in enumerate(cited, 1))
        return Checked(text, citations, dropped, tuple(dict.fromkeys(unverified)))


def citation(number: int, event: EventRecord) -> Citation:
    """The event as it is cited."""
    return Citation(number, event.id, event.camera_id, event.camera, event.type, event.severity, event.began_at)


def _leaves(value: Any) -> Iterator[object]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name not in HEARSAY:
                yield name
                yield from _leaves(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each)
    elif not isinstance(value, bool):
        yield value
