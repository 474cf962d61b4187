"""The windows that wait for a model, and whose turn it is."""

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import NamedTuple

from haetae.vad.base import RawScore, Window


class Call:
    """One call of `score`. It is done when none of its windows is queued or being judged. All but `done` is used under the owner's lock."""

    def __init__(self, windows: Sequence[Window], arrived_s: float) -> None:
        self.windows = windows
        self.arrived_s = arrived_s
        self.scores: list[RawScore | None] = [None] * len(windows)
        self.error: Exception | None = None
        self.queued = 0
        self.running = 0
        self.done = threading.Event()

    def settle(self) -> None:
        if not self.queued and not self.running:
            self.done.set()


class Item(NamedTuple):
    """A window that waits: its call, and its place in it."""

    call: Call
    place: int

    @property
    def window(self) -> Window:
        return self.call.windows[self.place]


class WindowQueue:
    """First in, first out within a camera, round robin between cameras; a camera is known by its state. Not locked: the owner does that."""

    def __init__(self) -> None:
        # The order of the keys is whose turn it is. An id stays one state's, for the queued window holds the state.
        self._queues: OrderedDict[int, deque[Item]] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._queues.values())

    @property
    def cameras(self) -> int:
        """Cameras with a window here: the most that one batch may take."""
        return len(self._queues)

    @property
    def oldest_s(self) -> float:
        """When the window came that waits longest. There must be one."""
        return min(queue[0].call.arrived_s for queue in self._queues.values())

    def add(self, call: Call) -> None:
        for place, window in enumerate(call.windows):
            self._queues.setdefault(id(window.state), deque()).append(Item(call, place))
        call.queued = len(call.windows)

    def take(self, most: int) -> list[Item]:
        """The next window of each camera whose turn it is, `most` of them; a camera that has more goes to the end of the row."""
        items = []
        for _ in range(min(most, len(self._queues))):
            key, queue = self._queues.popitem(last=False)
            item = queue.popleft()
            item.call.queued -= 1
            item.call.running += 1
            items.append(item)
            if queue:
                self._queues[key] = queue
        return items

    def calls(self) -> list[Call]:
        """Every call with a window here, once."""
        return list({id(item.call): item.call for queue in self._queues.values() for item in queue}.values())

    def withdraw(self, call: Call) -> None:
        """Take out what is here of a call."""
        if not call.queued:
            return
        for key, queue in list(self._queues.items()):
            rest = deque(item for item in queue if item.call is not call)
            if rest:
                self._queues[key] = rest
            else:
                del self._queues[key]
        call.queued = 0
