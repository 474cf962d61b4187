"""What a browser wants to know before it plays a stream: the `codecs` parameter (RFC 6381) of an MP4's video track."""

from collections.abc import Iterator

from haetae.errors import MediaError

_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_SAMPLE_ENTRY = 78
"""Bytes of a VisualSampleEntry (ISO/IEC 14496-12 §12.1.3) before its own boxes."""
_SAMPLE_DESCRIPTION = 8
"""Version, flags and number of entries, before the entries."""


def mime_type(init_segment: bytes) -> str:
    """The MIME type of an MP4 initialisation segment with one video track, such as `video/mp4; codecs="avc1.640028"`.

    Raises MediaError when the segment names no codec that is known here, or is damaged.
    """
    try:
        return f'video/mp4; codecs="{_codec(init_segment)}"'
    except IndexError as error:
        raise MediaError("the stream's header is cut short") from error


def _codec(init_segment: bytes) -> str:
    entries = _find(init_segment, b"stsd", _CONTAINERS)[_SAMPLE_DESCRIPTION:]
    for kind, entry in _boxes(entries):
        parts = dict(_boxes(entry[_SAMPLE_ENTRY:]))
        name = kind.decode("latin-1")
        if kind in (b"avc1", b"avc3"):
            return _avc(name, parts.get(b"avcC", b""))
        if kind in (b"hvc1", b"hev1"):
            return _hevc(name, parts.get(b"hvcC", b""))
        if kind == b"av01":
            return _av1(parts.get(b"av1C", b""))
        if kind == b"vp09":
            return _vp9(parts.get(b"vpcC", b""))
    raise MediaError("the stream's header names no codec that browsers play")


def _avc(name: str, record: bytes) -> str:
    """ISO/IEC 14496-15 §5.3.3.1: profile, constraints and level as they are in the sequence parameter set."""
    return f"{name}.{record[1]:02X}{record[2]:02X}{record[3]:02X}"


def _hevc(name: str, record: bytes) -> str:
    """ISO/IEC 14496-15 Annex E.3."""
    space = ("", "A", "B", "C")[record[1] >> 6]
    compatibility = int(f"{int.from_bytes(record[2:6], 'big'):032b}"[::-1], 2)
    tier = "H" if record[1] & 0x20 else "L"
    constraints = record[6:12].rstrip(b"\0")
    level = record[12]
    return ".".join([name, f"{space}{record[1] & 0x1F}", f"{compatibility:X}", f"{tier}{level}", *(f"{byte:X}" for byte in constraints)])


def _av1(record: bytes) -> str:
    """AV1 in ISOBMFF §5: profile, level and tier, bit depth; the optional rest is left out, which stands for its defaults."""
    profile, level = record[1] >> 5, record[1] & 0x1F
    tier = "H" if record[2] & 0x80 else "M"
    high, twelve = record[2] & 0x40, record[2] & 0x20
    depth = (12 if profile == 2 and twelve else 10) if high else 8
    return f"av01.{profile}.{level:02d}{tier}.{depth:02d}"


def _vp9(record: bytes) -> str:
    """VP Codec ISO Media File Format Binding §4: the box begins with version and flags."""
    return f"vp09.{record[4]:02d}.{record[5]:02d}.{record[6] >> 4:02d}"


def _find(data: bytes, wanted: bytes, through: tuple[bytes, ...]) -> bytes:
    """The content of the first box `wanted`, looked for inside the boxes named by `through`."""
    for kind, content in _boxes(data):
        if kind == wanted:
            return content
        if kind in through:
            found = _find(content, wanted, through)
            if found:
                return found
    return b""


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, content) of the boxes that follow each other in `data`; what is damaged ends them."""
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        if size < 8 or position + size > len(data):
            return
        yield data[position + 4 : position + 8], data[position + 8 : position + size]
        position += size
