"""Signed tokens: short-lived, each kind with an audience of its own, so that none passes for another."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt

from haetae.api.auth.keys import ALGORITHM, SigningKeys
from haetae.clock import Clock
from haetae.errors import Unauthenticated
from haetae.ids import new_id

ISSUER = "haetae"
_MOST_CHARACTERS = 4096
_REQUIRED = ["iss", "aud", "sub", "gen", "iat", "exp", "jti"]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token that was found good says: who, as of which generation; `extra` is all the rest. No role: that is looked up."""

    user_id: UUID
    generation: int
    expires_at: datetime
    extra: Mapping[str, Any]


class SignedTokens:
    """Tokens for one audience. Safe to call from any thread."""

    def __init__(self, keys: SigningKeys, clock: Clock, *, audience: str) -> None:
        self._keys = keys
        self._clock = clock
        self._audience = audience

    def sign(self, user_id: UUID, generation: int, life_s: float, extra: Mapping[str, Any] | None = None) -> tuple[str, datetime]:
        """A token and when it expires (to the second)."""
        key = self._keys.current()
        now = self._clock.now()
        expires_at = (now + timedelta(seconds=life_s)).replace(microsecond=0)
        claims = {
            **(extra or {}),
            "iss": ISSUER,
            "aud": self._audience,
            "sub": str(user_id),
            "gen": generation,
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": str(new_id()),
        }
        return jwt.encode(claims, key.secret, algorithm=ALGORITHM, headers={"kid": key.id}), expires_at

    def read(self, token: str) -> Claims:
        """Raises Unauthenticated for anything but a token of this audience that this site signed and that has not expired."""
        try:
            claims = self._decode(token)
            user_id, generation, expires = UUID(claims["sub"]), claims["gen"], claims["exp"]
            if type(generation) is not int or type(expires) is not int:
                raise _invalid()
            expires_at = datetime.fromtimestamp(expires, UTC)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, OSError) as error:
            raise _invalid() from error
        if self._clock.now() >= expires_at:
            raise Unauthenticated("the log-in has expired", hint="Refresh it, or log in again")
        return Claims(user_id, generation, expires_at, claims)

    def _decode(self, token: str) -> dict[str, Any]:
        if len(token) > _MOST_CHARACTERS:
            raise _invalid()
        key_id = jwt.get_unverified_header(token).get("kid")
        key = self._keys.find(key_id) if isinstance(key_id, str) else None
        if key is None:
            raise _invalid()
        # Times are compared with the Clock, by the caller.
        options: Any = {"require": _REQUIRED, "strict_aud": True, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
        return jwt.decode(token, key.secret, algorithms=[ALGORITHM], audience=self._audience, issuer=ISSUER, options=options)


class AccessTokens:
    """What the bearer of a log-in shows at each request."""

    def __init__(self, keys: SigningKeys, clock: Clock, *, life_s: float) -> None:
        self._tokens = SignedTokens(keys, clock, audience="haetae:access")
        self._life_s = life_s

    def issue(self, user_id: UUID, generation: int) -> tuple[str, datetime]:
        """A token and when it expires."""
        return self._tokens.sign(user_id, generation, self._life_s)

    def read(self, token: str) -> Claims:
        """Raises Unauthenticated."""
        return self._tokens.read(token)


def _invalid() -> Unauthenticated:
    return Unauthenticated("the token is not valid", hint="Log in again")
