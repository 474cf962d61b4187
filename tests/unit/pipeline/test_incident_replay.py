from haetae.domain.plan import ActionKind, PlannedAction, PlannedBy, ResponsePlan
from haetae.pipeline.incident_replay import Replayed, difference, difference_lines

NOTE = PlannedAction(ActionKind.ADD_NOTE, text="look")
SIREN = PlannedAction(ActionKind.SIREN, "front", {"seconds": 10})


def test_the_same_plan_is_the_same():
    plan = ResponsePlan((NOTE, SIREN), disputed=(PlannedAction(ActionKind.SNAPSHOT),), elapsed_s=1.0)
    replayed = Replayed(1, plan, ResponsePlan((SIREN, NOTE), disputed=plan.disputed, elapsed_s=2.0))
    assert difference(replayed).none
    assert list(difference_lines(replayed)) == ["Plan 1: the same"]


def test_every_difference_is_named():
    louder = PlannedAction(ActionKind.SIREN, "front", {"seconds": 60})
    then = ResponsePlan((NOTE, SIREN), PlannedBy.SEQUENTIAL, 3)
    again = ResponsePlan((louder,), PlannedBy.PLAYBOOK, 3, refused=((NOTE, "never"),), fallback="no model")
    assert list(difference_lines(Replayed(2, then, again))) == [
        "Plan 2: different",
        "  - add_note 'look'",
        "  + add_note 'look'",
        "  ~ siren:front seconds=10  ->  siren:front seconds=60",
        "  ~ planned_by: sequential  ->  playbook",
        "  ~ fallback:   ->  no model",
    ]
