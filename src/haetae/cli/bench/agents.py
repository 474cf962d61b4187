"""What planning a response costs: by the playbook alone, and by each flow with a model that takes its time over real HTTP."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx2

from haetae.agents.base import FlowParts, Toolbox, create_flow
from haetae.agents.catalogue import Catalogue
from haetae.agents.defaults import default_playbook
from haetae.agents.planning import playbook_plan
from haetae.agents.playbook import Playbook
from haetae.agents.situation import situation_of
from haetae.cli.bench.api_clients import percentile_ms
from haetae.cli.bench.slow_model import slow_model
from haetae.clock import SystemClock
from haetae.compose.looking import ModelGate
from haetae.compose.responding import mind_of, model_line
from haetae.domain.analysis import Analysis, EventType
from haetae.domain.event import AnomalyEvent, Severity, Verdict
from haetae.domain.incident import Target
from haetae.domain.triage import Place
from haetae.ids import new_id
from haetae.settings import SystemConfig, VlmSettings
from haetae.telemetry import configure_logging
from haetae.vlm.ask import warm_up
from haetae.vlm.base import Health
from haetae.vlm.breaker import Breaker, CallBudget

FLOWS = ("sequential", "hierarchical", "collaborative")
_TYPES = (EventType.ARSON, EventType.FALLING, EventType.INTRUSION, EventType.FIGHTING, EventType.THEFT, EventType.SUSPICIOUS_OBJECT)
_GROUPS = ("guards", "managers")
_PLAYBOOK_GOAL_MS = 20.0
_OVERHEAD_GOAL = 1.1


@dataclass(slots=True)
class _Run:
    seconds: list[float] = field(default_factory=list)
    calls: int = 0
    tokens: int = 0
    fell_back: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0


def bench_agents(*, incidents: int, delay_s: float, told: Callable[[str], None]) -> dict[str, Any]:
    """`incidents` for the playbook alone, a twentieth of them (six at least) one after the other for each flow with a model's server, in a
    process of its own, that answers each call after `delay_s`."""
    configure_logging("critical")
    told("playbook alone")
    alone = _playbook_alone(incidents)
    result: dict[str, Any] = {"bench": "agents", "cpus": os.cpu_count(), "delay_s": delay_s, "playbook": _shown(alone)}
    result["goal"] = f"playbook alone: p95 below {_PLAYBOOK_GOAL_MS:g} ms; with a model: p95 below calls x {delay_s:g} s + 10 %"
    met = result["playbook"]["p95_ms"] < _PLAYBOOK_GOAL_MS
    result["flows"] = {}
    with slow_model(delay_s, role_played) as url:
        told("bare calls")
        result["bare_call"] = asyncio.run(_bare_calls(url, 10))
        for flow in FLOWS:
            told(flow)
            run = asyncio.run(_with_model(flow, url, max(6, incidents // 20)))
            shown = _shown(run)
            limit_ms = round(shown["calls_per_incident"] * delay_s * 1000.0 * _OVERHEAD_GOAL, 1)
            shown |= {"limit_ms": limit_ms, "met": shown["p95_ms"] < limit_ms and not run.fell_back}
            met = met and shown["met"]
            result["flows"][flow] = shown
    result["met"] = met
    return result


def _playbook_alone(count: int) -> _Run:
    run = _Run()
    began, cpu = time.perf_counter(), time.process_time()
    for event, analysis in _incidents(count):
        at = time.perf_counter()
        # Everything that is done for each incident: what it touches, what the rules say, what passes.
        playbook_plan(_toolbox(event, analysis))
        run.seconds.append(time.perf_counter() - at)
    run.wall_s, run.cpu_s = time.perf_counter() - began, time.process_time() - cpu
    return run


async def _with_model(flow: str, url: str, count: int) -> _Run:
    clock = SystemClock()
    config = SystemConfig(vlm=VlmSettings(backend="openai", base_url=url, model="slow", calls_per_hour=0, calls_per_day=0))
    line = model_line(config)
    assert line is not None
    mind = mind_of(line, ModelGate(Health(), Breaker(clock), CallBudget(clock, per_hour=0, per_day=0)))
    made = create_flow(flow, FlowParts(config.agents, clock, mind))
    await asyncio.to_thread(warm_up)
    run = _Run()
    try:
        # The first one connects and puts the libraries together.
        for number, (event, analysis) in enumerate(_incidents(count + 1)):
            at, cpu = time.perf_counter(), time.process_time()
            plan = await made.respond(event, analysis, _toolbox(event, analysis), clock.monotonic() + config.agents.deadline_s)
            if number:
                run.seconds.append(time.perf_counter() - at)
                run.wall_s += run.seconds[-1]
                run.cpu_s += time.process_time() - cpu
                run.calls += plan.calls
                run.tokens += plan.tokens
                run.fell_back += bool(plan.fallback)
    finally:
        await line.disconnect()
    return run


async def _bare_calls(url: str, count: int) -> dict[str, Any]:
    """What a call takes with nothing round it: how far a busy machine is from the server's own delay."""
    body: dict[str, Any] = {"response_format": {"json_schema": {"schema": {"properties": {"approved": {}}}}}}
    seconds = []
    async with httpx2.AsyncClient(trust_env=False, timeout=60.0) as client:
        for _ in range(count):
            at = time.perf_counter()
            (await client.post(f"{url}/chat/completions", json=body)).raise_for_status()
            seconds.append(time.perf_counter() - at)
    return {"p50_ms": percentile_ms(seconds, 50), "p95_ms": percentile_ms(seconds, 95)}


