"""A site to measure the console on: `python -m tests.support.measure_site [cameras] [events]`.

It runs `haetae serve` until its input ends: so many cameras that send one video over RTSP, and so many events of the last days, without
clips. The first line that it says is a JSON object: where the site is, and the video.
"""

import json
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from tests.support.events import make_event
from tests.support.rtsp_server import RtspServer
from tests.support.served_site import ServedSite
from tests.support.video import make_video

from haetae.database.engine import make_engine, session_factory, session_scope
from haetae.database.event_repository import upsert_events
from haetae.domain.event import EventStatus, Severity

_SIZE, _FPS = (640, 360), 15
_EVERY = timedelta(seconds=40)
_LASTED = timedelta(seconds=12)


def main(cameras=16, events=10_000):
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        site = ServedSite(folder)
        stack.callback(site.end)
        first, video = None, folder / "street.mp4"
        if cameras:
            server = stack.enter_context(RtspServer(make_video(video, seconds=8, fps=_FPS, size=_SIZE, gop=2 * _FPS)))
            for number in range(cameras):
                # Nothing is judged while a camera learns, so that what is measured is the console's share.
                body = {"name": f"Camera {number + 1:02}", "source": server.url, "analysed_fps": 1, "learning_s": 86_400}
                added = site.ask("POST", "/cameras", json=body).raise_for_status().json()
                first = first or UUID(added["id"])
        _fill(folder / "site" / "haetae.db", events, first)
        sys.stdout.write(json.dumps({"url": site.url, "video": str(video)}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


def _fill(database, count, camera_id):
    engine = make_engine(f"sqlite:///{database}")
    now, severities = datetime.now(UTC), tuple(Severity)
    fields = {"camera_id": camera_id} if camera_id else {}
    for start in range(0, count, 500):
        rows = []
        for number in range(start, min(count, start + 500)):
            at = now - _EVERY * (number + 1)
            severity = severities[number % len(severities)]
            more = {"timestamp": at, "ended_at": at + _LASTED, "status": EventStatus.CLOSED, "severity": severity, **fields}
            rows.append(make_event(number, onset_s=0.0, end_s=_LASTED.total_seconds(), **more))
        with session_scope(session_factory(engine)) as session:
            upsert_events(session, rows, stored_at=now)
    engine.dispose()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
