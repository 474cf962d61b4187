"""A site at one moment, gathered from its parts."""

import os

import psutil

from haetae import __version__
from haetae.clock import Clock
from haetae.database.async_event_logger import AsyncEventLogger
from haetae.domain.site import LogStatus, SiteStatus
from haetae.pipeline.camera_pipeline import AbandonedThreads
from haetae.pipeline.multi_camera import MultiCameraManager
from haetae.pipeline.resource_pool import ResourcePool
from haetae.pipeline.storage_keeper import StorageKeeper
from haetae.settings import SystemConfig


class StatusReader:
    """Called with no argument for the SiteStatus of now; from any thread, without waiting for any camera, disk or database."""

    def __init__(
        self,
        config: SystemConfig,
        clock: Clock,
        *,
        cameras: MultiCameraManager,
        pool: ResourcePool,
        keeper: StorageKeeper,
        log: AsyncEventLogger,
        abandoned: AbandonedThreads,
    ) -> None:
        self._config = config
        self._cameras = cameras
        self._pool = pool
        self._keeper = keeper
        self._log = log
        self._abandoned = abandoned
        self._started_at = clock.now()
        self._process = psutil.Process()

    def __call__(self) -> SiteStatus:
        log = self._log.stats()
        return SiteStatus(
            started_at=self._started_at,
            version=__version__,
            pid=os.getpid(),
            max_cameras=self._config.site.max_cameras,
            cameras=self._cameras.statuses(),
            models=self._pool.status(),
            storage=self._keeper.status(),
            log=LogStatus(
                accepted=log.accepted,
                replayed=log.replayed,
                stored=log.stored,
                dead=log.dead,
                waiting=log.waiting,
                last_error=log.last_error,
            ),
            memory=self._pool.check_gpu_memory(),
            abandoned_threads=self._abandoned.count,
            rss_mb=self._process.memory_info().rss / 2**20,
            threads=self._process.num_threads(),
            open_files=self._process.num_fds(),
        )
