"""The page about an evaluation: what it says is what was measured, whatever clips are called and whatever is missing."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from haetae.errors import ConfigError
from haetae.score_chart import WIDTH
from haetae.training.curves import operating_point, operating_points, roc_curve, roc_point
from haetae.training.eval_page import About, check_page_file, eval_page, this_machine, write_eval_page
from haetae.training.evaluate import Report
from haetae.training.incidents import judge_incidents
from haetae.training.judged_clip import JudgedClip
from haetae.training.metrics import legacy_micro_auc, macro_auc, micro_auc, micro_auc_interval, micro_average_precision
from haetae.training.regions import RegionFigures
from haetae.vad.calibrate import Calibration, Tail

ABOUT = About(datetime(2026, 3, 4, 5, 6, tzinfo=UTC), "a <fast> machine, 2 cores", {"seed": 7})
LEVEL = 2.0
CALIBRATION = Calibration(LEVEL, 1.0, Tail(0.0, 0.0, 0.0, 0.0), LEVEL)
FRAMES = 300
HTML, SVG = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2000/svg}"
HOSTILE = "</svg><script>alert(1)</script>\"' onload=x & \x07\udc80 {0}"

Ranges = tuple[tuple[int, int], ...]


def marked(ranges: Ranges) -> np.ndarray:
    inside = np.zeros(FRAMES, np.uint8)
    for start, end in ranges:
        inside[start:end] = 1
    return inside


def report_of(clips: Mapping[str, tuple[Ranges, Ranges]], **changes: object) -> Report:
    """Of clips at 10 fps, each with the frames labelled and the frames above the alarm level."""
    random = np.random.default_rng(0)
    labels = {name: marked(labelled) for name, (labelled, _) in clips.items()}
    raw = {name: random.uniform(0.1, 0.8, FRAMES) + 3.0 * marked(high) for name, (_, high) in clips.items()}
    times = {name: 3600.0 * number + np.arange(FRAMES) / 10 for number, name in enumerate(clips, start=1)}
    judged = tuple(JudgedClip.of(name, labels[name], times[name], raw[name], CALIBRATION) for name in clips)
    report = Report(
        dataset="a & b",
        model="motion",
        micro_auc=micro_auc(labels, raw),
        macro_auc=macro_auc(labels, raw),
        ap=micro_average_precision(labels, raw),
        micro_auc_ci=micro_auc_interval(labels, raw),
        legacy_micro_auc=legacy_micro_auc(labels, raw),
        regions=RegionFigures(0.61234567, 0.71234567),
        regions_missing=None,
        incidents=judge_incidents(labels, {clip.name: clip.calibrated for clip in judged}, times),
        false_alarms_per_day=1.0,
        threshold=LEVEL,
        ms_per_frame=4.56789,
        fit_s=12.345678,
        peak_rss_mb=321.098,
        frames=FRAMES * len(clips),
        baselines={"random": 0.5123456, "frame_index": None, "frame_difference": 0.6, "largest_speed": 0.7},
        clips=judged,
    )
    return replace(report, **changes)  # type: ignore[arg-type]


@pytest.fixture
def report() -> Report:
    # b: one event found from its second second on, one missed; a: one false alarm.
    return report_of({"b": (((100, 150), (250, 280)), ((120, 150),)), "a": ((), ((50, 80),))})


def parsed(page: str) -> ET.Element:
    """As XML, with SVG in no namespace of its own: in HTML its elements need none said."""
    return ET.fromstring(page.split("\n", 1)[1])


def tagged(tree: ET.Element, name: str, css: str | None = None) -> list[ET.Element]:
    return [each for each in tree.iter(HTML + name) if css is None or css in (each.get("class") or "").split()]


def text_of(element: ET.Element) -> str:
    return "".join(element.itertext())


def figures_of(page: str) -> dict[str, tuple[str, str]]:
    """Key -> the exact figure and the text shown, of the table of all figures."""
    found = {}
    for row in tagged(tagged(parsed(page), "table")[0], "tr"):
        data = tagged(row, "data")
        if data:
            found[text_of(tagged(row, "code")[0])] = (data[0].get("value", ""), text_of(data[0]))
    return found


def clip_section(page: str, name: str) -> ET.Element:
    return next(each for each in tagged(parsed(page), "section", "clip") if text_of(tagged(each, "h3")[0]).startswith(f"{name} "))


def span_of(rect: ET.Element) -> tuple[float, float]:
    """Seconds, of a clip whose axis goes from 0 to its last frame."""
    scale = (FRAMES - 1) / 10 / WIDTH
    left = float(rect.get("x", "nan"))
    return left * scale, (left + float(rect.get("width", "nan"))) * scale


def test_every_figure_of_the_report_stands_on_the_page(report: Report) -> None:
    shown = figures_of(eval_page(report, ABOUT))
    for key, value in report.as_json().items():
        if key in ("dataset", "model", "baselines") or (key == "regions_missing" and value is None):
            continue
        exact, text = shown[key]
        if isinstance(value, tuple):
            assert tuple(float(each) for each in exact.split()) == value
        elif value is not None:
            assert type(value)(exact) == value
            assert float(text) == pytest.approx(value, rel=1e-3)
    assert shown["micro_auc"][1] == f"{report.micro_auc:.4g}"


def test_a_figure_that_the_page_does_not_know_is_shown_all_the_same(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    values = report.as_json() | {"brand_new": 0.25}
    monkeypatch.setattr(Report, "as_json", lambda _: values)
    assert figures_of(eval_page(report, ABOUT))["brand_new"] == ("0.25", "0.25")


def test_the_flattered_figure_stands_apart_and_last(report: Report) -> None:
    page = eval_page(report, ABOUT)
    assert next(iter(figures_of(page))) == "micro_auc"
    assert list(figures_of(page))[-1] == "legacy_micro_auc"
    assert all("flattered" in text_of(row).lower() for row in tagged(parsed(page), "tr", "flattered"))
    assert len(tagged(parsed(page), "tr", "flattered")) == 2


def test_baselines_stand_beside_the_model(report: Report) -> None:
    beside = tagged(parsed(eval_page(report, ABOUT)), "table")[1]
    shown = [text_of(each) for each in tagged(beside, "data")]
    assert shown == [f"{report.micro_auc:.4g}", "0.5123", "–", "0.6", "0.7", f"{report.legacy_micro_auc:.4g}"]


def test_the_head_says_what_was_measured_where_and_when(report: Report) -> None:
    head = text_of(tagged(parsed(eval_page(report, ABOUT)), "header")[0])
    for expected in ("a & b", "motion", "2026-03-04 05:06 UTC", "a <fast> machine, 2 cores", "Haetae 0.", "seed 7"):
        assert expected in head
    assert re.search(r", \d+ cores?, ", this_machine())


def test_labels_and_incidents_are_drawn_where_they_are(report: Report) -> None:
    page = eval_page(report, ABOUT)
    first, second = tagged(clip_section(page, "b"), "rect", "truth")
    assert span_of(first) == pytest.approx((10.0, 14.9), abs=0.01)
    assert span_of(second) == pytest.approx((25.0, 27.9), abs=0.01)
    (found,) = tagged(clip_section(page, "b"), "rect", "found")
    assert span_of(found) == pytest.approx((12.0, 14.9), abs=0.01)
    assert not tagged(clip_section(page, "b"), "rect", "alarmed")
    (false,) = tagged(clip_section(page, "a"), "rect", "alarmed")
    assert span_of(false) == pytest.approx((5.0, 7.9), abs=0.01)
    assert not tagged(clip_section(page, "a"), "rect", "truth")


def test_a_missed_label_says_so(report: Report) -> None:
    texts = [text for each in tagged(clip_section(eval_page(report, ABOUT), "b"), "text", "missed") if (text := text_of(each))]
    assert texts == ["missed"]


def test_clips_are_sorted_by_name_and_linked(report: Report) -> None:
    tree = parsed(eval_page(report, ABOUT))
    assert [text_of(tagged(each, "h3")[0])[0] for each in tagged(tree, "section", "clip")] == ["a", "b"]
    ids = [each.get("id") for each in tree.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    targets = [each.get("href", "")[1:] for each in tagged(tree, "a")]
    assert len(targets) >= 4
    assert set(targets) <= set(ids)


def test_the_worst_clips_are_listed_first() -> None:
    good = (((100, 150),), ((100, 150),))
    report = report_of({"good": good, "two faults": (((100, 150),), ((200, 230),)), "one fault": ((), ((200, 230),))})
    worst = [text_of(tagged(each, "a")[0]) for each in tagged(parsed(eval_page(report, ABOUT)), "li") if tagged(each, "a")]
    assert worst == ["two faults", "one fault"]


def test_names_of_files_cannot_become_markup() -> None:
    page = eval_page(report_of({HOSTILE: (((100, 150),), ((50, 80),))}, dataset=HOSTILE, model=HOSTILE), ABOUT)
    page.encode("utf-8")
    tree = parsed(page)
    assert not tagged(tree, "script")
    assert not [name for each in tree.iter() for name in each.attrib if name.startswith("on")]
    visible = HOSTILE.replace("\x07", "\ufffd").replace("\udc80", "\ufffd")
    assert visible in text_of(tagged(tree, "h3")[-1])
    assert visible in text_of(tagged(tree, "h1")[0])
    assert any(visible in text_of(each) for each in tagged(tree, "title")[1:])


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.values: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.values += [value or "" for _, value in attrs]


def test_the_page_fetches_nothing_and_runs_nothing(report: Report) -> None:
    page, tags = eval_page(report, ABOUT), _Tags()
    tags.feed(page)
    assert not {"script", "link", "img", "iframe", "object", "use", "image"} & set(tags.names)
    addresses = {value for value in tags.values if "//" in value}
    assert addresses == {"http://www.w3.org/1999/xhtml"}
    assert set(re.findall(r"url\(([^)]*)\)", page)) == {"#hatch"}
    assert "@import" not in page


def test_every_chart_has_a_name_and_a_description(report: Report) -> None:
    tree = parsed(eval_page(report, ABOUT))
    charts = [each for each in tagged(tree, "svg") if each.get("role") == "img"]
    assert len(charts) == 4
    by_id = {each.get("id"): each for each in tree.iter()}
    for chart in charts:
        assert text_of(by_id[chart.get("aria-labelledby")])
        assert text_of(by_id[chart.get("aria-describedby")])
    assert all(each.get("aria-hidden") == "true" for each in tagged(tree, "svg") if each not in charts)


def test_little_data_is_warned_of(report: Report) -> None:
    said = text_of(tagged(parsed(eval_page(report, ABOUT)), "aside")[0])
    assert "less than 24 h" in said
    assert "no claim about false alarms per day" in said
    assert "2 labelled event(s), fewer than 20" in said
    assert "2 test clip(s), fewer than 10" in said


def test_a_baseline_as_good_as_the_model_is_warned_of(report: Report) -> None:
    assert "hardly tells models apart" not in eval_page(replace(report, micro_auc_ci=(0.75, 0.9)), ABOUT)
    assert "largest_speed reaches a micro AUC of 0.700" in eval_page(replace(report, micro_auc_ci=(0.65, 0.9)), ABOUT)


def test_much_data_is_not_warned_of(report: Report) -> None:
    much = replace(report.incidents, events=20, normal_s=86_400.0)
    page = eval_page(replace(report, incidents=much, clips=report.clips * 5, micro_auc_ci=(0.8, 0.9)), ABOUT)
    assert not tagged(parsed(page), "aside")


@pytest.mark.parametrize(
    ("clips", "said"),
    [
        ({"calm": ((), ())}, "No labelled event"),
        ({"wild": (((0, FRAMES),), ((0, FRAMES),))}, "No normal time"),
        ({}, "No test clip."),
    ],
)
def test_what_is_missing_is_said(clips: dict[str, tuple[Ranges, Ranges]], said: str) -> None:
    if clips:
        report = report_of(clips, regions=None, regions_missing="the data set has no masks of every test clip")
    else:
        full = report_of({"calm": ((), ())})
        report = replace(full, clips=(), incidents=judge_incidents({}, {}, {}))
    page = eval_page(report, ABOUT)
    assert said in text_of(parsed(page))
    assert "there is no curve" in page
    if clips:
        shown = figures_of(page)
        assert shown["rbdc"] == ("", "–")
        assert shown["regions_missing"][1] == "the data set has no masks of every test clip"


def test_a_model_without_scores_gives_a_page(report: Report) -> None:
    still = tuple(JudgedClip.of(clip.name, clip.labels, clip.t_s, np.zeros(FRAMES), CALIBRATION) for clip in report.clips)
    assert len(tagged(parsed(eval_page(replace(report, clips=still), ABOUT)), "section", "clip")) == 2


def test_the_area_under_the_roc_curve_is_the_micro_auc(report: Report) -> None:
    curve = roc_curve(report.clips)
    assert curve is not None
    assert np.trapezoid(curve[1], curve[0]) == pytest.approx(report.micro_auc)
    assert (curve[0][0], curve[1][0], curve[0][-1], curve[1][-1]) == (0.0, 0.0, 1.0, 1.0)
    at = roc_point(report.clips, LEVEL)
    assert at == pytest.approx((30 / 520, 30 / 80))
    assert np.interp(at[0], *curve) >= at[1] - 1e-9


def test_the_marked_level_gives_the_report_s_incidents(report: Report) -> None:
    points = operating_points(report.clips, LEVEL)
    assert [point.figures for point in points if point.level == LEVEL] == [report.incidents]
    assert points == sorted(points, key=lambda each: -each.level)
    assert points[0].figures.found == 0
    assert points[-1].figures.found == 2


def test_an_alarm_that_is_always_on_is_told_from_a_good_one(report: Report) -> None:
    always = operating_point(report.clips, 0.05)
    assert always.figures.recall == 1.0
    assert always.share > 0.95
    assert operating_point(report.clips, LEVEL).share == pytest.approx(30 / 520)
    tree = parsed(eval_page(report, ABOUT))
    assert tagged(tree, "circle", "always")
    assert tagged(tree, "circle", "sound")


def test_the_page_is_written_whole(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    check_page_file(path)
    assert not list(tmp_path.iterdir())
    write_eval_page(report, ABOUT, path)
    assert path.read_text(encoding="utf-8") == eval_page(report, ABOUT)
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_that_cannot_be_written_leaves_the_former_one(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "page.html"
    path.write_text("former")

    def full(partial: Path, *_: object, **__: object) -> None:
        partial.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        write_eval_page(report, ABOUT, path)
    assert path.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_told_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no folder"):
        check_page_file(tmp_path / "absent" / "page.html")
    with pytest.raises(ConfigError, match="is a folder"):
        check_page_file(tmp_path)
    with pytest.raises(ConfigError, match="cannot be written"):
        check_page_file(Path("/proc/page.html"))
    with pytest.raises(ConfigError, match="cannot be written"):
        check_page_file(tmp_path / ("a" * 260))