def _incidents(count: int) -> Iterator[tuple[AnomalyEvent, Analysis]]:
    at = datetime(2026, 3, 4, 23, 0, tzinfo=UTC)
    for number in range(count):
        event = AnomalyEvent(new_id(), new_id(), at, number, 0.9, 0.5, severity=Severity.HIGH)
        yield event, Analysis(Verdict.CONFIRMED, _TYPES[number % len(_TYPES)], 0.8, "Two people at the gate.")


def _toolbox(event: AnomalyEvent, analysis: Analysis) -> Toolbox:
    situation = situation_of(event, analysis, Place("gate"), frozenset(), type_name=str(analysis.event_type))
    return Toolbox(_playbook(), _CATALOGUE, situation, local_time="Wednesday 23:00")


_CATALOGUE = Catalogue.of(
    [
        *(Target("group", name, name) for name in _GROUPS),
        Target("door", "front_door", "front_door"),
        Target("speaker", "speaker", "speaker"),
    ]
)


@cache
def _playbook() -> Playbook:
    """A site has it read once, too."""
    content = default_playbook("office").content
    for word in (*_GROUPS, "front_door", "speaker"):
        content = content.replace(f'{word} = ""', f'{word} = "{word}"')
    return Playbook(content, version=1, time_zone="UTC")


def _shown(run: _Run) -> dict[str, Any]:
    incidents = len(run.seconds)
    return {
        "incidents": incidents,
        "p50_ms": percentile_ms(run.seconds, 50),
        "p95_ms": percentile_ms(run.seconds, 95),
        "cpu_ms_per_incident": round(1000.0 * run.cpu_s / incidents, 2),
        "incidents_per_minute": round(60.0 * incidents / run.wall_s, 1),
        "calls_per_incident": round(run.calls / incidents, 2),
        "tokens_per_incident": round(run.tokens / incidents, 1),
        "fell_back": run.fell_back,
    }


def role_played(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """A model that weighs, chooses the first thing offered, and approves: what the form that is asked for is filled in with."""
    properties = body["response_format"]["json_schema"]["schema"]["properties"]
    if "approved" in properties:
        return {"reasons": [], "approved": True}
    if "urgency" in properties:
        return {"known": ["Two people are at the gate."], "doubtful": [], "urgency": "high"}
    choice = properties["actions"]["items"]["properties"]
    blank = dict.fromkeys(choice)
    action = blank | {"action": choice["action"]["enum"][0], "text": "Two people are at the gate.", "why": "It helps."}
    return {"summary": "Two people are at the gate.", "actions": [action]}
