"""Links by which a recipient leaves the digests of a channel."""

from urllib.parse import quote
from uuid import UUID

from haetae.vault import Vault

PATH = "/api/v1/notices/unsubscribe"

_PLACE = "notices.unsubscribe"
_MARK = "sealed:v1:"


class UnsubscribeLinks:
    """Whom a link is for is sealed in it, so that nobody can make one for somebody else. Any thread."""

    def __init__(self, public_url: str, vault: Vault) -> None:
        self._base = public_url.rstrip("/")
        self._vault = vault

    def url(self, channel_id: UUID, target: str) -> str:
        """Empty where the site has no public address: a link that leads nowhere is worse than none. Raises StorageError for the key."""
        if not self._base:
            return ""
        sealed = self._vault.seal(f"{channel_id} {target}", place=_PLACE).removeprefix(_MARK)
        return f"{self._base}{PATH}?token={quote(sealed)}"

    def read(self, token: str) -> tuple[UUID, str]:
        """Channel and address of a link. Raises ConfigError for one that was not made here."""
        channel_id, _, target = self._vault.unseal(f"{_MARK}{token}", place=_PLACE).partition(" ")
        return UUID(channel_id), target
