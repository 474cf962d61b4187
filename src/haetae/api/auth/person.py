"""Routes that only the person itself may use, not its API keys: a key that leaks must not be able to make itself another."""

from typing import Annotated

from fastapi import Depends

from haetae.api.dependencies import ViewerDep
from haetae.domain.viewer import Viewer
from haetae.errors import Forbidden


def person(viewer: ViewerDep) -> Viewer:
    """Who is logged in. Raises Unauthenticated, Forbidden for an API key."""
    if viewer.api_key_id is not None:
        raise Forbidden("this needs a log-in: an API key cannot do it", hint="Log in with the password")
    return viewer


PersonDep = Annotated[Viewer, Depends(person)]
