"""What is done with cameras: recording for longer, keeping a picture, turning to a preset."""

import asyncio
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from haetae.domain.action import Action, Outcome, TargetKind
from haetae.domain.delivery import Occurrence
from haetae.domain.plan import ActionState
from haetae.errors import CameraOffline, ConfigError
from haetae.media.blobs import StorageLayout, write_atomically
from haetae.media.clip import OnExtended
from haetae.pipeline.acting.base import Run, done, failed
from haetae.pipeline.acting.devices import FindTarget
from haetae.pipeline.live_feed import LiveFeeds
from haetae.sources.pan_tilt import HeadParts, head_settings, make_head

LONGEST_S = 600.0
_DEFAULT_S = 30.0
_ANSWER_S = 10.0

FindOccurrence = Callable[[UUID], Occurrence | None]
"""Reads an event; may wait for the database."""


class Recorders(Protocol):
    """The running cameras, as `MultiCameraManager`."""

    def extend(self, camera_id: UUID, event_id: UUID, longer_s: float, told: OnExtended) -> None: ...


class ExtendRecording:
    """Has the event's clip go on for the option `seconds` (30, at most 600) after its post-roll. Repeatable: the longest wish counts."""

    def __init__(self, recorders: Callable[[], Recorders | None]) -> None:
        """`recorders` gives None before the cameras run."""
        self._recorders = recorders

    async def repeatable(self, action: Action) -> bool:  # noqa: ARG002
        return True

    async def run(self, run: Run) -> Outcome:
        action = run.action
        said = action.planned.options.get("seconds", _DEFAULT_S)
        longer_s = min(LONGEST_S, max(1.0, float(said))) if isinstance(said, (int, float)) and said == said else _DEFAULT_S
        recorders = self._recorders()
        if recorders is None:
            return failed("the cameras do not run")
        loop, answer = asyncio.get_running_loop(), asyncio.Future[bool]()

        def told(extended: bool) -> None:
            loop.call_soon_threadsafe(lambda: None if answer.done() else answer.set_result(extended))

        recorders.extend(action.camera_id, action.event_id, longer_s, told)
        async with asyncio.timeout(_ANSWER_S):
            if not await answer:
                return failed("its clip is finished already, or its camera does not record")
        return done(seconds=longer_s)


class KeepSnapshot:
    """Keeps what the event's camera shows now with the event; private zones are black. Repeatable: the newest picture is kept."""

    def __init__(self, layout: StorageLayout, feeds: LiveFeeds, occurrence: FindOccurrence) -> None:
        self._layout = layout
        self._feeds = feeds
        self._occurrence = occurrence

    async def repeatable(self, action: Action) -> bool:  # noqa: ARG002
        return True

    async def run(self, run: Run) -> Outcome:
        return await asyncio.to_thread(self._keep, run.action)

    def _keep(self, action: Action) -> Outcome:
        if action.planned.target not in ("", str(action.camera_id)):
            return failed("a picture of another camera is not kept with this event")
        occurrence = self._occurrence(action.event_id)
        feed = self._feeds.find(action.camera_id)
        if occurrence is None or feed is None:
            return failed("the event is gone" if occurrence is None else "the camera is gone")
        try:
            picture = feed.picture()
        except CameraOffline as error:
            return failed(error.message)
        path = self._layout.path(self._layout.snapshot(action.camera_id, action.event_id, occurrence.event.timestamp))
        before = path.stat().st_size if path.exists() else 0
        write_atomically(path, picture.data)
        result = {"captured_at": picture.captured_at.isoformat(), "width": picture.width, "height": picture.height}
        return Outcome(ActionState.DONE, result, media_bytes=len(picture.data) - before)


class TurnCamera:
    """Turns a camera to a registered preset. Repeatable: it is there already then."""

    def __init__(self, find: FindTarget, parts: HeadParts) -> None:
        self._find = find
        self._parts = parts

    async def repeatable(self, action: Action) -> bool:  # noqa: ARG002
        return True

    async def run(self, run: Run) -> Outcome:
        target = await asyncio.to_thread(self._find, run.action.planned.target, TargetKind.PRESET)
        if target.camera_id is None:
            raise ConfigError(f"the preset {target.id!r} belongs to no camera", hint="Say whose it is")
        settings = head_settings(dict(target.settings))
        answer = await make_head(target.camera_id, settings, self._parts).go_to(settings.preset)
        return done(target=target.id, camera_id=str(target.camera_id), preset=settings.preset, answer=answer)
