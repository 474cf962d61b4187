"""When incidents happen."""

from itertools import islice, pairwise

import pytest

from haetae.errors import ConfigError
from haetae.simulate.labelling import ground_truth
from haetae.simulate.scenes import SCENES, load_scene
from haetae.simulate.schedule import GAP_S, plan, suitable_kinds
from haetae.simulate.spec import IncidentKind, SceneSpec


@pytest.mark.parametrize("scene", SCENES.names())
def test_every_incident_that_a_scene_can_show_is_seen_once_and_apart_from_the_others(scene: str) -> None:
    kinds = suitable_kinds(load_scene(scene))
    labels = ground_truth(SceneSpec(scene, seconds=600.0, fps=4.0, normal_s=60.0, incidents=kinds))
    assert [incident.kind for incident in labels.incidents] == list(kinds)
    assert labels.incidents[0].start_s >= 60.0
    assert labels.incidents[-1].end_s <= 600.0
    for before, after in pairwise(labels.incidents):
        assert after.start_s - before.end_s >= GAP_S - 0.5
    for incident in labels.incidents:
        assert 2.0 <= incident.end_s - incident.start_s <= 45.0
        for box in incident.boxes.values():
            assert 0.0 <= box.left < box.right <= 1.0
            assert 0.0 <= box.top < box.bottom <= 1.0


def test_the_usual_mix_fills_the_time_after_the_lead_in() -> None:
    spec = SceneSpec("plaza", seconds=180.0)
    acts = list(plan(spec, load_scene("plaza")))
    assert len(acts) >= 4
    assert acts[0].begins_s >= 72.0
    assert acts[-1].ends_s <= 180.0


def test_other_seeds_give_other_times() -> None:
    layout = load_scene("plaza")
    starts = {next(plan(SceneSpec("plaza", seed=seed, seconds=60.0, incidents=(IncidentKind.FALL,)), layout)).begins_s for seed in range(5)}
    assert len(starts) == 5


def test_an_endless_scene_goes_through_its_incidents_again_and_again() -> None:
    kinds = (IncidentKind.FALL, IncidentKind.FIGHT)
    acts = list(islice(plan(SceneSpec("plaza", seconds=None, normal_s=0.0, incidents=kinds), load_scene("plaza")), 5))
    assert [act.kind for act in acts] == [kinds[i % 2] for i in range(5)]
    assert all(after.begins_s - before.ends_s >= GAP_S for before, after in pairwise(acts))


def test_an_incident_that_does_not_suit_the_scene_is_refused_with_those_that_do() -> None:
    with pytest.raises(ConfigError, match=r"cannot show wrong_way.*running"):
        plan(SceneSpec("plaza", incidents=(IncidentKind.WRONG_WAY,)), load_scene("plaza"))


def test_incidents_that_do_not_fit_are_refused_with_a_length_that_works() -> None:
    kinds = (IncidentKind.FALL, IncidentKind.FIGHT)
    with pytest.raises(ConfigError, match="do not fit") as error:
        plan(SceneSpec("plaza", seconds=20.0, incidents=kinds), load_scene("plaza"))
    minutes = float(error.value.hint.split("at least ")[1].split(" minutes")[0])
    assert len(list(plan(SceneSpec("plaza", seconds=minutes * 60.0, incidents=kinds), load_scene("plaza")))) == 2


def test_incidents_begin_when_they_are_told_to() -> None:
    kinds = (IncidentKind.FALL, IncidentKind.LOITERING)
    spec = SceneSpec("plaza", seconds=200.0, incidents=kinds, begins_s=(20.0, 90.5))
    assert [(act.kind, act.begins_s) for act in plan(spec, load_scene("plaza"))] == [(kinds[0], 20.0), (kinds[1], 90.5)]


@pytest.mark.parametrize("begins_s", [(20.0, 25.0), (20.0, 195.0)])
def test_incidents_that_are_told_to_begin_where_there_is_no_room_are_refused(begins_s: tuple[float, ...]) -> None:
    kinds = (IncidentKind.FALL, IncidentKind.LOITERING)
    with pytest.raises(ConfigError, match="has no room"):
        plan(SceneSpec("plaza", seconds=200.0, incidents=kinds, begins_s=begins_s), load_scene("plaza"))


def test_every_incident_needs_its_time() -> None:
    with pytest.raises(ConfigError, match="begins_s"):
        SceneSpec("plaza", incidents=(IncidentKind.FALL,), begins_s=(20.0, 90.5))
