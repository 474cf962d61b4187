"""A site at one moment, gathered from its parts."""

import os
from collections.abc import Callable
from contextlib import suppress

import psutil

from haetae import __version__
from haetae.compose.cameras import Shared
from haetae.domain.action import ActStatus
from haetae.domain.incident import RespondStatus
from haetae.domain.search import EmbeddingStatus, SearchStatus
from haetae.domain.site import LogStatus, NoticeStatus, SiteStatus
from haetae.domain.triage import LookStatus
from haetae.pipeline.multi_camera import MultiCameraManager


class StatusReader:
    """Called with no argument for the SiteStatus of now; from any thread, without waiting for any camera, disk or database."""

    def __init__(
        self,
        shared: Shared,
        cameras: MultiCameraManager,
        notices: Callable[[], NoticeStatus],
        looks: Callable[[], LookStatus] = LookStatus,
        responses: Callable[[], RespondStatus] = RespondStatus,
        acts: Callable[[], ActStatus] = ActStatus,
        embeddings: Callable[[], EmbeddingStatus] = EmbeddingStatus,
        searches: Callable[[], SearchStatus] = SearchStatus,
    ) -> None:
        self._notices = notices
        self._looks = looks
        self._responses = responses
        self._acts = acts
        self._embeddings = embeddings
        self._searches = searches
        self._shared = shared
        self._cameras = cameras
        self._started_at = shared.clock.now()
        self._process = psutil.Process()

    def __call__(self) -> SiteStatus:
        log = self._shared.log.stats()
        return SiteStatus(
            started_at=self._started_at,
            version=__version__,
            pid=os.getpid(),
            max_cameras=self._shared.config.site.max_cameras,
            cameras=self._cameras.statuses(),
            models=self._shared.pool.status(),
            storage=self._shared.keeper.status(),
            log=LogStatus(
                accepted=log.accepted,
                replayed=log.replayed,
                stored=log.stored,
                dead=log.dead,
                waiting=log.waiting,
                last_error=log.last_error,
            ),
            notices=self._notices(),
            looks=self._looks(),
            responses=self._responses(),
            acts=self._acts(),
            embeddings=self._embeddings(),
            searches=self._searches(),
            memory=self._shared.pool.check_gpu_memory(),
            abandoned_threads=self._shared.abandoned.count,
            rss_mb=self._rss_mb(),
            threads=self._process.num_threads(),
            open_files=self._process.num_fds(),
        )

    def _rss_mb(self) -> float:
        """Of this process and of those that decode for it."""
        used = self._process.memory_info().rss
        for pid in self._shared.sources.processes.pids:
            with suppress(psutil.NoSuchProcess):
                used += psutil.Process(pid).memory_info().rss
        return float(used) / 2**20
