"""Who stands behind a token or a key, as of now: role, grants and whether they are active are read at every use."""

from uuid import UUID

from haetae.database.account_store import AccountStore
from haetae.database.api_key_store import ApiKeyStore, StoredApiKey
from haetae.domain.viewer import ROLES, AccessLevel, Role, Viewer
from haetae.errors import Unauthenticated

_LEVEL = {Role.VIEWER: AccessLevel.VIEW, Role.OPERATOR: AccessLevel.CONTROL, Role.ADMIN: AccessLevel.ADMIN}
"""What a key of an admin, who has no grants, may do with a camera when it is less than its owner."""


class Viewers:
    """Safe to call from any thread. Raises Unauthenticated where there is nobody (any more), DatabaseUnavailable."""

    def __init__(self, store: AccountStore, api_keys: ApiKeyStore) -> None:
        self._store = store
        self._api_keys = api_keys

    def of_user(self, user_id: UUID, generation: int | None = None) -> tuple[Viewer, int]:
        """The user and its generation, which must be `generation` where that is given."""
        found = self._store.viewer_of(user_id)
        if found is None or generation not in (None, found[1]):
            raise Unauthenticated("the log-in has ended", hint="Log in again")
        return found

    def of_key(self, key: str) -> Viewer:
        """Who acts with this API key."""
        found = self._api_keys.find(key)
        if found is None:
            raise Unauthenticated("the API key is not valid, or not any more", hint="Make a new one")
        return self._bounded(self.of_user(found.user_id)[0], found)

    def again(self, user_id: UUID, api_key_id: UUID | None, generation: int | None = None) -> tuple[Viewer, int]:
        """Who was seen before, as of now, by the same key if it was one."""
        viewer, generation = self.of_user(user_id, generation)
        if api_key_id is None:
            return viewer, generation
        key = self._api_keys.get(api_key_id)
        if key is None or key.user_id != user_id:
            raise Unauthenticated("the API key is not valid, or not any more", hint="Make a new one")
        return self._bounded(viewer, key), generation

    def _bounded(self, owner: Viewer, key: StoredApiKey) -> Viewer:
        """The owner, with no more than the key allows: the lesser of both roles, and only the key's cameras.

        An admin sees all cameras by its role. So a key of an admin that is less (a lower role, or only some cameras) is at most an
        operator, with a grant for each of its cameras of the level that its own role stands for.
        """
        role = min(owner.role, key.role, key=ROLES.index)
        if not owner.sees_all:
            grants = {camera: level for camera, level in owner.grants.items() if key.camera_ids is None or camera in key.camera_ids}
        elif role is Role.ADMIN and key.camera_ids is None:
            grants = {}
        else:
            cameras = self._store.camera_ids() if key.camera_ids is None else key.camera_ids
            grants = dict.fromkeys(cameras, _LEVEL[role])
            role = min(role, Role.OPERATOR, key=ROLES.index)
        return Viewer(owner.user_id, owner.name, role, grants, owner.language, key.id)
