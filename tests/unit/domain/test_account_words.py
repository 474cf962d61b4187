import pytest

from haetae.domain.account import checked_language, normal_email, normal_username
from haetae.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kim", "kim"),
        ("ｋｉｍ", "kim"),
        ("김철수", "김철수"),
        ("\u1100\u1175\u11b7", "김"),
        ("Straße", "strasse"),
        ("o.brien-2@site+x_y", "o.brien-2@site+x_y"),
        ("สมชาย", "สมชาย"),
        ("กี้", "กี้"),
        ("a" * 64, "a" * 64),
    ],
)
def test_a_user_name_has_one_spelling(text, name):
    assert normal_username(text) == name
    assert normal_username(normal_username(text)) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "kim ",
        " kim",
        "a b",
        "a" * 65,
        "ß" * 33,
        "a" * 10_000,
        ".kim",
        "-x",
        "kim\0",
        "kim\n",
        "k\u200bim",
        "\u3164",
        "ki\u0000m",
        "<b>",
        "a/b",
        "'",
        "k\ufe0fim",
        "\ud800",
        "😀",
    ],
)
def test_what_is_no_user_name_is_refused(text):
    with pytest.raises(ConfigError, match="user name"):
        normal_username(text)


def test_an_address_has_one_spelling():
    assert normal_email("  Kim@Example.COM ") == "kim@example.com"
    assert normal_email("   ") is None


@pytest.mark.parametrize(
    "text",
    [
        "kim",
        "@x",
        "kim@",
        "a@b@c",
        "a b@c.de",
        "a@b\n.de",
        "<a@b.de>",
        "a" * 65 + "@b.de",
        "a@" + "b" * 260,
        "a\x00@b.de",
        "a@b\u200b.de",
        "a@\ud800",
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ConfigError, match="e-mail"):
        normal_email(text)


def test_a_language_is_a_tag():
    assert [checked_language(tag) for tag in ("en", "ko", "pt-BR")] == ["en", "ko", "pt-BR"]
    for text in ("", "EN", "en_US", "english", "en-Latn-US", "../x"):
        with pytest.raises(ConfigError):
            checked_language(text)
