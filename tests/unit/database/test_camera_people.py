"""The grants on one camera, on both databases."""

import pytest
from tests.support.accounts import BOSS, make_auth
from tests.support.postgres import engine  # noqa: F401

from haetae.domain.viewer import AccessLevel, Role
from haetae.errors import NotFound, UnknownCamera
from haetae.ids import new_id


@pytest.fixture
def site(engine, tmp_path):  # noqa: F811
    return make_auth(engine, tmp_path)


def people(site, camera_id):
    return {person.username: person.level for person in site.store.people_with(camera_id)}


def test_the_grants_on_a_camera_are_replaced_and_those_on_others_stay(site):
    gate, yard = site.camera("gate"), site.camera("yard")
    kim = site.user("kim", Role.OPERATOR, {gate: AccessLevel.VIEW, yard: AccessLevel.VIEW})
    lee, park = site.user("lee", grants={gate: AccessLevel.VIEW}), site.user("park")
    site.store.set_people(gate, {kim.id: AccessLevel.ADMIN, park.id: AccessLevel.VIEW}, BOSS)
    assert people(site, gate) == {"kim": AccessLevel.ADMIN, "park": AccessLevel.VIEW}
    assert people(site, yard) == {"kim": AccessLevel.VIEW}
    entry = site.audited()[-1]
    assert (entry.action, entry.actor_name, entry.target_id) == ("access.change", "boss", str(gate))
    assert entry.before == {str(kim.id): "view", str(lee.id): "view"}
    assert entry.after == {str(kim.id): "admin", str(park.id): "view"}


def test_nothing_is_written_when_one_of_them_does_not_exist_or_nothing_changes(site):
    gate, kim = site.camera(), site.user("kim")
    wanted = {kim.id: AccessLevel.VIEW}
    site.store.set_people(gate, wanted, BOSS)
    entries = len(site.audited())
    site.store.set_people(gate, wanted, BOSS)
    with pytest.raises(NotFound, match="there is no user"):
        site.store.set_people(gate, {new_id(): AccessLevel.VIEW}, BOSS)
    for refused in (lambda: site.store.set_people(new_id(), wanted, BOSS), lambda: site.store.people_with(new_id())):
        with pytest.raises(UnknownCamera):
            refused()
    assert people(site, gate) == {"kim": AccessLevel.VIEW}
    assert len(site.audited()) == entries
