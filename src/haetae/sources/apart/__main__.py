"""What a decoding process runs: `python -m haetae.sources.apart DESCRIPTOR LEVEL STYLE`, started by `DecodingProcess`."""

import os
import signal
import socket
import sys
import threading
import time
from weakref import WeakSet

from haetae.heaps import limit_heaps
from haetae.sources.apart.reading import HELD_S, Reading
from haetae.sources.apart.wire import Wire
from haetae.telemetry import configure_logging

_YIELDING = 5
"""Added to the niceness: 64 cameras on two busy cores had 87 % of their frames analysed in place of 73 %."""


def main(descriptor: int, level: str, style: str) -> None:
    """Read one source for each descriptor that comes through the control socket, until that is closed: the site ended, however it did."""
    # The site decides when this ends; a signal to the whole group must not take the cameras away before it has closed them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    configure_logging(level, "json" if style == "json" else "text")
    limit_heaps()
    # The site's own process holds its interpreter while it is pushed off a core by a decoder that it has woken: then all cameras wait.
    os.nice(_YIELDING)
    readings: WeakSet[Reading] = WeakSet()
    threading.Thread(target=_flush, args=(readings,), name="flush", daemon=True).start()
    control = socket.socket(fileno=descriptor)
    while True:
        data, ends, _flags, _address = socket.recv_fds(control, 1, 1)
        if not data:
            # Nothing here is worth waiting for, and a thread may be in a decoder.
            os._exit(0)
        for end in ends:
            reading = Reading(Wire(socket.socket(fileno=end)))
            readings.add(reading)
            threading.Thread(target=reading.run, name=f"source-{end}", daemon=True).start()


def _flush(readings: WeakSet[Reading]) -> None:
    """The thread that reads a camera that stalls cannot send what it holds: it is in FFmpeg."""
    while True:
        time.sleep(HELD_S)
        for reading in list(readings):
            reading.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
