"""A database with the events of a large site."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from haetae.clock import SystemClock
from haetae.database.camera_store import CameraStore
from haetae.database.engine import session_scope
from haetae.database.event_repository import upsert_events
from haetae.database.opening import writing
from haetae.domain.camera import CameraConfig
from haetae.domain.event import AnomalyEvent, EventKind, EventStatus, Severity
from haetae.domain.fact import Fact, FactKind
from haetae.domain.frame import Box
from haetae.ids import new_id
from haetae.vault import Vault

_BATCH = 5_000
_DAYS = 60.0
_SEVERITIES = (Severity.LOW, Severity.LOW, Severity.LOW, Severity.MEDIUM, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)


def fill(url: str, folder: Path, *, cameras: int, events: int, sources: list[Path], told: Callable[[str], None]) -> list[UUID]:
    """Add cameras of the site in `folder`, and their events of the last 60 days; returns the cameras' ids.

    The first `len(sources)` cameras play these files and are enabled, the others only have a past.
    """
    clock = SystemClock()
    now = clock.now()
    ids = [new_id() for _ in range(cameras)]
    with writing(url) as sessions:
        store = CameraStore(sessions, clock, max_cameras=1024, vault=Vault.open(folder))
        for number, camera_id in enumerate(ids):
            playing = number < len(sources)
            source = str(sources[number]) if playing else "rtsp://192.168.7.7/stream"
            name = f"{'playing' if playing else 'past'} {number:03}"
            store.add(CameraConfig(camera_id, name, source, enabled=playing, analysed_fps=5.0))
        random = Random(0)
        for first in range(0, events, _BATCH):
            batch = [_event(random, ids, now, number / events) for number in range(first, min(first + _BATCH, events))]
            with session_scope(sessions) as session:
                upsert_events(session, batch, stored_at=now)
            if (first // _BATCH) % 40 == 39:
                told(f"{first + _BATCH:,} of {events:,} events written")
    return ids


def _event(random: Random, ids: list[UUID], now: datetime, share: float) -> AnomalyEvent:
    begun = now - timedelta(days=_DAYS * (1.0 - share), seconds=random.random())
    lasts_s = random.uniform(2.0, 60.0)
    score = random.uniform(0.5, 1.0)
    event = AnomalyEvent(
        id=new_id(),
        camera_id=random.choice(ids),
        timestamp=begun,
        frame_number=random.randrange(10**7),
        vad_score=score,
        threshold=random.uniform(2.0, 30.0),
        severity=random.choice(_SEVERITIES),
        status=EventStatus.CLOSED,
        ended_at=begun + timedelta(seconds=lasts_s),
        end_s=lasts_s,
        box=Box(0.2, 0.3, 0.4, 0.6),
        facts=(Fact("speed", FactKind.SPEED, random.uniform(0.5, 9.0), "body heights/s", 0.0, lasts_s),),
        media_bytes=0,
    )
    if random.random() < 0.02:
        return replace(event, kind=EventKind.TAMPER, subtype="covered")
    return event
