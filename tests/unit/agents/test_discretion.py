"""What models write names no other camera of the site: who sees an event need not see them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import CAMERA
from tests.support.incidents import SITE_WITH_ALL, incidents
from tests.support.minds import SENT_BACK, Cast, plan_of, respond

from haetae.agents.catalogue import Catalogue
from haetae.agents.discretion import Discretion
from haetae.agents.playbook import Playbook
from haetae.domain.incident import Target
from haetae.ids import new_id

NIGHT = next(each for each in incidents() if each.name == "break-in at night")
VAULT = Target("camera", str(new_id()), "Vault")
GATE_2 = Target("camera", str(new_id()), "Gate 2")
SAFE = Target("camera", str(new_id()), "금고실")
SITE = Catalogue.of([*(each for sort in SITE_WITH_ALL.targets.values() for each in sort), VAULT, GATE_2, SAFE])
WITH_NOTES = """
form = 1
name = "Notes"
[[rules]]
name = "all"
must = [{ action = "notify", target = "guards", text = "Go to the Vault" }]
may = ["add_note", "snapshot", { action = "link_cameras", target = "Vault" }]
"""
LEAK = f"The man of the vault went on to {VAULT.id} and to 금고실에서"


def discretion(language="en"):
    return Discretion(NIGHT.toolbox().situation, SITE, language)


def test_other_cameras_are_not_named_and_the_events_own_is():
    said = discretion().text(f"At GATE, then gate 2, VAULT and {GATE_2.id}; vaults are no vault.")
    assert said == "At GATE, then another camera, another camera and another camera; vaults are no another camera."
    assert discretion("ko").text("gate에서 금고실로, 금고실에서 gate로") == "gate에서 다른 카메라로, 다른 카메라에서 gate로"


def test_a_site_of_one_camera_has_nothing_to_hide():
    assert Discretion(NIGHT.toolbox().situation, SITE_WITH_ALL, "en").text("The gate, the vault.") == "The gate, the vault."


@given(
    st.lists(
        st.sampled_from(["Vault", "vAULT", "gate", "Gate 2", "금고실", "금고실에", VAULT.id, str(CAMERA), " ", "s", "2", ".", "서"]),
        max_size=12,
    )
)
def test_whatever_stands_round_it_no_name_is_left_as_a_word(pieces):
    words = discretion().text(" ".join(pieces)).casefold().split()
    assert not {"vault", "gate 2", VAULT.id} & set(words)
    assert not any("금고실" in word for word in words)
    assert words.count(str(CAMERA)) == pieces.count(str(CAMERA))


@pytest.mark.parametrize("flow", ["sequential", "hierarchical", "collaborative"])
def test_a_model_that_names_another_camera_is_not_quoted(flow):
    toolbox = NIGHT.toolbox(playbook=Playbook(WITH_NOTES, version=1, time_zone="UTC"), catalogue=SITE)
    said = plan_of("add_note", f"link_cameras:{VAULT.id}", text=LEAK, why=LEAK) | {"summary": LEAK}
    cautious = plan_of("add_note", text=LEAK, why=LEAK) | {"summary": LEAK}
    plan = respond(flow, NIGHT, Cast(planner=said, responsive=said, cautious=cautious), toolbox=toolbox)
    assert plan.fallback == ""
    [note] = [each for each in plan.actions if each.kind == "add_note"]
    assert note.text == "The man of another camera went on to another camera and to 다른 카메라에서".replace(
        "다른 카메라", "another camera"
    )
    [link] = [each for each in (*plan.actions, *plan.disputed) if each.kind == "link_cameras"]
    assert link.target == VAULT.id
    [notify] = [each for each in plan.actions if each.kind == "notify"]
    assert notify.text == "Go to the Vault", "the playbook's own words are the admin's"
    without_targets = (replace(each, target="") for each in (*plan.actions, *plan.disputed) if each is not notify)
    assert not any(word in f"{[*without_targets]} {plan.summary}".casefold() for word in ("vault", VAULT.id, "금고실"))


def test_a_supervisor_that_names_another_camera_is_not_quoted():
    toolbox = NIGHT.toolbox(playbook=Playbook(WITH_NOTES, version=1, time_zone="UTC"), catalogue=SITE)
    cast = Cast(planner=plan_of("add_note", text=LEAK, why=LEAK), supervisor=SENT_BACK | {"reasons": [LEAK]})
    plan = respond("hierarchical", NIGHT, cast, toolbox=toolbox)
    assert plan.review
    [(note, _)] = plan.refused
    for said in (plan.fallback, note.text, note.reason):
        assert "another camera" in said
        assert not any(word in said.casefold() for word in ("vault", VAULT.id, "금고실"))
