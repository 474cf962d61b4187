"""The codes by which people decide through a link: each person's own for each question, made of a secret that is sealed with it."""

import base64
import hashlib
import hmac
import secrets
from uuid import UUID

from haetae.vault import Vault

MOST_WRONG = 10
"""After so many wrong codes nobody decides through a link any more; in the console they still can."""


def new_secret(vault: Vault, approval_id: UUID) -> str:
    """What is kept of a question. Raises StorageError while the site's key cannot be used."""
    return vault.seal(secrets.token_hex(32), place=_place(approval_id))


def code_of(vault: Vault, approval_id: UUID, sealed: str, user_id: UUID) -> str:
    """Eight letters and digits without those that look alike. Raises ConfigError for a secret that was not sealed here."""
    secret = vault.unseal(sealed, place=_place(approval_id))
    digest = hmac.new(secret.encode(), approval_id.bytes + user_id.bytes, hashlib.sha256).digest()
    return base64.b32encode(digest[:5]).decode()


def is_code(given: str, code: str) -> bool:
    """Whether it is that code, however it was typed; in constant time."""
    plain = "".join(sign for sign in given.upper() if sign.isalnum() and sign.isascii())
    return hmac.compare_digest(plain.encode(), code.encode())


def _place(approval_id: UUID) -> str:
    return f"approvals.secret:{approval_id}"
