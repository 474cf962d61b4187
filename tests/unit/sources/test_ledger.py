from datetime import UTC, datetime

from haetae.sources.ledger import CLOSED, UNDECODABLE, Coded, FrameLedger

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def coded(ticks: int, *, timed: bool = True) -> Coded:
    return Coded(ticks, ticks / 25, NOW, timed)


def received(ledger: FrameLedger, ticks: list[int], *, timed: bool = True) -> list[Coded]:
    pictures = [coded(tick, timed=timed) for tick in ticks]
    for picture in pictures:
        ledger.receive(picture)
    return pictures


def test_every_picture_is_counted_once() -> None:
    ledger = FrameLedger()
    pictures = received(ledger, [0, 1, 2, 3])
    ledger.analysed(ledger.emerge(pictures[0]))
    ledger.skip(pictures[1])
    ledger.drop(pictures[2], "corrupt")
    ledger.drop(pictures[2], "corrupt")
    assert not ledger.counts.adds_up()
    ledger.finish(CLOSED)
    counts = ledger.counts
    assert counts.adds_up()
    assert (counts.read, counts.analysed, counts.skipped, counts.dropped) == (4, 1, 1, {"corrupt": 1, "closed": 1})


def test_numbers_follow_presentation_order_and_leave_room_for_what_was_passed_over() -> None:
    ledger = FrameLedger()
    first, late, spare, middle = received(ledger, [0, 3, 1, 2])
    ledger.skip(spare)
    numbers = [ledger.number(ledger.emerge(picture)) for picture in (first, middle, late)]
    assert numbers == [0, 2, 3]


def test_pictures_without_times_come_out_in_the_order_of_the_received_times() -> None:
    ledger = FrameLedger()
    first, second, third = received(ledger, [0, 1, 2], timed=False)
    out = []
    for picture in (first, third, second):
        emerged = ledger.emerge(picture)
        out.append(emerged.t_s)
        ledger.analysed(emerged)
    assert out == sorted(out)


def test_decoding_times_written_as_presentation_times_are_put_in_order() -> None:
    ledger = FrameLedger()
    out = []
    pictures = received(ledger, [0, 1, 2, 3, 4, 5])
    for index in (0, 2, 1, 4, 3, 5):
        emerged = ledger.emerge(pictures[index])
        out.append(emerged.ticks)
        ledger.analysed(emerged)
    assert out[3:] == [3, 4, 5]
    assert ledger.counts.adds_up()


def test_a_picture_that_the_decoder_swallowed_is_given_up_in_time() -> None:
    ledger = FrameLedger()
    received(ledger, list(range(1000)))
    assert ledger.counts.dropped[UNDECODABLE] > 900


def test_two_pictures_from_one_packet_are_two_pictures() -> None:
    ledger = FrameLedger()
    (only,) = received(ledger, [0])
    ledger.analysed(ledger.emerge(only))
    ledger.analysed(ledger.emerge(only))
    assert ledger.counts.read == ledger.counts.analysed == 2
