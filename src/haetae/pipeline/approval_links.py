"""Links by which one person decides one question."""

from urllib.parse import quote
from uuid import UUID

from haetae.errors import ConfigError
from haetae.vault import Vault

PATH = "/api/v1/approvals/link"

_PLACE = "approvals.link"
_MARK = "sealed:v1:"


class ApprovalLinks:
    """What a link is about and whom it is for is sealed in it, so that nobody can make one. By itself it decides nothing: that takes the
    code beside it, in time. Any thread."""

    def __init__(self, public_url: str, vault: Vault) -> None:
        self._base = public_url.rstrip("/")
        self._vault = vault

    def url(self, approval_id: UUID, user_id: UUID) -> str:
        """Empty where the site has no public address: a link that leads nowhere is worse than none. Raises StorageError for the key."""
        if not self._base:
            return ""
        sealed = self._vault.seal(f"{approval_id} {user_id}", place=_PLACE).removeprefix(_MARK)
        return f"{self._base}{PATH}?token={quote(sealed)}"

    def read(self, token: str) -> tuple[UUID, UUID]:
        """Question and person of a link. Raises ConfigError for one that was not made here."""
        approval_id, _, user_id = self._vault.unseal(f"{_MARK}{token}", place=_PLACE).partition(" ")
        try:
            return UUID(approval_id), UUID(user_id)
        except ValueError:
            raise ConfigError("this link is about nothing", hint="Use the link of the newest message") from None
