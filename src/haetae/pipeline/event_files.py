"""The files of events that are deleted."""

from collections.abc import Iterable
from datetime import datetime

from haetae.database.retention import EventMedia
from haetae.media.blobs import StorageLayout
from haetae.media.inventory import Deletion, delete_files
from haetae.pipeline.orphan_sweep import oldest_live_day


def delete_event_files(layout: StorageLayout, events: Iterable[EventMedia], *, now: datetime) -> Deletion:
    """Delete whatever files these events have, once no row refers to them any more. A file that cannot be deleted is logged and left to
    the next sweep."""
    names: list[str] = []
    for event in events:
        place = (event.camera_id, event.event_id, event.onset_at)
        made = [layout.clip(*place), layout.thumbnail(*place), *layout.unnamed(*place)]
        names += dict.fromkeys([*made, *filter(None, (event.clip_path, event.thumbnail_path))])
    return delete_files(layout, names, keep_folders_from=oldest_live_day(now))
