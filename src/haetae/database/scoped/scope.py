"""The one place that says which rows a viewer may see."""

from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, true

from haetae.domain.event import SITE
from haetae.domain.viewer import AccessLevel, Role, Viewer


def visible(viewer: Viewer, camera_id: SQLColumnExpression[UUID], level: AccessLevel = AccessLevel.VIEW) -> ColumnElement[bool]:
    """The condition that a row's camera is one with which `viewer` may do that; stands in every query of this package.

    Events of the site itself (`SITE`) are for operators to see and for admins to answer. Admins also see what is left of cameras that are
    gone.
    """
    cameras = viewer.cameras(level)
    if cameras is None:
        return true()
    site = {SITE} if level is AccessLevel.VIEW and viewer.is_at_least(Role.OPERATOR) else set()
    return camera_id.in_(sorted(cameras | site))
