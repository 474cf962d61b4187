"""The grants on one camera, inside a transaction of AccountStore."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from haetae.database.audit import Target, record
from haetae.database.camera_grants import refuse_unknown_cameras
from haetae.database.models import CameraAccess, User
from haetae.domain.viewer import AccessLevel, Actor, Role
from haetae.errors import NotFound
from haetae.ids import new_id


@dataclass(frozen=True, slots=True)
class CameraPerson:
    """Somebody who was granted something on a camera; the role bounds what `level` is worth."""

    user_id: UUID
    username: str
    role: Role
    active: bool
    level: AccessLevel


def read_people(session: Session, camera_id: UUID) -> list[CameraPerson]:
    """By name. Raises UnknownCamera."""
    refuse_unknown_cameras(session, {camera_id})
    columns = select(User.id, User.username, User.role, User.active, CameraAccess.level).join(CameraAccess, CameraAccess.user_id == User.id)
    rows = session.execute(columns.where(CameraAccess.camera_id == camera_id).order_by(User.username))
    return [CameraPerson(row.id, row.username, row.role, row.active, row.level) for row in rows]


def replace_people(session: Session, camera_id: UUID, after: Mapping[UUID, AccessLevel], actor: Actor, *, now: datetime) -> None:
    """Make these, and no others, the grants on a camera; one that stays keeps the time at which it was given.

    Under the lock. Raises UnknownCamera, NotFound (a user).
    """
    before = {person.user_id: person.level for person in read_people(session, camera_id)}
    given = {user_id: level for user_id, level in after.items() if before.get(user_id) is not level}
    gone = before.keys() - after.keys()
    if not given and not gone:
        return
    absent = given.keys() - set(session.scalars(select(User.id).where(User.id.in_(given))))
    if absent:
        raise NotFound(f"there is no user {min(absent)}", hint="See the list of users")
    own = CameraAccess.camera_id == camera_id
    unsynchronized = {"synchronize_session": False}
    session.execute(delete(CameraAccess).where(own, CameraAccess.user_id.in_(gone)), execution_options=unsynchronized)
    for user_id, level in given.items():
        if user_id in before:
            changed = update(CameraAccess).where(own, CameraAccess.user_id == user_id).values(level=level)
            session.execute(changed, execution_options=unsynchronized)
        else:
            session.add(CameraAccess(id=new_id(), user_id=user_id, camera_id=camera_id, level=level, created_at=now))
    session.flush()
    told_before = {str(user_id): before[user_id].value for user_id in {*gone, *given} if user_id in before}
    told_after = {str(user_id): level.value for user_id, level in given.items()}
    record(session, actor, "access.change", Target("camera", camera_id), now=now, before=told_before, after=told_after)
