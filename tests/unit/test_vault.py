import os
import stat
import threading
from pathlib import Path

import pytest

from haetae.errors import ConfigError, StorageError
from haetae.vault import Vault, is_sealed, key_folder

PLACE = "cameras.source:1"
SECRET = "rtsp://admin:p4ss@10.0.0.5/"


def key_of(folder: Path) -> Path:
    return key_folder(folder) / "site.key"


def test_what_is_sealed_opens_again_and_shows_nothing(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    sealed = vault.seal(SECRET, place=PLACE)
    assert sealed.startswith("sealed:v1:")
    assert is_sealed(sealed)
    assert "p4ss" not in sealed
    assert vault.seal(SECRET, place=PLACE) != sealed
    assert Vault.open(tmp_path).unseal(sealed, place=PLACE) == SECRET
    assert vault.unseal(vault.seal("비밀", place=PLACE), place=PLACE) == "비밀"


def test_plain_text_passes_as_it_is(tmp_path: Path) -> None:
    assert Vault.open(tmp_path).unseal(SECRET, place=PLACE) == SECRET


def test_looking_makes_no_key_and_the_first_seal_makes_one_for_its_owner_alone(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path / "site")
    vault.unseal(SECRET, place=PLACE)
    assert not (tmp_path / "site").exists()
    before = os.umask(0)
    try:
        vault.seal(SECRET, place=PLACE)
    finally:
        os.umask(before)
    assert stat.S_IMODE(key_of(tmp_path / "site").stat().st_mode) == 0o600
    assert stat.S_IMODE(key_folder(tmp_path / "site").stat().st_mode) == 0o700
    assert os.listdir(key_folder(tmp_path / "site")) == ["site.key"]


def test_a_sealed_text_opens_at_its_own_place_only_and_not_when_changed(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    sealed = vault.seal(SECRET, place=PLACE)
    name, _, data = sealed.removeprefix("sealed:v1:").partition(":")
    flipped = data[:20] + ("A" if data[20] != "A" else "B") + data[21:]
    for text, place in (
        (sealed, "cameras.source:2"),
        (f"sealed:v1:{name}:{flipped}", PLACE),
        (f"sealed:v1:{name}:{data[:8]}", PLACE),
        (f"sealed:v1:{name}:", PLACE),
        (f"sealed:v1:{name}:***", PLACE),
        (f"sealed:v1:{name}:ü", PLACE),
    ):
        with pytest.raises(ConfigError, match="changed, or was sealed for another place"):
            vault.unseal(text, place=place)


def test_a_key_that_is_not_here_is_named_with_what_to_do(tmp_path: Path) -> None:
    sealed = Vault.open(tmp_path / "a").seal(SECRET, place=PLACE)
    other = Vault.open(tmp_path / "b")
    other.seal(SECRET, place=PLACE)
    for vault in (other, Vault.open(tmp_path / "none")):
        with pytest.raises(ConfigError, match="not in .*site.key") as refused:
            vault.unseal(sealed, place=PLACE)
        assert "backup" in refused.value.hint


def test_two_that_make_the_key_at_once_have_the_same(tmp_path: Path) -> None:
    vaults = [Vault.open(tmp_path) for _ in range(8)]
    barrier = threading.Barrier(len(vaults))
    sealed: list[str] = []

    def seal(vault: Vault) -> None:
        barrier.wait(10)
        sealed.append(vault.seal(SECRET, place=PLACE))

    threads = [threading.Thread(target=seal, args=(vault,)) for vault in vaults]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(sealed) == len(vaults)
    assert {Vault.open(tmp_path).unseal(text, place=PLACE) for text in sealed} == {SECRET}


def test_a_new_key_seals_and_the_old_one_still_opens(tmp_path: Path) -> None:
    vault, other = Vault.open(tmp_path), Vault.open(tmp_path)
    before = vault.seal(SECRET, place=PLACE)
    assert other.unseal(before, place=PLACE) == SECRET
    vault.rotate()
    after = vault.seal(SECRET, place=PLACE)
    assert before.split(":")[2] != after.split(":")[2]
    assert vault.is_current(after)
    assert not vault.is_current(before)
    assert not vault.is_current(SECRET)
    # Also in a process that had read the keys before.
    assert [other.unseal(text, place=PLACE) for text in (before, after)] == [SECRET, SECRET]
    assert stat.S_IMODE(key_of(tmp_path).stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    Vault.open(tmp_path).seal(SECRET, place=PLACE)
    key_of(tmp_path).chmod(mode)
    with pytest.raises(StorageError, match="chmod 600"):
        Vault.open(tmp_path)


def test_a_folder_in_which_others_could_put_another_key_is_refused(tmp_path: Path) -> None:
    Vault.open(tmp_path).seal(SECRET, place=PLACE)
    key_folder(tmp_path).chmod(0o770)
    with pytest.raises(StorageError, match="chmod 700"):
        Vault.open(tmp_path)


@pytest.mark.parametrize("content", ["", "no key\n", "c2hvcnQ=\n"])
def test_a_file_without_a_key_is_refused_and_left_as_it_is(tmp_path: Path, content: str) -> None:
    Vault.open(tmp_path).seal(SECRET, place=PLACE)
    key_of(tmp_path).write_text(content)
    with pytest.raises(StorageError, match="holds no site key"):
        Vault.open(tmp_path)
    assert key_of(tmp_path).read_text() == content


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("no folder")
    with pytest.raises(StorageError, match="cannot be used"):
        Vault.open(tmp_path).seal(SECRET, place=PLACE)
