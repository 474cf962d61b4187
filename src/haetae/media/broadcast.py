"""One camera's live video for any number of viewers, who share one copy of the stream."""

import threading
from collections import deque
from collections.abc import Sequence

import structlog

from haetae.domain.frame import Packet, StreamInfo
from haetae.errors import MediaError
from haetae.media.live import Fragment, LiveMux, Opening
from haetae.media.live_viewer import Ended, LiveViewer, Wake
from haetae.media.ring import packet_bytes

MAX_GOP_BYTES = 32 * 1024 * 1024
"""A longer group of pictures is forgotten: who comes then waits for the next keyframe."""

_MAX_QUEUE_BYTES = 2 * MAX_GOP_BYTES

_log = structlog.get_logger(__name__)


class Broadcast:
    """`stream`, `packet`, `lost`, `conceal` and `end` are for the camera's thread, `join` and `leave` for the viewers'; any thread may call
    any.

    None of them waits for a disk, a network or a viewer. While nobody looks, a packet costs one entry in the list of the current group of
    pictures (whose data the ring for clips holds anyway); with the first viewer a thread begins that makes the fragments, and ends with the
    last.
    """

    def __init__(self, name: str, max_gop_bytes: int = MAX_GOP_BYTES) -> None:
        """`name` is the thread's."""
        self._name = name
        self._max_gop_bytes = max_gop_bytes
        # Held to swap references and to copy a list; never while anything is waited for.
        self._lock = threading.Lock()
        self._info: StreamInfo | None = None
        self._gop: list[Packet] = []
        self._gop_bytes = 0
        self._concealed = False
        self._channel: _Channel | None = None

    @property
    def info(self) -> StreamInfo | None:
        """The stream of the connection of now, None without one."""
        return self._info

    @property
    def sharing(self) -> bool:
        """True while there is a thread that makes fragments."""
        return self._channel is not None

    def stream(self, info: StreamInfo) -> None:
        """A connection was made. Viewers of the one before have to come again: its pictures may be of another size or codec."""
        with self._lock:
            self._info = info
            channel = self._start_over()
        _end(channel, Ended.OFFLINE)

    def packet(self, packet: Packet) -> None:
        if not packet.data:
            return
        with self._lock:
            if self._info is None or self._concealed:
                return
            self._keep(packet)
            if self._channel is not None:
                self._channel.push(packet)

    def lost(self) -> None:
        """The connection is gone."""
        self._close(Ended.OFFLINE)

    def conceal(self, concealed: bool) -> None:
        """While something of the picture is private the stream goes to nobody."""
        with self._lock:
            self._concealed = concealed
            channel = self._start_over() if concealed else None
        _end(channel, Ended.CONCEALED)

    def end(self) -> None:
        """The camera is gone for good."""
        self._close(Ended.CLOSED)

    def join(self, wake: Wake) -> LiveViewer:
        """A viewer more, who begins at the newest keyframe. `leave` follows, however it ends."""
        viewer = LiveViewer(wake)
        with self._lock:
            if self._concealed:
                viewer.end(Ended.CONCEALED)
            elif self._info is None:
                viewer.end(Ended.OFFLINE)
            else:
                if self._channel is None:
                    self._channel = _Channel(self._name, self._info, self._gop)
                self._channel.add(viewer)
        return viewer

    def leave(self, viewer: LiveViewer) -> None:
        with self._lock:
            channel = self._channel
            if channel is None or channel.remove(viewer):
                return
            self._channel = None
        channel.end(Ended.CLOSED)

    def _close(self, why: Ended) -> None:
        with self._lock:
            self._info = None
            channel = self._start_over()
        _end(channel, why)

    def _start_over(self) -> "_Channel | None":
        """Forget the packets and the channel, which is to be ended without the lock."""
        self._forget()
        channel, self._channel = self._channel, None
        return channel

    def _keep(self, packet: Packet) -> None:
        if packet.is_keyframe:
            self._forget()
        elif not self._gop:
            return
        self._gop.append(packet)
        self._gop_bytes += packet_bytes(packet)
        if self._gop_bytes > self._max_gop_bytes:
            self._forget()

    def _forget(self) -> None:
        # Another list: a channel may have been given this one.
        self._gop = []
        self._gop_bytes = 0


def _end(channel: "_Channel | None", why: Ended) -> None:
    if channel is not None:
        channel.end(why)


class _Channel:
    """One connection's fragments, made on a thread of their own."""

    def __init__(self, name: str, info: StreamInfo, gop: Sequence[Packet]) -> None:
        self._info = info
        self._gop: list[Fragment] = []
        self._opening: Opening | None = None
        self._viewers: set[LiveViewer] = set()
        self._why: Ended | None = None
        # Held while viewers are told, so never by the camera's thread but for the end of a connection.
        self._sharing = threading.Lock()
        self._work = threading.Condition(threading.Lock())
        self._queue = deque(gop)
        self._queue_bytes = sum(packet_bytes(packet) for packet in gop)
        self._needs_keyframe = not gop
        self._stopped = False
        threading.Thread(target=self._run, name=f"live-{name}"[:15], daemon=True).start()

    def push(self, packet: Packet) -> None:
        """Called on the camera's thread: takes a lock that is held for nothing but the queue."""
        with self._work:
            if self._needs_keyframe and not packet.is_keyframe:
                return
            self._needs_keyframe = False
            self._queue.append(packet)
            self._queue_bytes += packet_bytes(packet)
            if self._queue_bytes > _MAX_QUEUE_BYTES:
                self._queue.clear()
                self._queue_bytes = 0
                self._needs_keyframe = True
            self._work.notify()

    def add(self, viewer: LiveViewer) -> None:
        with self._sharing:
            if self._why is not None:
                viewer.end(self._why)
                return
            self._viewers.add(viewer)
            if self._opening is not None:
                viewer.open(self._opening, self._gop)

    def remove(self, viewer: LiveViewer) -> bool:
        """False when nobody is left."""
        with self._sharing:
            self._viewers.discard(viewer)
            return bool(self._viewers)

    def end(self, why: Ended) -> None:
        with self._work:
            self._stopped = True
            self._work.notify()
        with self._sharing:
            self._why = self._why or why
            for viewer in self._viewers:
                viewer.end(why)
            self._viewers.clear()
            self._gop.clear()

    def _run(self) -> None:
        mux: LiveMux | None = None
        try:
            while (packet := self._next()) is not None:
                if mux is None:
                    mux = LiveMux(self._info, packet)
                    self._open(mux.opening)
                fragment = mux.write(packet)
                if fragment is not None:
                    self._share(fragment)
        except MediaError as error:
            _log.warning("no live stream", codec=self._info.codec, error=str(error))
            self.end(Ended.UNPLAYABLE)
        except Exception:
            _log.exception("live stream failed")
            self.end(Ended.UNPLAYABLE)
        finally:
            if mux is not None:
                mux.close()

    def _next(self) -> Packet | None:
        with self._work:
            while not self._queue and not self._stopped:
                self._work.wait()
            if self._stopped:
                self._queue.clear()
                return None
            packet = self._queue.popleft()
            self._queue_bytes -= packet_bytes(packet)
            return packet

    def _open(self, opening: Opening) -> None:
        with self._sharing:
            self._opening = opening
            for viewer in self._viewers:
                viewer.open(opening)

    def _share(self, fragment: Fragment) -> None:
        with self._sharing:
            if fragment.is_keyframe:
                self._gop.clear()
            if self._gop or fragment.is_keyframe:
                self._gop.append(fragment)
            for viewer in self._viewers:
                viewer.offer(fragment)
