import re
import threading
import unicodedata

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from tests.support.accounts import PASSWORD, cheap_passwords

from haetae.api.auth.passwords import MAX_PASSWORD, Passwords, Verdict
from haetae.errors import ConfigError, TooManyRequests


@pytest.fixture
def passwords() -> Passwords:
    return cheap_passwords()


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "x7#Kd0-qQ2!z",
        "비밀번호는길고길다열두자",
        "🙂🙃🐻 wanders home",
        "\0\x01 control 9 z",
        "a very " * 30,
        "haetae guards old palace gates",
        "kim loves 4 tulips",
    ],
)
def test_any_characters_make_a_password(passwords, password):
    passwords.check(password, username="kim", email="kim@example.com")
    stored = passwords.hash(password)
    assert stored.startswith("$argon2id$")
    assert passwords.verify(password, stored) == Verdict(True)
    assert passwords.verify(password + " ", stored) == Verdict(False)


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("", "fewer than 12"),
        ("tulip anvil", "fewer than 12"),
        ("x" * (MAX_PASSWORD + 1), "more than 256"),
        ("y🙂" * 200, "more than 256"),
        ("Password!2024", "commonest"),
        ("!!administrator99", "commonest"),
        ("iloveyou123456", "commonest"),
        ("passwordpassword", "commonest"),
        ("aaaaaaaaaaaaaa", "pattern"),
        ("abcabcabcabcab", "pattern"),
        ("a1!Ba1!Ba1!Ba1!B", "pattern"),
        ("abcdefghijklmn", "pattern"),
        ("123456789012", "pattern"),
        ("987654321098", "pattern"),
        ("qwertyuiopqwerty", "pattern"),
        ("MNBVCXZmnbvcxz", "pattern"),
        ("            ", "pattern"),
        ("kim.chulsoo-1", "user name"),
        ("KIM.CHULSOO-1", "user name"),
        ("kim.chulsoo-1!!77", "user name"),
        ("mail@example.com", "e-mail"),
        ("mailbox-of-kim", "e-mail"),
    ],
)
def test_what_is_easily_guessed_is_refused_with_what_is_wrong(passwords, password, fault):
    email = "mailbox-of-kim@example.com" if password.startswith("mailbox") else "mail@example.com"
    with pytest.raises(ConfigError, match=fault):
        passwords.check(password, username="kim.chulsoo-1", email=email)


def test_all_that_is_wrong_is_named_at_once_and_the_password_is_not(passwords):
    with pytest.raises(ConfigError) as caught:
        passwords.check("qwerty12")
    assert "fewer than 12" in str(caught.value)
    assert "commonest" in str(caught.value)
    assert "qwerty12" not in str(caught.value)


def test_the_shortest_length_is_the_sites(passwords):
    cheap_passwords(min_length=8).check("tu1ip an")
    with pytest.raises(ConfigError, match="fewer than 20"):
        cheap_passwords(min_length=20).check(PASSWORD)


def test_the_products_own_parameters_are_above_what_owasp_asks_for_at_least():
    stored = Passwords(min_length=12).hash(PASSWORD)
    found = re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$", stored)
    assert found is not None
    memory_kib, passes, lanes = map(int, found.groups())
    assert memory_kib >= 19 * 1024
    assert passes >= 2
    assert 2 * memory_kib <= 128 * 1024, "two at once must fit a small box"
    assert lanes == 1


def test_the_same_word_from_another_keyboard_is_the_same_password(passwords):
    composed, taken_apart = "비밀번호는길고길다", unicodedata.normalize("NFD", "비밀번호는길고길다")
    assert composed != taken_apart
    assert passwords.verify(taken_apart, passwords.hash(composed)).right


def test_what_is_no_text_is_wrong_and_no_error(passwords):
    stored = passwords.hash(PASSWORD)
    for password in ("\ud800" * 12, "x" * 100_000, ""):
        assert passwords.verify(password, stored) == Verdict(False)


def test_an_unknown_user_costs_one_hash_as_a_known_one_does(passwords, monkeypatch):
    verified: list[object] = []
    verify = Argon2Hasher.verify

    def count(self: Argon2Hasher, password: str, stored: str) -> bool:
        verified.append(stored)
        return verify(self, password, stored)

    stored = passwords.hash(PASSWORD)
    monkeypatch.setattr(Argon2Hasher, "verify", count)
    assert passwords.verify("wrong password", stored) == Verdict(False)
    for nobody in (None, "no hash at all"):
        assert passwords.verify(PASSWORD, nobody) == Verdict(False)
    assert passwords.verify("nobody has this password", None) == Verdict(False)
    assert len(verified) == 4


def test_an_old_hash_is_renewed_when_its_password_is_given(passwords):
    old = Passwords(min_length=12, hasher=Argon2Hasher(time_cost=2, memory_cost=8, parallelism=1)).hash(PASSWORD)
    assert passwords.verify("wrong password", old) == Verdict(False)
    verdict = passwords.verify(PASSWORD, old)
    assert verdict.right
    assert verdict.new_hash is not None
    assert passwords.verify(PASSWORD, verdict.new_hash) == Verdict(True)


def test_a_flood_is_sent_away_instead_of_taking_all_threads_and_memory(monkeypatch):
    passwords = cheap_passwords(at_once=2, waiting=3)
    lock, running, most, release = threading.Lock(), [0], [0], threading.Event()
    hash_ = Argon2Hasher.hash

    def slow(self: Argon2Hasher, password: str, **_: object) -> str:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        assert release.wait(30)
        with lock:
            running[0] -= 1
        return hash_(self, password)

    monkeypatch.setattr(Argon2Hasher, "hash", slow)
    refused: list[TooManyRequests] = []

    def knock() -> None:
        try:
            passwords.hash(PASSWORD)
        except TooManyRequests as error:
            refused.append(error)
            # Whoever has a place stays until all others were sent away.
            if len(refused) == 7:
                release.set()

    threads = [threading.Thread(target=knock) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert (len(refused), most[0]) == (7, 2)
    assert refused[0].retry_after_s > 0
    assert passwords.hash(PASSWORD)
