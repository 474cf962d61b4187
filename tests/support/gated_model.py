"""A model that a test holds in the middle of a call."""

import threading
from collections.abc import Sequence
from typing import Any

from haetae.testing.scripted_model import ScriptedModel
from haetae.vad.base import RawScore, Window


class GatedModel(ScriptedModel):
    """Remembers the times of each batch; after `shut`, each call of `score` waits inside until `open`, and `entered` says that one does.

    Without a script a window's score is its own time.
    """

    def __init__(self, raw: Any = None, *, max_batch: int = 1, shut: bool = False) -> None:
        super().__init__(raw or (lambda window: window.t_s), max_batch=max_batch)
        self.batches: list[list[float]] = []
        self.entered = threading.Event()
        self.closed = 0
        self._gate = threading.Event()
        if not shut:
            self._gate.set()

    def shut(self) -> None:
        self._gate.clear()
        self.entered.clear()

    def open(self) -> None:
        self._gate.set()

    def score(self, batch: Sequence[Window]) -> list[RawScore]:
        self.batches.append([window.t_s for window in batch])
        self.entered.set()
        assert self._gate.wait(30), "nobody opened the gate"
        return super().score(batch)

    def close(self) -> None:
        self.closed += 1
