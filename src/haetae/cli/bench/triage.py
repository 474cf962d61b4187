"""Whether a model that takes its time holds anything up: from an event to its row in the database, and to the first message about it."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from haetae.cli.bench.api_clients import percentile_ms
from haetae.cli.bench.notify_sinks import Sinks, sinks
from haetae.cli.bench.slow_model import slow_model
from haetae.compose.site import Site
from haetae.database.channel_store import ChannelStore
from haetae.database.delivery_reader import DeliveryQuery, DeliveryReader
from haetae.database.rule_store import RuleStore
from haetae.database.scoped.events import ScopedEvents
from haetae.domain.camera import CameraConfig
from haetae.domain.event import AnomalyEvent, EventStatus, Severity
from haetae.domain.notice import DeliveryState
from haetae.domain.rule import Rule
from haetae.domain.viewer import Actor, Role, Viewer
from haetae.ids import new_id
from haetae.settings import MetricsSettings, NotificationSettings, StorageSettings, SystemConfig, VlmSettings
from haetae.simulate.spec import SceneSpec
from haetae.simulate.video import write_video
from haetae.telemetry import configure_logging

_ACTOR = Actor("benchmark")
_BOSS = Viewer(new_id(), "benchmark", Role.ADMIN)
_PACE_S = 0.25
_LASTED_S = 4.0
_GOAL = 1.1
_NOISE_MS = 25.0
"""A tenth of some milliseconds is less than what the clock of a busy machine is worth."""


@dataclass(slots=True)
class _Waits:
    """Seconds from accepting an event to its commit, and to the first accepted message."""

    stored: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    looked: int = 0


def bench_triage(*, delays_s: Sequence[float], events: int, rounds: int, told: Callable[[str], None]) -> dict[str, Any]:
    """A site without a model, and one for each delay with a server that takes so long for a look, in turn, `rounds` times; `events` events
    each, one every quarter of a second, each with a clip. Messages go over HTTP to another process."""
    configure_logging("critical")
    variants: dict[str, float | None] = {"no model": None} | {f"{delay_s:g} s": delay_s for delay_s in delays_s}
    waits = {name: _Waits() for name in variants}
    with tempfile.TemporaryDirectory(prefix="haetae-bench-triage-") as name, sinks() as receivers:
        clip = Path(name) / "clip.mp4"
        write_video(SceneSpec(scene="plaza", seconds=10.0 + _LASTED_S, fps=10.0, size=(640, 360)), clip)
        for number in range(rounds):
            for variant, delay_s in variants.items():
                told(f"round {number + 1} of {rounds}: {variant}")
                _measure(Path(name) / f"{number}-{variant.replace(' ', '')}", clip, delay_s, events, receivers, waits[variant])
    result: dict[str, Any] = {"bench": "triage", "cpus": os.cpu_count(), "events": events * rounds}
    result["analyzers"] = {variant: _shown(each) for variant, each in waits.items()}
    base = result["analyzers"]["no model"]
    goal = f"p95 of both at most {_GOAL:g} times that without a model (or {_NOISE_MS:g} ms more, which a busy machine's clock is not worth)"
    result["goal"] = goal
    result["met"] = all(_held(base, each, key) for each in result["analyzers"].values() for key in ("stored_p95_ms", "told_p95_ms"))
    return result


def _held(base: dict[str, Any], each: dict[str, Any], key: str) -> bool:
    if base[key] is None or each[key] is None:
        return False
    return bool(each[key] <= max(_GOAL * base[key], base[key] + _NOISE_MS))


def _shown(waits: _Waits) -> dict[str, Any]:
    return {
        "events": len(waits.told),
        "looked_at_meanwhile": waits.looked,
        "stored_p50_ms": percentile_ms(waits.stored, 50),
        "stored_p95_ms": percentile_ms(waits.stored, 95),
        "told_p50_ms": percentile_ms(waits.told, 50),
        "told_p95_ms": percentile_ms(waits.told, 95),
    }


def _measure(folder: Path, clip: Path, delay_s: float | None, events: int, receivers: Sinks, waits: _Waits) -> None:
    with _site(folder, delay_s) as site:
        running = site.running
        camera = CameraConfig(new_id(), "gate", "sim://gate", enabled=False)
        running.store.add(camera)
        rule = _rule(site, receivers)
        accepted = {}
        for _ in range(events):
            event = _event(site, camera, clip)
            accepted[event.id] = event.timestamp
            running.shared.log.log_event(event)
            time.sleep(_PACE_S)
        reader = DeliveryReader(running.sessions, site.clock)
        query = DeliveryQuery(rule_id=rule.id, state=DeliveryState.SENT)
        deadline = time.monotonic() + 60.0
        while len(sent := reader.page(query, limit=500).items) < events and time.monotonic() < deadline:
            time.sleep(0.1)
        rows = ScopedEvents(running.sessions, site.clock)
        for shown in sent:
            delivery = shown.delivery
            if delivery.event_id in accepted and delivery.finished_at is not None:
                at = accepted[delivery.event_id]
                waits.told.append((delivery.finished_at - at) / timedelta(seconds=1))
                waits.stored.append((rows.get(_BOSS, delivery.event_id).created_at - at) / timedelta(seconds=1))
        waits.looked += site.status.looks.looked


@contextmanager
def _site(folder: Path, delay_s: float | None) -> Iterator[Site]:
    with ExitStack() as stack:
        vlm = VlmSettings()
        if delay_s is not None:
            url = stack.enter_context(slow_model(delay_s, what_it_saw))
            # Each event is looked at, however much alike they are.
            vlm = VlmSettings(backend="openai", base_url=url, model="slow", keep_verdict_s=0.0, calls_per_hour=0, calls_per_day=0)
        config = SystemConfig(
            storage=StorageSettings(directory=folder),
            metrics=MetricsSettings(enabled=False),
            notifications=NotificationSettings(allow_loopback=True, dedup_s=0.0),
            vlm=vlm,
        )
        site = Site(config)
        site.start()
        stack.callback(site.close)
        yield site


def _rule(site: Site, receivers: Sinks) -> Rule:
    running = site.running
    hook = {"url": f"http://127.0.0.1:{receivers.http_port}/hook"}
    channel = ChannelStore(running.sessions, site.clock, running.vault).add("hook", "webhook", hook, secret=(), actor=_ACTOR)
    rule = Rule(new_id(), "all", channel_ids=(channel.id,), min_severity=Severity.LOW, updates=False)
    return RuleStore(running.sessions, site.clock).add(rule, _ACTOR).rule


def _event(site: Site, camera: CameraConfig, clip: Path) -> AnomalyEvent:
    """A severe one that is over, with its clip."""
    layout = site.running.shared.layout
    now = site.clock.now()
    event_id = new_id()
    name = layout.clip(camera.id, event_id, now)
    target = layout.path(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(clip, target)
    return AnomalyEvent(
        event_id,
        camera.id,
        site.clock.now(),
        0,
        0.95,
        1.0,
        severity=Severity.HIGH,
        status=EventStatus.CLOSED,
        ended_at=now,
        onset_s=5.0,
        end_s=5.0 + _LASTED_S,
        peak_s=6.0,
        clip_path=name,
        media_bytes=clip.stat().st_size,
    )


def what_it_saw(_body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same of every event."""
    return {
        "observations": [{"text": "Two people walk through the gate.", "frames": [1]}],
        "visible_text": "",
        "movement": "several",
        "summary": "Two people walk through the gate.",
        "event_type": "Other_Anomaly",
        "certainty": "medium",
        "verdict": "A",
    }
