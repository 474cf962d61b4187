import os
from pathlib import Path

import pytest
from tests.support.accounts import at_once

from haetae.api.auth.keys import SigningKeys
from haetae.errors import ConfigError
from haetae.testing.clock import FakeClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "storage" / "keys" / "jwt.json"


def make_keys(path: Path, clock: FakeClock | None = None) -> SigningKeys:
    return SigningKeys(path, clock or FakeClock(), longest_life_s=900)


def test_the_first_start_makes_a_key_that_only_its_user_can_read(path):
    old = os.umask(0)
    try:
        key = make_keys(path).current()
    finally:
        os.umask(old)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert len(key.secret) == 32
    assert [each.name for each in path.parent.iterdir()] == ["jwt.json"]
    assert make_keys(path).current() == key
    assert str(key.secret) not in repr(key)


def test_of_many_that_start_at_once_all_have_the_same_key(path):
    found = at_once(*[lambda: make_keys(path).current().id] * 8)
    assert len(set(found)) == 1
    assert [each.name for each in path.parent.iterdir()] == ["jwt.json"]


def test_a_rotated_key_verifies_for_as_long_as_its_tokens_live(path):
    clock = FakeClock()
    keys = make_keys(path, clock)
    first = keys.current()
    second = keys.rotate()
    assert keys.current().id == second.id != first.id
    assert keys.find(first.id).secret == first.secret
    clock.advance(500)
    third = keys.rotate()
    clock.advance(401)
    assert keys.find(first.id) is None
    assert (keys.find(second.id).id, keys.find(third.id).id) == (second.id, third.id)
    assert keys.find("no such") is None
    keys.rotate()
    assert first.id not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_rotation_by_another_process_is_noticed(path):
    here, there = make_keys(path), make_keys(path)
    old = here.current()
    new = there.rotate()
    assert here.current() == new
    assert here.find(old.id).id == old.id


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_file_that_others_can_read_or_change_is_refused(path, mode):
    keys = make_keys(path)
    path.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        make_keys(path)
    with pytest.raises(ConfigError, match="chmod 600"):
        keys.current()
    path.chmod(0o600)
    assert keys.current()


def test_a_folder_that_others_can_change_is_refused(path):
    make_keys(path)
    path.parent.chmod(0o777)
    with pytest.raises(ConfigError, match="chmod 700"):
        make_keys(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b'{"keys": []}',
        b'{"keys": [{"id": "x", "secret": "c2hvcnQ=", "created_at": "2026-01-01T00:00:00+00:00", "retired_at": null}]}',
        b'{"keys": [{"id": 1, "secret": 2, "created_at": 3, "retired_at": null}]}',
        b"\xff\xfe",
    ],
)
def test_a_file_without_keys_is_refused_and_left_as_it_is(path, content):
    make_keys(path)
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="holds no key"):
        make_keys(path)
    assert path.read_bytes() == content


def test_a_link_in_the_place_of_the_file_is_refused(path, tmp_path):
    make_keys(path)
    real = path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(real)
    with pytest.raises(ConfigError, match="cannot be read"):
        make_keys(path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "keys").write_text("a file")
    with pytest.raises(ConfigError, match="cannot be written"):
        make_keys(tmp_path / "keys" / "jwt.json")
