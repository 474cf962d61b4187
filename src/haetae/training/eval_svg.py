"""The drawings of the page about an evaluation, as inline SVG; `Markup.format` escapes whatever is put into it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from haetae.domain.score import ALARM_LEVEL
from haetae.score_chart import WIDTH, clock_text, make_chart
from haetae.score_chart import Span as ChartSpan
from haetae.training.curves import Operating, roc_curve, roc_point
from haetae.training.incidents import Span
from haetae.training.judged_clip import JudgedClip

STRIP_HEIGHT = 100.0
PLOT_WIDTH, PLOT_HEIGHT = 480.0, 340.0
LARGE_SHARE = 0.1
"""From this share of the normal time within incidents on, a found event says little: the alarm is on anyway."""

FOUND, FALSE = "found", "false alarm"

HATCH = Markup(
    '<svg class="defs" aria-hidden="true" width="0" height="0"><defs>'
    '<pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="false" width="4" height="7"/></pattern></defs></svg>'
)
"""False alarms are hatched as well as coloured, so that no colour has to be told apart. Once per page."""


@dataclass(frozen=True, slots=True)
class Axis:
    """`largest` is the value at the right or upper end; ticks are (value, text)."""

    name: str
    largest: float
    ticks: tuple[tuple[float, str], ...]


_ENDS_HERE = Markup(' text-anchor="end"')
SHARES = tuple((number / 4, f"{number / 4:g}") for number in range(5))


def joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def strip(clip: JudgedClip, number: int) -> Markup:
    """The calibrated score of one clip over its time, from 0 at its first frame."""
    start_s = float(clip.t_s[0]) if clip.t_s.size else 0.0

    def shifted(span: Span, label: str) -> tuple[float, float, str]:
        return span.start_s - start_s, span.end_s - start_s, label

    missed, false = set(clip.missed), set(clip.false_alarms)
    chart = make_chart(
        clip.t_s - start_s,
        clip.calibrated,
        alarm_level=ALARM_LEVEL,
        learning=[],
        truth=[shifted(span, "missed" if span in missed else "labelled") for span in clip.spans],
        events=[
            shifted(each.span, f"{FALSE if each in false else FOUND}, raised at {clock_text(each.opened_s - start_s, 1)};")
            for each in clip.raised
        ],
        height=STRIP_HEIGHT,
    )
    parts = [
        Markup(
            '<rect class="truth" x="{x:.1f}" y="0" width="{width:.1f}" height="{height}"><title>{label} {when}</title></rect>'
            '<text class="missed" x="{text:.1f}" y="-5"{end}>{shown}</text>'
        ).format(
            x=span.x,
            width=span.width,
            height=STRIP_HEIGHT,
            label=span.label,
            when=_when(span.t0_s, span.t1_s),
            shown="missed" if span.label == "missed" else "",
            **_text_at(span.x),
        )
        for span in chart.truth
    ]
    parts += [
        Markup('<path class="tick" d="M{x:.1f} {y}v5"/><text x="{text:.1f}" y="{below}"{end}>{label}</text>').format(
            x=x, y=STRIP_HEIGHT, below=STRIP_HEIGHT + 36, label=label, **_text_at(x)
        )
        for x, label in chart.ticks
    ]
    parts.append(
        Markup('<path class="axis" d="M0 {h}H{w}M0 0H{w}"/><path class="alarm" d="M0 {y}H{w}"/><path class="curve" d="{line}"/>').format(
            h=STRIP_HEIGHT, w=WIDTH, y=chart.alarm_y, line=chart.line
        )
    )
    for span in chart.events:
        kind, sign = ("found", "✓") if span.label.startswith(FOUND) else ("alarmed", "✗")
        parts.append(
            Markup(
                '<rect class="{kind}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="12" rx="2"><title>{label} {when}</title></rect>'
                '<text class="sign" x="{text:.1f}" y="{below}"{end}>{sign}</text>'
            ).format(
                kind=kind,
                x=span.x,
                y=STRIP_HEIGHT + 6,
                width=span.width,
                label=span.label,
                when=_when(span.t0_s, span.t1_s),
                below=STRIP_HEIGHT + 17,
                sign=sign,
                **_text_beside(span),
            )
        )
    parts += [
        Markup('<text x="-6" y="{y}" text-anchor="end">{value:g}</text>').format(y=(1 - value) * STRIP_HEIGHT + 4, value=value)
        for value in (0.0, ALARM_LEVEL, 1.0)
    ]
    said = f"{_counted(len(clip.spans), 'labelled span')}, {len(missed)} missed; {_counted(len(false), 'false alarm')}."
    inside = "".join(f" {span.label} {_when(span.t0_s, span.t1_s)}." for span in (*chart.truth, *chart.events))
    return _svg(f"s{number}", f"-34 -20 {WIDTH + 40:g} {STRIP_HEIGHT + 62:g}", f"Calibrated score of {clip.name}", said + inside, parts)


def roc(clips: Sequence[JudgedClip], threshold: float) -> Markup | None:
    """The ROC curve over all frames, the level of the calibration marked; None where a class is missing."""
    curve = roc_curve(clips)
    if curve is None:
        return None
    x, y = curve
    axes = Axis("normal frames above the level", 1.0, SHARES), Axis("abnormal frames above the level", 1.0, SHARES)
    at = roc_point(clips, threshold)
    parts = [
        Markup('<path class="chance" d="M0 {h}L{w} 0"/>').format(h=PLOT_HEIGHT, w=PLOT_WIDTH),
        Markup('<path class="curve" d="{}"/>').format(_path([_place(each, axes) for each in zip(x.tolist(), y.tolist(), strict=True)])),
        _mark(at, axes, f"the calibration's level: {at[1]:.1%} of the abnormal, {at[0]:.1%} of the normal frames"),
    ]
    said = f"At the calibration's level {at[1]:.1%} of the abnormal and {at[0]:.1%} of the normal frames are above it."
    return _plot("roc", "ROC curve over all frames on one scale", said, axes, parts)


def recall_curve(points: Sequence[Operating], threshold: float) -> Markup | None:
    """Event recall over false alarms per hour, by the alarm level; None without an event or without normal time."""
    told = [point for point in points if point.figures.recall is not None and point.figures.false_alarms_per_hour is not None]
    if not told:
        return None
    rates = [float(point.figures.false_alarms_per_hour or 0.0) for point in told]
    largest = _round_up(max(rates) or 1.0)
    ticks = tuple((largest * number / 4, f"{largest * number / 4:g}") for number in range(5))
    axes = Axis("false alarms per hour of normal time", largest, ticks), Axis("share of the labelled events found", 1.0, SHARES)
    places = [(rate, float(point.figures.recall or 0.0)) for rate, point in zip(rates, told, strict=True)]
    sound = [place for place, point in zip(places, told, strict=True) if point.share < LARGE_SHARE]
    parts = [Markup('<path class="curve" d="{}"/>').format(_path([_place(each, axes) for each in sound]))]
    parts += [_dot(place, point, axes, threshold) for place, point in zip(places, told, strict=True)]
    here = next((index for index, point in enumerate(told) if point.level == threshold), None)
    said = "Falling alarm levels from the lower left on."
    if here is not None:
        parts.append(_mark(places[here], axes, f"the calibration's level: {_told(told[here])}"))
        said = f"At the calibration's level {_told(told[here])}. {said}"
    return _plot("recall", "Event recall over false alarms per hour, by the alarm level", said, axes, parts)


def bar(value: float | None, interval: tuple[float, float] | None, name: str) -> Markup:
    """A figure in [0, 1] as a bar with chance at 0.5 and its interval; its row says the figure in words."""
    parts = [Markup('<path class="axis" d="M0 7H300"/>')]
    if value is not None:
        parts.append(Markup('<rect class="bar {}" x="0" y="4" width="{:.1f}" height="6"/>').format(name, 300 * value))
    if interval is not None:
        parts.append(Markup('<path class="whisker" d="M{low:.1f} 0v14M{high:.1f} 0v14M{low:.1f} 7H{high:.1f}"/>').format(
            low=300 * interval[0], high=300 * interval[1]
        ))  # fmt: skip
    return Markup('<svg class="small" viewBox="-1 0 302 14" aria-hidden="true">{}<path class="chance" d="M150 0v14"/></svg>').format(
        joined(parts)
    )


def _dot(place: tuple[float, float], point: Operating, axes: tuple[Axis, Axis], threshold: float) -> Markup:
    x, y = _place(place, axes)
    kind = "sound" if point.share < LARGE_SHARE else "always"
    said = f"level {point.level / threshold:.2f} of the calibration's: {_told(point)}"
    return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="4"><title>{}</title></circle>').format(kind, x, y, said)


def _told(point: Operating) -> str:
    figures = point.figures
    alarms = _counted(figures.false_alarms, "false alarm")
    return f"{figures.found} of {_counted(figures.events, 'event')} found, {alarms}, {point.share:.1%} of the normal time within incidents"


def _mark(point: tuple[float, float], axes: tuple[Axis, Axis], said: str) -> Markup:
    x, y = _place(point, axes)
    return Markup('<path class="mark" d="M{:.1f} {:.1f}l9 9 9 -9 -9 -9z"><title>{}</title></path>').format(x - 9, y, said)


def _plot(key: str, name: str, said: str, axes: tuple[Axis, Axis], parts: Iterable[Markup]) -> Markup:
    grid = [
        Markup('<path class="axis" d="M{x:.1f} 0V{h}"/><text x="{x:.1f}" y="{below}" text-anchor="middle">{label}</text>').format(
            x=value / axes[0].largest * PLOT_WIDTH, h=PLOT_HEIGHT, below=PLOT_HEIGHT + 18, label=label
        )
        for value, label in axes[0].ticks
    ]
    grid += [
        Markup('<path class="axis" d="M0 {y:.1f}H{w}"/><text x="-8" y="{text:.1f}" text-anchor="end">{label}</text>').format(
            y=(1 - value / axes[1].largest) * PLOT_HEIGHT,
            text=(1 - value / axes[1].largest) * PLOT_HEIGHT + 4,
            w=PLOT_WIDTH,
            label=label,
        )
        for value, label in axes[1].ticks
    ]
    names = Markup(
        '<text x="{x}" y="{below}" text-anchor="middle">{across}</text>'
        '<text transform="translate(-44 {y}) rotate(-90)" text-anchor="middle">{up}</text>'
    ).format(x=PLOT_WIDTH / 2, below=PLOT_HEIGHT + 40, across=axes[0].name, y=PLOT_HEIGHT / 2, up=axes[1].name)
    box = f"-60 -14 {PLOT_WIDTH + 84:g} {PLOT_HEIGHT + 62:g}"
    return _svg(key, box, name, said, [*grid, names, *parts])


def _svg(key: str, box: str, name: str, said: str, parts: Iterable[Markup]) -> Markup:
    return Markup(
        '<svg viewBox="{box}" role="img" aria-labelledby="{key}-name" aria-describedby="{key}-said">'
        '<title id="{key}-name">{name}</title><desc id="{key}-said">{said}</desc>{parts}</svg>'
    ).format(box=box, key=key, name=name, said=said, parts=joined(parts))


def _place(point: tuple[float, float], axes: tuple[Axis, Axis]) -> tuple[float, float]:
    return point[0] / axes[0].largest * PLOT_WIDTH, (1 - point[1] / axes[1].largest) * PLOT_HEIGHT


def _path(places: Sequence[tuple[float, float]]) -> str:
    """At most one point per tenth of a unit: a curve of a million frames stays small."""
    texts = [f"{x:.1f} {y:.1f}" for x, y in places]
    kept = [text for index, text in enumerate(texts) if not index or text != texts[index - 1]]
    return "M" + "L".join(kept) if kept else ""


def _text_at(x: float) -> dict[str, object]:
    """A text at `x` begins there, and near the right edge ends at the edge."""
    return {"text": x + 4, "end": ""} if x <= WIDTH - 60 else {"text": WIDTH, "end": _ENDS_HERE}


def _text_beside(span: ChartSpan) -> dict[str, object]:
    """A text after a bar, and before it where the bar goes to the right edge."""
    right = span.x + span.width
    return {"text": right + 4, "end": ""} if right <= WIDTH - 20 else {"text": span.x - 4, "end": _ENDS_HERE}


def _when(t0_s: float, t1_s: float) -> str:
    return f"{clock_text(t0_s, 1)} to {clock_text(t1_s, 1)}"


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _round_up(value: float) -> float:
    """The next of 1, 2, 4 or 8 times a power of ten."""
    power = 1e-6
    while True:
        for digit in (1, 2, 4, 8):
            if value <= digit * power:
                return digit * power
        power *= 10
