"""The work behind `haetae vlm`."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import typer

from haetae.cli.display import print_json
from haetae.clock import SystemClock
from haetae.domain.analysis import Analysis, EventType, Picture
from haetae.domain.event import AnomalyEvent, EventStatus, Severity
from haetae.errors import ConfigError, MediaError
from haetae.ids import new_id
from haetae.media.clip_pictures import clip_length_s, clip_pictures
from haetae.pipeline.model_server import vlm_reach
from haetae.settings import VlmSettings, load_config
from haetae.vlm.base import AnalyzerParts, Scene, make_analyzer
from haetae.vlm.evaluation import Judged, evaluate
from haetae.vlm.keyframes import BEFORE_S, Seen, choose_times, make_pictures
from haetae.vlm.presets import server_of
from haetae.vlm.prompt import caption, load_prompt, make_prompt

_IMAGES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
_CLIPS = frozenset({".mp4", ".mkv", ".mov", ".avi", ".webm", ".ts"})


def show_look(footage: Path, config: Path | None, *, json_output: bool) -> bool:
    """Show a look at a file; false where it failed. Raises ConfigError without a model, MediaError for a file that is neither."""
    settings = _with_model(load_config(config).vlm)
    event, pictures = _seen(footage, settings)
    server = server_of(settings)
    prompt = make_prompt(load_prompt(), event, (), Scene(camera="test"), language=settings.language)
    analysis = _look(settings, [(event, pictures)])[0]
    sent = [{"caption": caption(each), "width": each.width, "height": each.height, "bytes": len(each.data)} for each in pictures]
    if json_output:
        request = {"url": f"{server.base_url}/chat/completions", "model": server.model, **asdict(prompt), "pictures": sent}
        print_json({"request": request, "analysis": _plain(analysis)})
        return not analysis.failed
    _say("asked", f"{server.model} at {server.base_url}")
    _say("system", prompt.system)
    _say("known", prompt.intro)
    for each in sent:
        _say("picture", f"{each['caption']} {each['width']} x {each['height']}, {each['bytes']} bytes")
    _say("question", prompt.question)
    provenance = analysis.provenance
    _say("answer", provenance.raw or "(none)")
    _say("took", f"{provenance.latency_ms / 1000:.2f} s, asked {provenance.attempts} times, {provenance.tokens} tokens")
    kind = analysis.event_type.value if analysis.event_type else "no type"
    _say("verdict", f"{analysis.verdict.value}, {kind}" + (f" ({analysis.reason})" if analysis.reason else ""))
    _say("flags", ", ".join(analysis.flags) or "none")
    _say("description", analysis.description)
    return not analysis.failed


def evaluate_model(folder: Path, config: Path | None, *, json_output: bool, limit: int) -> None:
    """Measure the configured analyzer on a labelled folder. Raises ConfigError for a folder that is none."""
    # Each file is looked at for itself, and as often as it takes.
    settings = load_config(config).vlm.model_copy(update={"calls_per_hour": 0, "calls_per_day": 0, "keep_verdict_s": 0.0})
    labelled = list(_labelled(folder, limit))
    looks, kept = [], []
    for truth, path in labelled:
        try:
            looks.append(_seen(path, settings))
        except MediaError as error:
            typer.echo(f"left out: {error.message}", err=True)
            continue
        kept.append((truth, path))
    analyses = _look(settings, looks, told=lambda done: typer.echo(f"\r{done} of {len(looks)}", err=True, nl=False))
    typer.echo("", err=True)
    judged = [Judged(str(path.relative_to(folder)), truth, analysis) for (truth, path), analysis in zip(kept, analyses, strict=True)]
    result = {"backend": settings.backend, "model": settings.model, "prompt": load_prompt().id, **evaluate(judged)}
    if json_output:
        print_json(result)
        return
    from rich.pretty import pprint

    pprint(result, expand_all=True)


def probe_model(config: Path | None, *, json_output: bool) -> bool:
    """Show what the configured server can do; false where it cannot be used. Raises ConfigError without a model."""
    from haetae.vlm.probe import probe

    settings = _with_model(load_config(config).vlm)
    found = probe(settings, vlm_reach(settings))
    usable = not found.fault and found.sees is True
    if json_output:
        shown = {"base_url": found.server.base_url, "model": found.server.model, "knows_model": found.knows_model, "usable": usable}
        rest = ("models", "sees", "schema", "latency_s", "raw", "fault")
        print_json(shown | {name: getattr(found, name) for name in rest})
        return usable
    _say("server", found.server.base_url)
    _say("model", f"{found.server.model} ({ {True: 'known', False: 'NOT among its models', None: 'not listed'}[found.knows_model] })")
    if found.fault:
        _say("fault", found.fault)
        return False
    _say("pictures", "seen" if found.sees else "NOT seen: is it a vision model?")
    _say("schema", found.schema.value)
    _say("took", f"{found.latency_s:.2f} s")
    return usable


def _with_model(settings: VlmSettings) -> VlmSettings:
    if settings.backend == "evidence":
        raise ConfigError(
            "no model is configured", hint='Set vlm.backend = "openai" with vlm.preset or vlm.base_url, and vlm.model, in haetae.toml'
        )
    return settings


_Look = tuple[AnomalyEvent, tuple[Picture, ...]]


def _look(settings: VlmSettings, looks: list[_Look], *, told: Callable[[int], None] = lambda _done: None) -> list[Analysis]:
    """One after the other, by one analyzer."""
    clock = SystemClock()
    analyzer = make_analyzer(AnalyzerParts(settings, clock, vlm_reach(settings), lambda _event: Scene(camera="test")))

    async def run() -> list[Analysis]:
        found = []
        try:
            for event, pictures in looks:
                found.append(await analyzer.analyze(event, pictures, (), clock.monotonic() + settings.deadline_s))
                told(len(found))
        finally:
            await analyzer.disconnect()
        return found

    try:
        return asyncio.run(run())
    finally:
        analyzer.close()


def _seen(path: Path, settings: VlmSettings) -> tuple[AnomalyEvent, tuple[Picture, ...]]:
    """A file as an event that fills it. Raises MediaError."""
    lasted_s = 0.0
    if path.suffix.lower() in _CLIPS:
        length_s = clip_length_s(path)
        # The beginning of a clip stands for what was before.
        onset_s = min(BEFORE_S, length_s / 4)
        lasted_s = max(0.0, length_s - onset_s)
        times = [onset_s + time_s for time_s in choose_times((), (), lasted_s, settings.frames)]
        seen = [Seen(each.t_s - onset_s, each.rgb) for each in clip_pictures(path, times)]
    else:
        seen = [Seen(0.0, _image(path))]
    now = SystemClock().now()
    event = AnomalyEvent(new_id(), new_id(), now, 0, 0.9, 1.0, severity=Severity.MEDIUM, status=EventStatus.CLOSED, end_s=lasted_s)
    pictures = make_pictures(seen, None, count=settings.frames, side=settings.frame_side)
    return replace(event, ended_at=now), pictures


def _image(path: Path) -> Any:
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {error.strerror}", hint="Check the path") from error
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if decoded is None:
        raise MediaError(f"{path} is neither a picture nor a clip", hint=f"Known: {', '.join(sorted(_IMAGES | _CLIPS))}")
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)


def _labelled(folder: Path, limit: int) -> Iterator[tuple[EventType, Path]]:
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}", hint="Give one with a folder for each type, such as Falling and Normal")
    known = {each.value: each for each in EventType}
    found = False
    for each in sorted(folder.iterdir()):
        if not each.is_dir():
            continue
        if each.name not in known:
            raise ConfigError(f"{each.name!r} is no type of event", hint=f"Known: {', '.join(known)}")
        files = [path for path in sorted(each.rglob("*")) if path.suffix.lower() in _IMAGES | _CLIPS]
        for path in files[:limit]:
            found = True
            yield known[each.name], path
    if not found:
        raise ConfigError(f"{folder} holds no labelled pictures or clips", hint="Put them into folders named after types of events")


def _plain(analysis: Analysis) -> dict[str, Any]:
    return asdict(analysis)


def _say(what: str, text: str) -> None:
    first, *others = text.splitlines() or [""]
    typer.echo(f"{typer.style(f'{what:<12}', bold=True)} {first}")
    for line in others:
        typer.echo(f"{'':<12} {line}")
