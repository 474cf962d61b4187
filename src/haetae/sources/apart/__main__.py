"""What a decoding process runs: `python -m haetae.sources.apart DESCRIPTOR LEVEL STYLE`, started by `DecodingProcess`."""

import os
import signal
import socket
import sys
import threading

from haetae.heaps import limit_heaps
from haetae.sources.apart.reading import Reading
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
    control = socket.socket(fileno=descriptor)
    while True:
        data, ends, _flags, _address = socket.recv_fds(control, 1, 1)
        if not data:
            # Nothing here is worth waiting for, and a thread may be in a decoder.
            os._exit(0)
        for end in ends:
            reading = Reading(Wire(socket.socket(fileno=end)))
            threading.Thread(target=reading.run, name=f"source-{end}", daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
