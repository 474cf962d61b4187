"""One HTML page about an evaluation, for who wants to trust or distrust its figures: nothing is fetched, and no script is needed."""

import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from haetae import __version__
from haetae.errors import ConfigError
from haetae.training.curves import operating_points
from haetae.training.eval_style import STYLE
from haetae.training.eval_svg import HATCH, bar, joined, recall_curve, roc, strip
from haetae.training.eval_texts import APART, BASELINES, COST, FLATTERED, HONEST, warnings
from haetae.training.evaluate import Report
from haetae.training.judged_clip import JudgedClip

WORST = 5

_HINT = "Give a file in a folder that exists and can be written to, with room on the disk"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no page may hold. Names of files may hold anything, so they may hold this."""

_LEGEND = Markup(
    '<ul class="legend" aria-label="What the strips show">'
    '<li><svg viewBox="0 0 24 12" aria-hidden="true"><path class="curve" d="M0 10L8 3L16 8L24 4"/></svg>calibrated score</li>'
    '<li><svg viewBox="0 0 24 12" aria-hidden="true"><path class="alarm" d="M0 6H24"/></svg>alarm level 0.5</li>'
    '<li><svg viewBox="0 0 24 12" aria-hidden="true"><rect class="truth" width="24" height="12"/></svg>labelled as abnormal</li>'
    '<li><svg viewBox="0 0 24 12" aria-hidden="true"><rect class="found" width="24" height="12" rx="2"/></svg>'
    "✓ incident that belongs to a label</li>"
    '<li><svg viewBox="0 0 24 12" aria-hidden="true"><rect class="alarmed" width="24" height="12" rx="2"/></svg>✗ false alarm</li></ul>'
)


@dataclass(frozen=True, slots=True)
class About:
    """Where and how the figures came about. `options` are those of the command, name to value."""

    measured_at: datetime
    machine: str
    options: Mapping[str, object] = field(default_factory=dict)
    version: str = __version__


def this_machine() -> str:
    """The processor's name and the cores that this process may use."""
    name = platform.processor() or platform.machine()
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"{found.group(1) if found else name}, {cores} core{'' if cores == 1 else 's'}, {platform.system()} {platform.machine()}"


def check_page_file(path: Path) -> None:
    """Find out whether a page can be written there, before hours of work are done for it. Raises ConfigError."""
    # Of os.path, which says no to a name that is too long where pathlib raises.
    if not os.path.isdir(path.parent):
        raise ConfigError(f"{path.parent} is no folder, so {path.name} cannot be written there", hint=_HINT)
    if os.path.isdir(path):
        raise ConfigError(f"{path} is a folder", hint="Name a file in it, as in report.html")
    partial = _partial(path)
    try:
        partial.touch()
        partial.unlink()
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror})", hint=_HINT) from error


def write_eval_page(report: Report, about: About, path: Path) -> None:
    """Write the page whole or not at all. Raises ConfigError where it cannot be written."""
    page, partial = eval_page(report, about), _partial(path)
    try:
        try:
            partial.write_text(page, encoding="utf-8")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror})", hint=_HINT) from error


