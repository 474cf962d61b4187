"""A simulated camera's pan-tilt head: it shows in the picture where it looks."""

from collections.abc import Sequence
from uuid import UUID

from haetae.sources.pan_tilt import HeadParts, HeadSettings


class SimulatedHead:
    """Takes every preset. The scene stays where it is; its name is written into the picture, as cameras do."""

    def __init__(self, camera_id: UUID, settings: HeadSettings, parts: HeadParts) -> None:
        self._camera_id = camera_id
        self._settings = settings
        self._parts = parts

    async def presets(self) -> Sequence[str]:
        return (self._settings.preset,)

    async def go_to(self, preset: str) -> str:
        self._parts.show(self._camera_id, f"PTZ {preset}")
        return f"simulated: {preset}"
