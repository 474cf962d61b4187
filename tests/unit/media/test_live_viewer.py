import pytest

from haetae.media.live import Fragment, Opening
from haetae.media.live_viewer import Ended, LiveViewer

OPENING = Opening("h264", 'video/mp4; codecs="avc1.640028"', 320, 240, 25.0, b"init")


def key(name: str) -> Fragment:
    return Fragment(name.encode(), True)


def delta(name: str) -> Fragment:
    return Fragment(name.encode(), False)


class Wakes:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def taken(viewer: LiveViewer) -> list[str]:
    found = []
    while isinstance(piece := viewer.take(), Fragment):
        found.append(piece.data.decode())
    return found


@pytest.fixture
def wakes() -> Wakes:
    return Wakes()


def test_a_viewer_gets_the_opening_then_the_pictures_so_far_then_what_comes(wakes: Wakes) -> None:
    viewer = LiveViewer(wakes)
    viewer.open(OPENING, [key("k1"), delta("d1")])

    assert viewer.take() == OPENING
    viewer.offer(delta("d2"))
    assert taken(viewer) == ["k1", "d1", "d2"]
    assert viewer.take() is None


def test_nothing_comes_before_a_keyframe(wakes: Wakes) -> None:
    viewer = LiveViewer(wakes)
    viewer.open(OPENING)
    viewer.take()
    viewer.offer(delta("d1"))
    viewer.offer(key("k2"))

    assert taken(viewer) == ["k2"]


def test_a_slow_viewer_skips_to_the_newest_keyframe_and_keeps_one_group_of_pictures_at_most(wakes: Wakes) -> None:
    viewer = LiveViewer(wakes)
    viewer.open(OPENING)
    viewer.take()
    for group in range(100):
        viewer.offer(key(f"k{group}"))
        for number in range(9):
            viewer.offer(delta(f"d{group}.{number}"))

    assert taken(viewer) == ["k99", *(f"d99.{number}" for number in range(9))]
    assert viewer.skipped == 990


def test_the_end_of_a_group_that_was_nearly_taken_is_not_skipped(wakes: Wakes) -> None:
    viewer = LiveViewer(wakes)
    viewer.open(OPENING, [key("k1"), delta("d1")])
    viewer.take()
    viewer.take()
    viewer.offer(key("k2"))

    assert taken(viewer) == ["d1", "k2"]
    assert viewer.skipped == 0


def test_a_group_that_is_too_long_is_dropped_up_to_the_next_keyframe(wakes: Wakes) -> None:
    viewer = LiveViewer(wakes, max_bytes=10)
    viewer.open(OPENING)
    viewer.take()
    for fragment in (key("12345"), delta("67890"), delta("x"), delta("y"), key("k2")):
        viewer.offer(fragment)

    assert taken(viewer) == ["k2"]
    assert viewer.skipped == 4


def test_many_pieces_wake_a_viewer_once_until_it_takes(wakes: Wakes) -> None:
    viewer = LiveViewer(wakes)
    viewer.open(OPENING)
    for number in range(10):
        viewer.offer(key(str(number)))
    assert wakes.count == 1

    viewer.take()
    viewer.offer(key("more"))
    assert wakes.count == 2


def test_the_end_comes_at_once_with_its_first_reason(wakes: Wakes) -> None:
    viewer = LiveViewer(wakes)
    viewer.open(OPENING, [key("k1")])
    viewer.end(Ended.CONCEALED)
    viewer.end(Ended.OFFLINE)

    assert viewer.take() is Ended.CONCEALED
    assert viewer.take() is Ended.CONCEALED