def eval_page(report: Report, about: About) -> str:
    """The page, well-formed as HTML and as XML."""
    clips = sorted(report.clips, key=lambda clip: clip.name)
    title = f"{report.model} on {report.dataset}"
    body = [_head(title, report, about), HATCH, _warned(report), _figures(report, clips), _strips(clips), _foot(about)]
    page = Markup(
        '<!DOCTYPE html>\n<html lang="en" xmlns="http://www.w3.org/1999/xhtml">\n<head>\n<meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n<title>{title} – Haetae evaluation</title>\n'
        "<style>{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    ).format(title=title, style=Markup(STYLE), body=Markup("\n").join(body))
    return _NOT_XML.sub("\ufffd", page)


def shown(value: Any) -> str:
    """A figure as the page says it: four digits, whole numbers whole."""
    if value is None:
        return "–"
    if isinstance(value, (tuple, list)):
        return " to ".join(shown(each) for each in value)
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    return str(value)


def _head(title: str, report: Report, about: About) -> Markup:
    options = ", ".join(f"{name} {value}" for name, value in about.options.items())
    return Markup(
        '<header><h1>{title}</h1><p class="about">Data set {dataset} · model {model} · measured {date}'
        " · {machine} · Haetae {version}{options}</p></header>"
    ).format(
        title=title,
        dataset=report.dataset,
        model=report.model,
        date=about.measured_at.strftime("%Y-%m-%d %H:%M %Z"),
        machine=about.machine,
        version=about.version,
        options=f" · {options}" if options else "",
    )


def _warned(report: Report) -> Markup:
    said = warnings(report)
    if not said:
        return Markup("")
    lines = joined(Markup("<li>{}</li>").format(each) for each in said)
    return Markup('<aside class="panel warning" aria-label="Where this data says little"><ul>{}</ul></aside>').format(lines)


def _figures(report: Report, clips: list[JudgedClip]) -> Markup:
    values = report.as_json()
    known = {*HONEST, *COST, *FLATTERED, *APART}
    others = {key: (key, "") for key in values if key not in known}
    honest = {key: name for key, name in HONEST.items() if key != "regions_missing" or values.get(key) is not None}
    groups = [("Causal, one scale for all clips", honest, ""), ("Cost", COST, ""), ("Others", others, "")]
    rows = joined(
        Markup('<tbody><tr class="group"><th colspan="3" scope="rowgroup">{}</th></tr>{}</tbody>').format(group, _rows(values, names, kind))
        for group, names, kind in [*groups, ("Not honest", FLATTERED, "flattered")]
        if names
    )
    return Markup(
        '<h2>Figures</h2><div class="two wide"><div class="panel"><table><caption>All figures</caption>{}</table></div>'
        "<div>{}{}</div></div>"
    ).format(rows, _compared(report), _curves(report, clips))


def _rows(values: Mapping[str, Any], names: Mapping[str, tuple[str, str]], kind: str) -> Markup:
    return joined(
        Markup(
            '<tr class="{kind}"><th scope="row">{name}<br/><code>{key}</code></th>'
            '<td class="value{text}">{value}</td><td class="note">{note}</td></tr>'
        ).format(
            kind=kind,
            name=name,
            key=key,
            text=" text" if isinstance(values.get(key), str) else "",
            value=_datum(values.get(key)),
            note=note,
        )
        for key, (name, note) in names.items()
    )


def _datum(value: Any) -> Markup:
    """What is shown, with the whole figure behind it."""
    exact = " ".join(repr(each) for each in value) if isinstance(value, (tuple, list)) else "" if value is None else str(value)
    return Markup('<data value="{}">{}</data>').format(exact, shown(value))


def _compared(report: Report) -> Markup:
    rows = [("This model", report.model, report.micro_auc, report.micro_auc_ci, "own")]
    rows += [(key, f"baseline: {BASELINES.get(key, key)}", auc, None, "rival") for key, auc in report.baselines.items()]
    rows.append(("Legacy, flattered", "not comparable with the others", report.legacy_micro_auc, None, "legacy"))
    lines = joined(
        Markup(
            '<tr class="{kind}"><th scope="row">{name}<br/><span class="note">{note}</span></th>'
            '<td class="value">{value}</td><td>{bar}</td></tr>'
        ).format(kind="flattered" if kind == "legacy" else "", name=name, note=note, value=_datum(auc), bar=bar(auc, interval, kind))
        for name, note, auc, interval, kind in rows
    )
    return Markup(
        '<div class="panel"><table class="beside"><caption>Micro AUC beside what needs no learning</caption>{}</table>'
        '<p class="dim">Bars from 0 to 1; dotted: chance, 0.5; whisker: 95 % interval over clips. A figure that is not clearly above every '
        "baseline says nothing about the model.</p></div>"
    ).format(lines)


def _curves(report: Report, clips: list[JudgedClip]) -> Markup:
    frames = roc(clips, report.threshold)
    events = recall_curve(operating_points(clips, report.threshold), report.threshold)
    return Markup(
        '<section class="panel"><h3>ROC, all frames on one scale</h3>{}'
        '<p class="dim">Diamond: the level that the calibration chose from the training clips.</p></section>'
        '<section class="panel"><h3>Events found over false alarms per hour</h3>{}'
        '<p class="dim">Each dot is an alarm level. Hollow: 10 % or more of the normal time lies within incidents; an alarm that is '
        "always on finds everything and, as it is one long incident, counts few false alarms. The dots were chosen on the test clips: "
        "only the diamond is a result.</p></section>"
    ).format(
        frames if frames is not None else _nothing("Frames of only one kind: there is no curve."),
        events if events is not None else _nothing("No labelled event, or no normal time: there is no curve."),
    )


def _strips(clips: list[JudgedClip]) -> Markup:
    if not clips:
        return _nothing("No test clip.")
    numbers = {clip.name: number for number, clip in enumerate(clips, start=1)}
    links = Markup(" · ").join(Markup('<a href="#clip-{}">{}</a>').format(numbers[clip.name], clip.name) for clip in clips)
    parts = joined(
        Markup(
            '<section class="panel clip" id="clip-{number}"><h3>{name} <span class="dim">{said}</span></h3>'
            '<div class="scroll">{strip}</div></section>'
        ).format(number=numbers[clip.name], name=clip.name, said=_said(clip), strip=strip(clip, numbers[clip.name]))
        for clip in clips
    )
    return Markup('<h2>Test clips</h2>{}<nav aria-label="Test clips"><p>All: {}</p></nav>{}{}').format(
        _worst(clips, numbers), links, _LEGEND, parts
    )


def _worst(clips: list[JudgedClip], numbers: Mapping[str, int]) -> Markup:
    def faults(clip: JudgedClip) -> int:
        return len(clip.missed) + len(clip.false_alarms)

    def goodness(clip: JudgedClip) -> tuple[int, float]:
        return -faults(clip), 1.0 if clip.auc is None else clip.auc

    told = [clip for clip in sorted(clips, key=goodness) if faults(clip) or (clip.auc is not None and clip.auc < 1.0)][:WORST]
    if not told:
        return _nothing("No clip has a missed event, a false alarm, or an AUC below 1.")
    rows = joined(
        Markup('<li><a href="#clip-{}">{}</a> <span class="dim">{}</span></li>').format(numbers[clip.name], clip.name, _said(clip))
        for clip in told
    )
    return Markup('<section class="panel"><h3>Worst clips</h3><ol>{}</ol></section>').format(rows)


def _said(clip: JudgedClip) -> str:
    auc = "all frames of one kind" if clip.auc is None else f"AUC {shown(clip.auc)}"
    found = f"{len(clip.spans) - len(clip.missed)} of {len(clip.spans)} labelled found"
    return f"{auc}; {found}; false alarms: {len(clip.false_alarms)}; {clip.labels.size} frames"


def _foot(about: About) -> Markup:
    return Markup(
        "<footer>Made by haetae vad eval, Haetae {}. How to read it: docs/reference/vad-eval.md. The exact figure of each row stands in "
        "its data element.</footer>"
    ).format(about.version)


def _nothing(text: str) -> Markup:
    return Markup('<p class="dim">{}</p>').format(text)


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")
