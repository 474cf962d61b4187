"""Where simulated cameras look, as they write it into their pictures."""

from uuid import UUID


class Captions:
    """Any thread: each call is one step of a dict."""

    def __init__(self) -> None:
        self._texts: dict[UUID, str] = {}

    def show(self, camera_id: UUID, text: str) -> None:
        self._texts[camera_id] = text

    def of(self, camera_id: UUID) -> str:
        """Empty where nobody turned it."""
        return self._texts.get(camera_id, "")

    def forget(self, camera_id: UUID) -> None:
        self._texts.pop(camera_id, None)
