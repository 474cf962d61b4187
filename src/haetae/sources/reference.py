"""Pictures that no other picture refers to, told from the coded bytes: they can be left undecoded."""

from collections import deque
from collections.abc import Callable

Bytes = bytes | memoryview

_START_CODE = b"\x00\x00\x01"
_WINDOW = 64


def nal_header(data: Bytes, length_size: int, is_picture: Callable[[int], bool], header_bytes: int) -> bytes | None:
    """The header of the first NAL unit whose first byte satisfies `is_picture`, None where there is none.

    `length_size` is the bytes of each unit's length prefix, 0 for Annex B start codes.
    """
    position, end = 0, len(data)
    raw = b"" if length_size else bytes(data)
    while True:
        if length_size:
            start = position + length_size
            position = start + int.from_bytes(data[position:start], "big")
        else:
            start = raw.find(_START_CODE, position) + len(_START_CODE)
            if start < len(_START_CODE):
                return None
            position = start
        if start + header_bytes > end:
            return None
        if is_picture(data[start]):
            return bytes(data[start : start + header_bytes])


class NonReferenceFilter:
    """Says which packets can stay undecoded: non-reference pictures, while the others suffice for the wanted rate.

    That is where the wanted rate is at most half of the stream's and the reference pictures alone reach it, both measured over the last
    64 packets. H.264: nal_ref_idc 0 (Rec. ITU-T H.264 §7.4.1). HEVC: a sub-layer non-reference picture (even types below 16, H.265
    table 7-1) of the highest temporal sub-layer seen, since a higher one might refer to it. No other codec is touched.
    """

    def __init__(self, codec: str, extradata: bytes, wanted_fps: float) -> None:
        self._codec = codec
        self._wanted_fps = wanted_fps
        self._length_size = _length_size(codec, extradata)
        self._highest_layer = 0
        self._seen: deque[tuple[float, bool]] = deque(maxlen=_WINDOW)

    def skips(self, data: Bytes, t_s: float) -> bool:
        """True when the packet need not be decoded; called once per packet, in decoding order."""
        if self._codec not in ("h264", "hevc"):
            return False
        spare = not self._is_reference(data)
        self._seen.append((t_s, not spare))
        return spare and self._references_suffice()

    def _is_reference(self, data: Bytes) -> bool:
        if self._codec == "h264":
            header = nal_header(data, self._length_size, lambda byte: 1 <= byte & 0x1F <= 5, 1)
            return header is None or header[0] & 0x60 != 0
        header = nal_header(data, self._length_size, lambda byte: (byte >> 1) & 0x3F < 32, 2)
        if header is None:
            return True
        kind, layer = (header[0] >> 1) & 0x3F, header[1] & 0x07
        self._highest_layer = max(self._highest_layer, layer)
        return kind >= 16 or kind % 2 == 1 or layer < self._highest_layer

    def _references_suffice(self) -> bool:
        if len(self._seen) < _WINDOW:
            return False
        times = [t_s for t_s, _ in self._seen]
        span_s = max(times) - min(times)
        if span_s <= 0:
            return False
        references = sum(is_reference for _, is_reference in self._seen)
        per_picture = (_WINDOW - 1) / _WINDOW / span_s
        return self._wanted_fps <= 0.5 * _WINDOW * per_picture and self._wanted_fps <= references * per_picture


def _length_size(codec: str, extradata: bytes) -> int:
    """Bytes of the length prefix as avcC or hvcC says (ISO/IEC 14496-15), 0 for Annex B."""
    if codec == "h264" and len(extradata) > 6 and extradata[0] == 1:
        return (extradata[4] & 3) + 1
    if codec == "hevc" and len(extradata) > 22 and extradata[:3] not in (b"\0\0\0", b"\0\0\1"):
        return (extradata[21] & 3) + 1
    return 0
