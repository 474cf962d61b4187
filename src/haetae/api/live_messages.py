"""What the messages WebSocket says, as JSON text; docs/reference/websocket.md describes each."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from haetae.domain.camera import CameraStatus
from haetae.domain.event import AnomalyEvent
from haetae.domain.score import Score

PROTOCOL = 1


def write(**message: Any) -> str:
    return orjson.dumps(message).decode()


def hello(now: datetime) -> str:
    return write(type="hello", protocol=PROTOCOL, now=now)


def event_message(event: AnomalyEvent) -> str:
    """What a row of a list needs; no path and nothing of what people made of it, which is in the list and the detail."""
    return write(
        type="event",
        event={
            "id": event.id,
            "camera_id": event.camera_id,
            "revision": event.revision,
            "kind": event.kind,
            "subtype": event.subtype,
            "severity": event.severity,
            "status": event.status,
            "timestamp": event.timestamp,
            "ended_at": event.ended_at,
            "vad_score": event.vad_score,
            "detail": event.detail,
            "continues": event.continues,
            "has_clip": event.clip_path is not None,
            "has_thumbnail": event.thumbnail_path is not None,
        },
    )


def event_changed_message(camera_id: UUID, event_id: UUID) -> str:
    return write(type="event_changed", camera_id=camera_id, event_id=event_id)


def camera_changed_message(camera_id: UUID) -> str:
    return write(type="camera_changed", camera_id=camera_id)


def status_message(status: CameraStatus) -> str:
    return write(
        type="status",
        status={
            "camera_id": status.camera_id,
            "state": status.state,
            "cause": status.cause,
            "since": status.since,
            "fps": round(status.fps, 2),
            "learning": round(status.learning, 3),
            "armed": status.armed,
            "events": status.events,
            "last_frame_at": status.last_frame_at,
        },
    )


def score_member(camera_id: UUID, score: Score) -> str:
    """One member of the object that a `scores` message carries."""
    return f'"{camera_id}":{{"value":{score.value:.4f},"at":"{score.captured_at.isoformat(timespec="milliseconds")}"}}'


def error_message(code: str, detail: str) -> str:
    return write(type="error", code=code, detail=detail)
