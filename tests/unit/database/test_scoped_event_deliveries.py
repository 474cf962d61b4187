import pytest
from tests.support.counted import ADMIN, GATE, GUARD, GUEST, NOBODY, ROOF
from tests.support.event_desk import EventDesk
from tests.support.notices import a_delivery, after
from tests.support.outbox import OutboxDesk
from tests.support.postgres import engine  # noqa: F401

from haetae.database.scoped.event_deliveries import ScopedDeliveries
from haetae.domain.notice import DeliveryState
from haetae.errors import NotFound


@pytest.fixture
def site(engine, tmp_path):  # noqa: F811
    return EventDesk(engine), OutboxDesk(engine, tmp_path)


def test_who_sees_an_event_sees_what_was_told_of_it_but_not_to_whom(site):
    events, outbox = site
    event = events.add(camera_id=GATE)
    told = {"event_id": event.id, "camera_id": GATE, "state": DeliveryState.DEAD, "error": "550 guard@example.org", "attempts": 2}
    theirs, own = outbox.put(
        a_delivery(**told),
        a_delivery(**told | {"target": "own@example.org", "user_id": GUARD.user_id, "created_at": after(1)}),
    )
    outbox.put(a_delivery(camera_id=GATE))
    reader = ScopedDeliveries(outbox.sessions)
    seen = reader.of_event(GUARD, event.id)
    assert [(row.id, row.state, row.attempts, row.mine) for row in seen] == [
        (theirs.id, DeliveryState.DEAD, 2, False),
        (own.id, DeliveryState.DEAD, 2, True),
    ]
    assert [(row.target, row.error) for row in seen] == [(None, None), ("own@example.org", None)]
    assert [row.target for row in reader.of_event(ADMIN, event.id)] == ["guard@example.org", "own@example.org"]
    assert reader.of_event(ADMIN, event.id)[0].error == "550 guard@example.org"


@pytest.mark.parametrize("viewer", [GUEST, NOBODY], ids=lambda viewer: viewer.name)
def test_who_does_not_see_an_event_learns_nothing_of_it(site, viewer):
    events, outbox = site
    event = events.add(camera_id=ROOF)
    outbox.put(a_delivery(event_id=event.id, camera_id=ROOF, user_id=viewer.user_id))
    with pytest.raises(NotFound):
        ScopedDeliveries(outbox.sessions).of_event(viewer, event.id)
    assert len(ScopedDeliveries(outbox.sessions).of_event(ADMIN, event.id)) == 1
