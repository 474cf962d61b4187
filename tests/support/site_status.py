"""A site's status for tests, with a value in every field."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from haetae.domain.action import ActStatus
from haetae.domain.camera import CameraState, CameraStatus
from haetae.domain.frame import FrameCounts
from haetae.domain.incident import RespondStatus
from haetae.domain.search import EmbeddingStatus, SearchStatus
from haetae.domain.site import LogStatus, ModelStatus, NoticeStatus, SiteStatus, StorageStatus
from haetae.domain.triage import LookStatus

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
DOOR = UUID("01960000-0000-7000-8000-00000000000a")
YARD = UUID("01960000-0000-7000-8000-00000000000b")


def make_status() -> SiteStatus:
    """Two cameras, one of them away."""
    door = CameraStatus(
        DOOR,
        CameraState.WATCHING,
        fps=14.9,
        learning=1.0,
        score=0.62,
        frames=FrameCounts(read=9000, analysed=3000, skipped=5990, dropped={"stale": 7, "corrupt": 3}),
        events=3,
        last_frame_at=NOW,
        reconnects=1,
        name="front door",
        since=NOW - timedelta(minutes=66),
        latency_s=0.04,
        replaced_threads=2,
    )
    yard = CameraStatus(YARD, CameraState.OFFLINE, cause="rtsp://admin:hunter2@10.0.0.5/s refuses", name="yard", armed=False)
    return SiteStatus(
        started_at=NOW - timedelta(days=2, hours=3),
        version="1.2.3",
        pid=4711,
        max_cameras=16,
        cameras=(door, yard),
        models=(ModelStatus("motion", 2, 12.5, 3000, 1500, 4, {"stale": 7}),),
        storage=StorageStatus(100_000_000_000, 1_000_000_000_000, 20_000_000_000, 300_000_000, 23.4),
        log=LogStatus(accepted=8, replayed=1, stored=6, dead=1, waiting=2),
        notices=NoticeStatus(True, sent=5, failed=2, dead=1, last_sent_at=NOW),
        looks=LookStatus("openai", "a-model", "away", "it does not answer", 3, 40, 20, 2, 61.5, {"crowded": 5}),
        responses=RespondStatus(waiting=2, planned=11, by_model=7, fell_back=3, failed=1, calls=30, tokens=9000),
        acts=ActStatus(approvals_waiting=4, running=1, ended={"done": 9, "refused": 6}),
        searches=SearchStatus(by_words=4, by_meaning=9, seconds=1.75, indexed=1200, index_bytes=1_800_000),
        embeddings=EmbeddingStatus("tiny", "away", "it does not answer", waiting=6, embedded=1200, failed=8, refused=1),
        memory={"allocated_mb": 300.0, "budget_mb": 1000.0},
        abandoned_threads=2,
        rss_mb=310.5,
        threads=41,
        open_files=77,
    )
