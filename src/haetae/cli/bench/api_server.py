"""A whole site with its API in a process of its own, for the benchmark."""

import threading
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import Response

from haetae.api.app import create_app
from haetae.compose.site import Site
from haetae.compose.web import Web
from haetae.compose.web_server import WebServer
from haetae.domain.event import AnomalyEvent, EventStatus
from haetae.ids import new_id
from haetae.settings import ApiSettings, MetricsSettings, SiteSettings, StorageSettings, SystemConfig
from haetae.telemetry import configure_logging

PASSWORD = "benchmark: not a secret"
USERNAME = "bench"


def serve(folder: Path, database_url: str | None, camera_ids: list[UUID], pipe: Connection) -> None:
    """Run a site until "stop" comes through `pipe`; first its URL goes out. "publish" makes an event that every WebSocket hears of."""
    configure_logging("error")
    config = SystemConfig(
        storage=StorageSettings(directory=folder, database_url=database_url),
        site=SiteSettings(max_cameras=1024),
        metrics=MetricsSettings(enabled=False),
        api=ApiSettings(port=0, max_clients=1024),
    )
    server = WebServer(config.api)
    web = Web(config)
    web.start()
    try:
        services = web.services
        if services.accounts.setup_needed():
            services.accounts.setup(services.accounts.new_setup_code().code, USERNAME, PASSWORD)
        app = create_app(services)

        @app.get("/bare/{size}")
        def bare(size: int) -> Response:
            return Response(b"x" * size, media_type="application/json")

        threading.Thread(target=_obey, args=(web.site, web, server, camera_ids, pipe), daemon=True).start()
        pipe.send(server.url)
        server.run(app)
    finally:
        web.close()
        server.close()


def _obey(site: Site, web: Web, server: WebServer, camera_ids: list[UUID], pipe: Connection) -> None:
    now = site.clock.now()
    event = AnomalyEvent(new_id(), camera_ids[0], now, 0, 0.9, 1.0, status=EventStatus.CLOSED)
    while (order := pipe.recv()) != "stop":
        answer: Any = None
        if order == "publish":
            web.services.live.publish_event(replace(event, id=new_id(), timestamp=site.clock.now()))
        elif order == "cameras":
            answer = [(camera.camera_id, str(camera.state)) for camera in site.status.cameras]
        pipe.send(answer)
    server.stop()
