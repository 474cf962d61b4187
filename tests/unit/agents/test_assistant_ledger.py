from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import ONSET

from haetae.agents.assistant.ledger import Ledger
from haetae.agents.assistant.records import EventRecord
from haetae.agents.assistant.shown import length, numbers_in
from haetae.domain.event import EventKind, EventStatus, Severity


def event(**changes):
    values = {"severity": Severity.HIGH, "status": EventStatus.CLOSED, "began_at": ONSET, "duration_s": 3.0, "score": 0.9} | changes
    return EventRecord(uuid4(), uuid4(), "gate", EventKind.ANOMALY, "Fighting", **values)


def test_a_citation_of_what_was_returned_is_numbered_in_the_order_of_the_text():
    ledger = Ledger()
    first, second = event(), event()
    assert (ledger.ref(first), ledger.ref(second), ledger.ref(first)) == ("E1", "E2", "E1")
    checked = ledger.check(f"A fall [E2], then a fight ({ledger.ref(first)}), see {second.id}.")
    assert checked.text == "A fall [1], then a fight [2], see [1]."
    assert [each.event_id for each in checked.citations] == [second.id, first.id]
    assert checked.dropped_citations == 0


def test_what_was_not_returned_is_not_cited_and_its_id_is_not_shown():
    ledger = Ledger()
    known, hidden = event(), uuid4()
    ledger.ref(known)
    checked = ledger.check(f"One [E1], another [E9], [{hidden}], {str(hidden).upper()} and [7].")
    assert str(hidden) not in checked.text.lower()
    assert "E9" not in checked.text
    assert "[7]" not in checked.text, "a mark of the model's own would look like a citation"
    assert (checked.dropped_citations, len(checked.citations)) == (3, 1)


@pytest.mark.parametrize(
    ("said", "unverified"),
    [
        ("It lasted 12.3 s", ()),
        ("It lasted about 12 s at 22:14", ()),
        ("at 10:14 pm", ()),
        ("there were 37 events, 3 of them severe", ("3",)),
        ("there were 1,234 of them", ()),
        ("four people", ("4",)),
        ("on 27 November 2026", ()),
        ("1. first\n2. second", ()),
        ("이벤트 38건", ("38",)),
    ],
)
def test_a_number_that_no_tool_returned_is_named(said, unverified):
    ledger = Ledger()
    ledger.returned({"total": 37, "shown": 1234, "events": [{"began": "2026-11-27 22:14:05", "lasted": "12.3 s", "acknowledged": True}]})
    assert ledger.check(said).unverified_numbers == unverified


def test_who_asks_may_see_his_own_numbers_again():
    assert Ledger("events of camera 42?").check("Camera 42 is quiet.").unverified_numbers == ()


@given(st.floats(0.0, 1e6), st.sampled_from(["en", "ko"]))
def test_a_length_of_time_has_no_number_that_is_not_its_own(seconds, language):
    ledger = Ledger()
    ledger.returned({"lasted": length(seconds, language)})
    assert set(numbers_in(length(seconds, language))) <= ledger._numbers


@given(st.text(max_size=200))
def test_whatever_a_model_says_is_checked_without_a_fault(text):
    checked = Ledger().check(text)
    assert checked.citations == ()
    assert checked.unverified_numbers == tuple(dict.fromkeys(numbers_in(checked.text)))
