"""The `Authorization` header -> who is asking."""

from haetae.api.auth.tokens import AccessTokens
from haetae.api.auth.viewers import Viewers
from haetae.database.api_key_store import PREFIX
from haetae.domain.viewer import Viewer
from haetae.errors import Unauthenticated

_MOST_CHARACTERS = 4096


class Authenticator:
    """Safe to call from any thread; one or two indexed queries a call, so that what an admin takes away is gone at the next request."""

    def __init__(self, tokens: AccessTokens, viewers: Viewers) -> None:
        self._tokens = tokens
        self._viewers = viewers

    def viewer(self, authorization_header: str | None) -> Viewer:
        """Who shows `Bearer <access token>` or `Bearer hk_...`. Raises Unauthenticated, DatabaseUnavailable."""
        kind, _, credential = (authorization_header or "").partition(" ")
        credential = credential.strip()
        if kind.lower() != "bearer" or not 0 < len(credential) <= _MOST_CHARACTERS:
            raise Unauthenticated("this needs a log-in", hint="Send the header: Authorization: Bearer <token or API key>")
        if credential.startswith(PREFIX):
            return self._viewers.of_key(credential)
        claims = self._tokens.read(credential)
        return self._viewers.of_user(claims.user_id, claims.generation)[0]

    def again(self, viewer: Viewer, generation: int | None = None) -> tuple[Viewer, int]:
        """The same person (by the same key) as of now, for connections that outlive a request; with the generation to ask with next time.

        Raises Unauthenticated when inactive, when the key was revoked, and when `generation` is over (password changed, logged out
        everywhere).
        """
        return self._viewers.again(viewer.user_id, viewer.api_key_id, generation)
