"""The grants of one user, inside a transaction of AccountStore."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from haetae.database.models import Camera, CameraAccess
from haetae.domain.viewer import AccessLevel
from haetae.errors import UnknownCamera
from haetae.ids import new_id


def read_grants(session: Session, user_id: UUID) -> dict[UUID, AccessLevel]:
    """Camera id -> level."""
    rows = session.execute(select(CameraAccess.camera_id, CameraAccess.level).where(CameraAccess.user_id == user_id))
    return {row.camera_id: row.level for row in rows}


def refuse_unknown_cameras(session: Session, camera_ids: Iterable[UUID]) -> None:
    """Raise UnknownCamera where one of these does not exist."""
    wanted = set(camera_ids)
    absent = wanted - set(session.scalars(select(Camera.id).where(Camera.id.in_(wanted))))
    if absent:
        raise UnknownCamera(f"there is no camera {min(absent)}", hint="See the list of cameras")


def replace_grants(
    session: Session, user_id: UUID, before: Mapping[UUID, AccessLevel], after: Mapping[UUID, AccessLevel], *, now: datetime
) -> None:
    """Write what differs; a grant that stays keeps the time at which it was given."""
    own = CameraAccess.user_id == user_id
    gone = before.keys() - after.keys()
    if gone:
        session.execute(delete(CameraAccess).where(own, CameraAccess.camera_id.in_(gone)), execution_options={"synchronize_session": False})
    for camera_id, level in after.items():
        if camera_id not in before:
            session.add(CameraAccess(id=new_id(), user_id=user_id, camera_id=camera_id, level=level, created_at=now))
        elif before[camera_id] is not level:
            changed = update(CameraAccess).where(own, CameraAccess.camera_id == camera_id).values(level=level)
            session.execute(changed, execution_options={"synchronize_session": False})
    session.flush()
