"""The pictures of an event that a model is shown: taken from its clip, while it goes on from what its camera shows, and kept with it."""

from collections.abc import Callable, Iterator
from uuid import UUID

import structlog

from haetae.domain.analysis import Picture
from haetae.domain.event import AnomalyEvent, EventKind
from haetae.domain.frame import RGB
from haetae.domain.triage import Job, Place
from haetae.errors import CameraOffline, ConfigError, MediaError
from haetae.media.blobs import StorageLayout
from haetae.media.clip_pictures import clip_length_s, clip_pictures
from haetae.media.looks import write_looks
from haetae.media.score_curve import ScoreCurve, read_score_curve
from haetae.pipeline.incident_recorder import TAMPER_CLIP_S
from haetae.pipeline.live_feed import LiveFeeds
from haetae.pipeline.zones import ZoneMasks
from haetae.vlm.keyframes import BEFORE_S, Seen, choose_times, make_pictures

_log = structlog.get_logger()


class EventLooks:
    """Any thread, but none with an event loop: it waits for the disk, the database and the decoder."""

    def __init__(
        self, layout: StorageLayout, feeds: LiveFeeds, place: Callable[[UUID], Place | None], *, frames: int, frame_side: int
    ) -> None:
        """`place` says what of a camera's picture is private; it raises ConfigError where that cannot be told."""
        self._layout = layout
        self._feeds = feeds
        self._place = place
        self._frames = frames
        self._side = frame_side

    def pictures(self, job: Job) -> tuple[Picture, ...]:
        """What there is to be seen of an event, private zones black; nothing where there is nothing, or where what is private is not known.

        Raises DatabaseUnavailable.
        """
        event = job.event
        try:
            place = self._place(event.camera_id)
            if place is None:
                # Nobody knows any more what of its clips is private.
                return ()
            seen = self._of_clip(event, place) if job.settled and not job.media_deleted else list(self._live(event))
            return make_pictures(
                seen, event.box, count=self._frames, side=self._side, peak_s=event.peak_s - event.onset_s if job.settled else 0.0
            )
        except (MediaError, ConfigError) as error:
            _log.warning("no pictures of an event", event_id=str(event.id), error=str(error))
            return ()

    def keep(self, job: Job, pictures: tuple[Picture, ...]) -> int:
        """Keep what was sent; returns by how many bytes the event's media grew. What cannot be written is logged: the analysis counts."""
        event = job.event
        if not pictures or job.media_deleted:
            return 0
        path = self._layout.path(self._layout.looked_at(event.camera_id, event.id, event.timestamp))
        try:
            return write_looks(path, pictures)
        except (MediaError, OSError) as error:
            _log.warning("pictures of a look not kept", event_id=str(event.id), error=str(error))
            return 0

    def _of_clip(self, event: AnomalyEvent, place: Place) -> list[Seen]:
        if event.clip_path is None:
            return []
        clip = self._layout.media_path(event.clip_path)
        lasted_s = max(0.0, (event.end_s if event.end_s is not None else event.onset_s) - event.onset_s)
        if event.kind is EventKind.TAMPER:
            lasted_s = min(lasted_s, TAMPER_CLIP_S)
        onset_s = onset_in_clip(clip_length_s(clip), lasted_s, place.pre_roll_s, place.post_roll_s, faulty=bool(event.faults))
        curve = self._curve(event)
        times = choose_times(curve.t_s, curve.values, lasted_s, self._frames)
        peak_s = min(max(0.0, event.peak_s - event.onset_s), lasted_s)
        masks = ZoneMasks(place.zones)
        wanted = [onset_s + time_s for time_s in {*times, round(peak_s, 3)}]
        return [Seen(each.t_s - onset_s, each.rgb) for each in clip_pictures(clip, wanted, conceal=masks.conceal_rgb)]

    def _curve(self, event: AnomalyEvent) -> ScoreCurve:
        path = self._layout.path(self._layout.score_curve(event.camera_id, event.id, event.timestamp))
        try:
            return read_score_curve(path) or ScoreCurve((), ())
        except MediaError:
            return ScoreCurve((), ())

    def _live(self, event: AnomalyEvent) -> Iterator[Seen]:
        """What the camera shows now. Its pictures are concealed before anybody gets them."""
        feed = self._feeds.find(event.camera_id)
        if feed is None:
            return
        try:
            frame, _ = feed.newest()
        except CameraOffline:
            return
        rgb: RGB = frame.rgb()
        yield Seen(frame.t_s - event.onset_s, rgb)


def onset_in_clip(length_s: float, lasted_s: float, pre_roll_s: float, post_roll_s: float, *, faulty: bool) -> float:
    """Where in a clip its event begins, in seconds.

    A clip begins at a keyframe at or before the pre-roll, so its beginning is not known to the second; its end is. Of one that was cut
    short (`faulty`) nothing better is known than the pre-roll.
    """
    from_end = length_s - post_roll_s - lasted_s
    guess = pre_roll_s if faulty and from_end < BEFORE_S else from_end
    return min(max(0.0, guess), max(0.0, length_s))
