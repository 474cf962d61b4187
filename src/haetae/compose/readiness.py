"""Whether a site does all that it is there for."""

from haetae.compose.cameras import Shared
from haetae.database.engine import Sessions
from haetae.database.reachable import why_unreachable
from haetae.pipeline.multi_camera import MultiCameraManager


class Readiness:
    """Called with no argument for what is not in order, in words: database, camera manager, disk. Any thread; one quick read."""

    def __init__(self, shared: Shared, sessions: Sessions, cameras: MultiCameraManager) -> None:
        self._shared = shared
        self._sessions = sessions
        self._cameras = cameras

    def __call__(self) -> list[str]:
        reasons = [
            why_unreachable(self._sessions),
            "the cameras are being stopped" if self._cameras.closed else "",
            self._shared.keeper.why_not_recording(),
        ]
        return [reason for reason in reasons if reason]
