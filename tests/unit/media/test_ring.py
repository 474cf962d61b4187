from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from haetae.domain.frame import Packet, StreamInfo
from haetae.media.ring import PACKET_OVERHEAD, LateCause, PacketRing, packet_bytes

INFO = StreamInfo("h264", 320, 240, Fraction(1, 25), 25.0)
AT = datetime(2026, 1, 1, tzinfo=UTC)
SIZE = 1000
COST = SIZE + PACKET_OVERHEAD


def packet(index: int, *, key: bool, size: int = SIZE) -> Packet:
    return Packet(bytes(size), index, index, 1, key, index / 25, AT)


def filled(count: int, gop: int, **bounds: float) -> PacketRing:
    ring = PacketRing(bounds.get("pre_roll_s", 5.0), int(bounds.get("max_bytes", 64 * 1024 * 1024)))
    ring.reset(INFO)
    for index in range(count):
        ring.push(packet(index, key=index % gop == 0))
    return ring


def test_since_starts_at_the_last_keyframe_at_or_before_the_moment() -> None:
    ring = filled(200, gop=25)

    pre_roll = ring.since(4.5)

    assert pre_roll.packets[0].t_s == 4.0
    assert pre_roll.packets[0].is_keyframe
    assert pre_roll.packets[-1].pts == 199
    assert (pre_roll.late_s, pre_roll.cause) == (0.0, LateCause.NONE)
    assert ring.since(4.0).packets[0].t_s == 4.0


def test_what_no_pre_roll_needs_any_more_is_forgotten() -> None:
    ring = filled(1000, gop=25, pre_roll_s=2.0)

    assert ring.since(0.0).packets[0].t_s == 37.0  # the newest is at 39.96 s: 37.96 s must stay reachable
    assert ring.size_bytes == len(ring.since(0.0).packets) * COST
    assert ring.since(37.9).late_s == 0.0
    assert ring.dropped_gops == 0


def test_asking_for_more_than_the_pre_roll_says_how_late_and_why() -> None:
    pre_roll = filled(1000, gop=25, pre_roll_s=2.0).since(30.5)

    assert pre_roll.late_s == 6.5
    assert pre_roll.cause is LateCause.TOO_LONG_AGO


def test_a_moment_before_the_connection_is_no_fault_of_the_ring() -> None:
    pre_roll = filled(50, gop=25).since(-4.0)

    assert pre_roll.packets[0].pts == 0
    assert (pre_roll.late_s, pre_roll.cause) == (4.0, LateCause.CONNECTED_LATER)


def test_a_connection_in_the_middle_of_a_gop_waits_for_the_keyframe_and_says_so() -> None:
    ring = PacketRing()
    ring.reset(INFO)
    for index in range(40):
        ring.push(packet(index, key=index == 30))

    pre_roll = ring.since(0.0)

    assert pre_roll.packets[0].pts == 30
    assert (pre_roll.late_s, pre_roll.cause) == (1.2, LateCause.NO_KEYFRAME)


def test_a_stream_over_the_byte_bound_loses_its_oldest_whole_gops() -> None:
    ring = filled(100, gop=25, max_bytes=60 * COST)

    pre_roll = ring.since(0.0)

    assert pre_roll.packets[0].pts == 50
    assert pre_roll.cause is LateCause.MEMORY
    assert ring.dropped_gops == 2


def test_a_stream_with_a_single_keyframe_is_bounded_and_its_loss_is_stated() -> None:
    ring = filled(5000, gop=5000, max_bytes=60 * COST)

    assert ring.size_bytes == 0
    assert ring.dropped_gops == 1
    pre_roll = ring.since(100.0)
    assert pre_roll.packets == ()
    assert pre_roll.cause is LateCause.MEMORY

    ring.push(packet(5000, key=True))
    again = ring.since(199.0)
    assert [kept.pts for kept in again.packets] == [5000]
    assert again.late_s == 1.0


def test_a_new_connection_forgets_the_packets_of_the_last() -> None:
    ring = filled(100, gop=25)
    other = replace(INFO, codec="hevc")

    ring.reset(other)

    assert ring.since(0.0).packets == ()
    assert ring.size_bytes == 0
    assert ring.info is other


@given(
    stream=st.lists(st.tuples(st.booleans(), st.integers(0, 4000), st.floats(-0.5, 2.0)), max_size=200),
    max_bytes=st.integers(0, 20_000),
    asked=st.floats(-10, 200),
)
def test_memory_stays_bounded_and_a_pre_roll_begins_with_a_keyframe_whatever_comes(
    stream: list[tuple[bool, int, float]], max_bytes: int, asked: float
) -> None:
    ring = PacketRing(3.0, max_bytes)
    ring.reset(INFO)
    t_s = 0.0
    pushed: list[Packet] = []
    for index, (key, size, step) in enumerate(stream):
        t_s += step
        pushed.append(Packet(bytes(size), index, index, 1, key, t_s, AT))
        ring.push(pushed[-1])

        assert ring.size_bytes <= max_bytes
        everything = ring.since(float("-inf")).packets
        assert ring.size_bytes == sum(packet_bytes(kept) for kept in everything)
        assert not everything or everything == tuple(pushed[-len(everything) :])
        pre_roll = ring.since(asked)
        assert not pre_roll.packets or pre_roll.packets[0].is_keyframe
        assert pre_roll.late_s == 0.0 or pre_roll.cause is not LateCause.NONE
        if pre_roll.packets:
            assert pre_roll.late_s == max(0.0, pre_roll.packets[0].t_s - asked)
