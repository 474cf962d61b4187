"""Tickets: links to one clip, picture or socket, for where a browser cannot send a header. They may end up in logs, so they are short."""

from datetime import datetime
from uuid import UUID

from haetae.api.auth.keys import SigningKeys
from haetae.api.auth.tokens import SignedTokens
from haetae.api.auth.viewers import Viewers
from haetae.clock import Clock
from haetae.domain.viewer import Viewer
from haetae.errors import ConfigError, Unauthenticated

MAX_PATH = 1024


class Tickets:
    """Safe to call from any thread."""

    def __init__(self, keys: SigningKeys, viewers: Viewers, clock: Clock, *, life_s: float) -> None:
        self._tokens = SignedTokens(keys, clock, audience="haetae:ticket")
        self._viewers = viewers
        self._life_s = life_s

    def issue(self, viewer: Viewer, path: str, *, life_s: float | None = None) -> tuple[str, datetime]:
        """A ticket with which `viewer` may ask for `path` (as the server sees it: /api/v1/..., no query), and when it expires.

        At most the configured life. It says nothing of access, which is decided at use. Raises ConfigError for what is no path,
        Unauthenticated.
        """
        if not path.startswith("/") or len(path) > MAX_PATH or not path.isascii():
            raise ConfigError("a ticket is for a path of this server", hint="Use one such as /api/v1/events/<id>/clip")
        _, generation = self._viewers.again(viewer.user_id, viewer.api_key_id)
        extra = {"path": path, "key": str(viewer.api_key_id) if viewer.api_key_id else None}
        life_s = self._life_s if life_s is None else min(life_s, self._life_s)
        return self._tokens.sign(viewer.user_id, generation, life_s, extra)

    def viewer(self, ticket: str, path: str) -> Viewer:
        """Who holds this ticket for this very path, as of now. Raises Unauthenticated."""
        claims = self._tokens.read(ticket)
        key = claims.extra.get("key")
        if claims.extra.get("path") != path:
            raise Unauthenticated("the ticket is for something else", hint="Ask for a new one")
        return self._viewers.again(claims.user_id, UUID(key) if isinstance(key, str) else None, claims.generation)[0]
