"""Collect what the report shows and render it with Jinja2 (autoescape on: names and paths come from outside)."""

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from haetae import __version__
from haetae.cli.report.texts import TEXTS
from haetae.domain.event import AnomalyEvent
from haetae.domain.fact import Fact
from haetae.domain.score import ALARM_LEVEL
from haetae.score_chart import clock_text, make_chart

_EMBED_LIMIT = 48 * 1024 * 1024
_CLIP_LIMIT = 12 * 1024 * 1024
_FACTS_SHOWN = 4
_RAREST = 1e-6
"""Rarer than this is extrapolated far beyond any footage: it is shown as a bound."""


@dataclass(slots=True)
class ReportData:
    """What one run of `haetae watch` leaves for its report. Times are presentation times in seconds."""

    source: str
    root: Path
    summary: dict[str, Any]
    codec: str
    t_s: list[float] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    learning: list[tuple[float, float]] = field(default_factory=list)
    truth: list[tuple[float, float, str]] = field(default_factory=list)
    events: list[AnomalyEvent] = field(default_factory=list)
    language: str = "en"

    def incidents_found(self) -> int:
        """How many labelled incidents at least one event overlaps."""
        spans = [(event.onset_s, event.end_s if event.end_s is not None else event.peak_s) for event in self.events]
        return sum(any(start < t1 and end > t0 for start, end in spans) for t0, t1, _ in self.truth)


def write_report(data: ReportData, path: Path) -> Path:
    """Write the report to `path` and return it. Clips are embedded as long as they are small, else linked."""
    texts = TEXTS.get(data.language, TEXTS["en"])
    environment = Environment(loader=PackageLoader("haetae.cli.report", "."), autoescape=select_autoescape(("html", "j2")))
    environment.filters["clock"] = clock_text
    template = environment.get_template("report.html.j2")
    events = sorted(data.events, key=lambda event: event.onset_s)
    chart = make_chart(
        np.asarray(data.t_s, np.float64),
        np.asarray(data.value, np.float64),
        alarm_level=ALARM_LEVEL,
        learning=data.learning,
        truth=data.truth,
        events=[(event.onset_s, event.end_s if event.end_s is not None else event.peak_s, str(n)) for n, event in enumerate(events, 1)],
    )
    html = template.render(
        t=texts,
        language=data.language if data.language in TEXTS else "en",
        data=data,
        chart=chart,
        cards=_cards(events, data, texts),
        version=__version__,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8")
    return path


def _cards(events: list[AnomalyEvent], data: ReportData, texts: dict[str, str]) -> list[dict[str, Any]]:
    cards = []
    embedded = 0
    for event in events:
        clip = data.root / event.clip_path if event.clip_path else None
        size = clip.stat().st_size if clip and clip.is_file() else 0
        embed = 0 < size <= _CLIP_LIMIT and embedded + size <= _EMBED_LIMIT
        embedded += size if embed else 0
        end_s = event.end_s if event.end_s is not None else event.peak_s
        cards.append(
            {
                "event": event,
                "end_s": end_s,
                "title": f"{texts[event.kind]}" + (f" · {texts.get(event.subtype, event.subtype)}" if event.subtype else ""),
                "clip": _data_uri(clip, "video/mp4") if clip and embed else None,
                "clip_file": event.clip_path if size else None,
                "hevc": data.codec == "hevc",
                "poster": _data_uri(data.root / event.thumbnail_path, "image/jpeg") if event.thumbnail_path else None,
                "facts": [_fact_row(fact, texts) for fact in event.facts[:_FACTS_SHOWN]],
                "truth": [label for t0, t1, label in data.truth if event.onset_s < t1 and end_s > t0],
            }
        )
    return cards


def _fact_row(fact: Fact, texts: dict[str, str]) -> dict[str, Any]:
    """A fact with the widths (in %) of its bar: how far the usual range goes, and how far the value."""
    top = max(fact.value, fact.usual or 0.0) or 1.0
    return {
        "name": texts.get(fact.kind, fact.kind) + (f": {fact.subject}" if fact.subject else ""),
        "value": _number(fact.value),
        "unit": fact.unit,
        "usual": None if fact.usual is None else _number(fact.usual),
        "rarity": None if fact.rarity is None or fact.rarity >= 0.5 else f"{round(1 / max(fact.rarity, _RAREST)):,}",
        "rarer": fact.rarity is not None and fact.rarity < _RAREST,
        "value_width": 100 * fact.value / top,
        "usual_width": 0 if fact.usual is None else 100 * fact.usual / top,
    }


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _data_uri(path: Path, media_type: str) -> Markup | None:
    if not path.is_file():
        return None
    # Base64 has no character that HTML could misread.
    return Markup(f"data:{media_type};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}")
