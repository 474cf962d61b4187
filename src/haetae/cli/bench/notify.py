"""How quickly people hear of a stored event, how many messages a second go out, and how long what waited through an outage takes."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from haetae.cli.bench.api_clients import percentile_ms
from haetae.cli.bench.cameras import prepare_streams
from haetae.cli.bench.notify_sinks import Sinks, sinks
from haetae.compose.site import Site
from haetae.database.channel_store import ChannelStore
from haetae.database.delivery_reader import DeliveryQuery, DeliveryReader, ShownDelivery
from haetae.database.rule_store import RuleStore
from haetae.database.scoped.events import ScopedEvents
from haetae.domain.camera import CameraConfig, CameraState
from haetae.domain.event import AnomalyEvent, EventStatus, Severity
from haetae.domain.notice import DeliveryState
from haetae.domain.rule import Recipient, RecipientKind, Rule
from haetae.domain.viewer import Actor, Role, Viewer
from haetae.ids import new_id
from haetae.media.blobs import StorageLayout
from haetae.settings import MetricsSettings, NotificationSettings, SiteSettings, SourcePolicySettings, StorageSettings, SystemConfig
from haetae.telemetry import configure_logging

_ACTOR = Actor("benchmark")
_BOSS = Viewer(new_id(), "benchmark", Role.ADMIN)
_GOAL_S = 1.0
_PACE_S = 0.25
_FLOOD_LANES = 8


def bench_notify(*, running: int, events: int, flood: int, outage_s: float, told: Callable[[str], None]) -> dict[str, Any]:
    """A site with `running` cameras; `events` events one by one for the latency, `flood` at once for the throughput, and an outage of both
    receivers of `outage_s` seconds. Mail goes over SMTP and webhooks over HTTP, both to another process."""
    configure_logging("critical")
    with tempfile.TemporaryDirectory(prefix="haetae-bench-notify-") as name, sinks() as receivers:
        folder = Path(name)
        with _site(folder, running, told) as site:
            bench = _Bench(site, receivers)
            result: dict[str, Any] = {"bench": "notify", "cpus": os.cpu_count(), "running_cameras": running}
            result["latency"] = bench.latency(events)
            told(f"stored to accepted: p50 {result['latency']['p50_ms']} ms, p95 {result['latency']['p95_ms']} ms")
            result["flood"] = bench.flood(flood)
            told(f"{flood} messages at once: {result['flood']['per_s']} a second")
            result["outage"] = bench.outage(outage_s)
            told(f"after an outage of {outage_s:.0f} s all was delivered within {result['outage']['drained_s']} s")
    result["goal"] = "stored to accepted p95 < 1 s with 16 cameras running"
    p95_ms = result["latency"]["p95_ms"]
    result["met"] = p95_ms is not None and p95_ms < 1000 * _GOAL_S
    return result


@contextmanager
def _site(folder: Path, running: int, told: Callable[[str], None]) -> Iterator[Site]:
    streams = prepare_streams(folder, length_s=240.0, told=told) if running else []
    config = SystemConfig(
        storage=StorageSettings(directory=folder / "site"),
        site=SiteSettings(max_cameras=1024),
        metrics=MetricsSettings(enabled=False),
        source_policy=SourcePolicySettings(allow_loopback=True),
        notifications=NotificationSettings(allow_loopback=True),
    )
    site = Site(config)
    site.start()
    try:
        layout = StorageLayout(folder / "site")
        for number in range(running):
            load = streams[number % len(streams)]
            camera = CameraConfig(new_id(), f"camera {number:02}", str(load.video), analysed_fps=5.0)
            state = layout.path(layout.state(camera.id, camera.vad_model))
            state.parent.mkdir(parents=True)
            state.write_bytes(load.state.read_bytes())
            site.running.cameras.add_camera(camera)
        _wait(lambda: sum(each.state is CameraState.WATCHING for each in site.status.cameras) >= running, "all cameras watch", 120.0)
        yield site
    finally:
        site.close()


class _Bench:
    """The cameras' own events are of no rule here: each part has rules for cameras that it invents."""

    def __init__(self, site: Site, receivers: Sinks) -> None:
        running = site.running
        clock = site.clock
        self._site = site
        self._receivers = receivers
        self._rules = RuleStore(running.sessions, clock)
        self._reader = DeliveryReader(running.sessions, clock)
        self._events = ScopedEvents(running.sessions, clock)
        channels = ChannelStore(running.sessions, clock, running.vault)
        mail = {"host": "127.0.0.1", "port": receivers.smtp_port, "security": "none", "sender": "haetae@example.org"}
        hook = {"url": f"http://127.0.0.1:{receivers.http_port}/hook"}
        self._mail = channels.add("mail", "email", mail, secret=(), actor=_ACTOR).id
        self._hook = channels.add("hook", "webhook", hook, secret=(), actor=_ACTOR).id

    def latency(self, events: int) -> dict[str, Any]:
        """One event after the other, each of another type, to a mailbox and a webhook."""
        rule = self._rule(["guard@example.org"], "latency")
        for number in range(events):
            self._log(f"latency {number}")
            time.sleep(_PACE_S)
        self._drain(rule, 60.0)
        waits = [self._waited_s(row.delivery.event_id, row.delivery.finished_at) for row in self._all(rule)]
        return {"messages": len(waits), "p50_ms": percentile_ms(waits, 50), "p95_ms": percentile_ms(waits, 95)}

    def flood(self, events: int) -> dict[str, Any]:
        """All at once, each of another type so that none is held back, to eight mailboxes and a webhook in turn."""
        rules = [self._rule([f"guard{lane}@example.org"], f"flood{lane}") for lane in range(_FLOOD_LANES)]
        began = time.monotonic()
        for number in range(events):
            self._log(f"flood{number % _FLOOD_LANES} {number}")
        for rule in rules:
            self._drain(rule, 600.0)
        took = time.monotonic() - began
        messages = sum(len(self._all(rule)) for rule in rules)
        return {"messages": messages, "took_s": round(took, 2), "per_s": round(messages / took, 1)}

    def outage(self, outage_s: float) -> dict[str, Any]:
        """Both receivers are down while two events a second come in."""
        rule = self._rule(["guard@example.org"], "outage")
        self._receivers.set_up(False)
        end, number = time.monotonic() + outage_s, 0
        while time.monotonic() < end:
            self._log(f"outage {number}")
            number += 1
            time.sleep(0.5)
        self._receivers.set_up(True)
        began = time.monotonic()
        self._drain(rule, 900.0)
        counts = self._reader.counts(DeliveryQuery(rule_id=rule.id))
        states = {state.value: count for state, count in counts.items()}
        return {"events": number, "drained_s": round(time.monotonic() - began, 1), **states}

    def _rule(self, targets: list[str], kind: str) -> Rule:
        """For the events of one part of the benchmark, which carry its name as their type."""
        recipients = tuple(Recipient(RecipientKind.ADDRESS, target) for target in targets)
        channel_ids = (self._mail, self._hook)
        rule = Rule(new_id(), kind, channel_ids=channel_ids, recipients=recipients, updates=False, event_types=frozenset({kind}))
        return self._rules.add(rule, _ACTOR).rule

    def _log(self, words: str) -> None:
        kind = words.partition(" ")[0]
        now = self._site.clock.now()
        # The model's type decides the rule, the camera what is the same for de-duplication.
        event = AnomalyEvent(
            new_id(),
            new_id(),
            now,
            0,
            0.95,
            1.0,
            severity=Severity.HIGH,
            status=EventStatus.CLOSED,
            ended_at=now,
            vlm_type=kind,
            media_bytes=0,
        )
        self._site.running.shared.log.log_event(event)

    def _drain(self, rule: Rule, within_s: float) -> None:
        """Wait until all events are stored, and nothing of the rule is pending."""
        self._site.running.shared.log.flush()
        query = DeliveryQuery(rule_id=rule.id)

        def drained() -> bool:
            waiting = self._site.running.telling.outbox.news(1)
            return not waiting and self._reader.counts(query)[DeliveryState.PENDING] == 0

        _wait(drained, "everything is delivered", within_s)

    def _all(self, rule: Rule) -> list[ShownDelivery]:
        found: list[ShownDelivery] = []
        cursor = None
        while True:
            page = self._reader.page(DeliveryQuery(rule_id=rule.id, state=DeliveryState.SENT), limit=500, cursor=cursor)
            found += page.items
            if (cursor := page.next_cursor) is None:
                return found

    def _waited_s(self, event_id: UUID | None, finished_at: datetime | None) -> float:
        assert event_id is not None
        assert finished_at is not None
        stored_at = self._events.get(_BOSS, event_id).created_at
        return max(0.0, (finished_at - stored_at) / timedelta(seconds=1))


def _wait(condition: Callable[[], bool], what: str, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {within_s:.0f} s: {what}")
        time.sleep(0.05)
