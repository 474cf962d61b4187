from pathlib import Path

import pytest
from tests.support.packets import read_packets
from tests.support.video import make_video

from haetae.errors import MediaError
from haetae.media.codec_string import mime_type
from haetae.media.live import LiveMux


def box(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + kind + content


def init_segment(entry: bytes, configuration: bytes, record: bytes) -> bytes:
    """An initialisation segment of which only the way to the codec's configuration is there."""
    sample = box(entry, bytes(78) + box(b"btrt", bytes(12)) + box(configuration, record))
    found = box(b"stsd", bytes(4) + (1).to_bytes(4, "big") + sample)
    for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        found = box(kind, box(b"free", b"") + found)
    return box(b"ftyp", b"iso5") + found


@pytest.mark.parametrize(
    ("entry", "configuration", "record", "codec"),
    [
        (b"avc1", b"avcC", bytes.fromhex("01640028ffe1"), "avc1.640028"),
        (b"avc3", b"avcC", bytes.fromhex("0142c01effe1"), "avc3.42C01E"),
        # ISO/IEC 14496-15 Annex E.3: Main profile, level 3.1, main tier, progressive and frame-only.
        (b"hvc1", b"hvcC", bytes.fromhex("01 01 60000000 b00000000000 5d"), "hvc1.1.6.L93.B0"),
        (b"hev1", b"hvcC", bytes.fromhex("01 22 20000000 900000000000 99"), "hev1.2.4.H153.90"),
        (b"hvc1", b"hvcC", bytes.fromhex("01 41 80000000 000000000000 5a"), "hvc1.A1.1.L90"),
        (b"av01", b"av1C", bytes.fromhex("81 04 0c 00"), "av01.0.04M.08"),
        (b"av01", b"av1C", bytes.fromhex("81 0d cc 00"), "av01.0.13H.10"),
        (b"av01", b"av1C", bytes.fromhex("81 4d e0 00"), "av01.2.13H.12"),
        (b"vp09", b"vpcC", bytes.fromhex("01000000 00 0a 82 01 01 01 0000"), "vp09.00.10.08"),
        (b"vp09", b"vpcC", bytes.fromhex("01000000 02 33 a2 09 10 09 0000"), "vp09.02.51.10"),
    ],
)
def test_a_browser_is_told_the_codec_with_profile_and_level(entry: bytes, configuration: bytes, record: bytes, codec: str) -> None:
    assert mime_type(init_segment(entry, configuration, record)) == f'video/mp4; codecs="{codec}"'


@pytest.mark.parametrize(
    ("encoder", "codec"),
    [("libx264", "avc1.42C00D"), ("libx265", "hvc1.1.6.L60.90"), ("libvpx-vp9", "vp09.00.20.08"), ("libsvtav1", "av01.0.00M.08")],
)
def test_it_is_read_from_what_the_muxer_makes(tmp_path: Path, encoder: str, codec: str) -> None:
    recording = read_packets(make_video(tmp_path / "in.mp4", seconds=0.4, codec=encoder))
    mux = LiveMux(recording.info, recording.packets[0])
    mux.close()

    assert mux.opening.mime == f'video/mp4; codecs="{codec}"'


BROKEN = {
    "empty": b"",
    "cut": b"\0\0\0\x10moov",
    "another codec": init_segment(b"mp4v", b"esds", bytes(8)),
    "cut configuration": init_segment(b"avc1", b"avcC", b"\1"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_header_that_names_no_codec_is_refused(what: str) -> None:
    with pytest.raises(MediaError):
        mime_type(BROKEN[what])
