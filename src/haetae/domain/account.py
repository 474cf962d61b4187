"""What a user name, an e-mail address and a language may be."""

import re
import unicodedata

from haetae.errors import ConfigError

MAX_USERNAME = 64
MAX_EMAIL = 254
MAX_LANGUAGE = 8
_MARKS = "._-@+"
# Letters by category that nobody sees: two names that look the same must be the same.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_EMAIL = re.compile(r"[^\s@<>\x00-\x1f\x7f]{1,64}@[^\s@<>\x00-\x1f\x7f]{1,189}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")


def normal_username(text: str) -> str:
    """The one spelling of a user name: NFKC and lower case, so that `Kim` and `kim` are one person. Raises ConfigError.

    1 to 64 letters and digits of any script and `._-@+`; the first is a letter or a digit.
    """
    # Folding may undo the normal form, so it is made once more. A name four times too long needs no work.
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text[: 4 * MAX_USERNAME]).casefold())
    if not 0 < len(name) <= MAX_USERNAME or len(text) > 4 * MAX_USERNAME:
        raise ConfigError("the user name is empty or too long", hint=f"Use 1 to {MAX_USERNAME} letters and digits")
    if (
        name[0] in _MARKS
        or _INVISIBLE.search(name)
        or not all(c in _MARKS or unicodedata.category(c)[0] in "LN" or _joins(c) for c in name)
    ):
        raise ConfigError(
            "the user name has characters that are not allowed",
            hint=f"Use letters and digits of any language, and {_MARKS} after the first",
        )
    return name


def normal_email(text: str) -> str | None:
    """The one spelling of an e-mail address (NFC, lower case); None for an empty one. Raises ConfigError."""
    address = unicodedata.normalize("NFC", text[: 2 * MAX_EMAIL]).strip().casefold()
    if not address:
        return None
    if len(address) > MAX_EMAIL or not _EMAIL.fullmatch(address) or not address.isprintable():
        raise ConfigError("the e-mail address cannot be one", hint="It looks like name@example.com")
    return address


def checked_language(text: str) -> str:
    """A language tag such as `en`, `ko`, `pt-BR`. Raises ConfigError."""
    if len(text) > MAX_LANGUAGE or not _LANGUAGE.fullmatch(text):
        raise ConfigError("the language is no language tag", hint="Use one such as en, de or ko")
    return text


def _joins(character: str) -> bool:
    """A mark that belongs to the letter before it, which some scripts cannot be written without."""
    return unicodedata.category(character) in ("Mn", "Mc")
