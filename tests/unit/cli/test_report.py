import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from haetae.cli.report import ReportData, write_report
from haetae.cli.report.texts import TEXTS
from haetae.domain.event import AnomalyEvent, EventKind, EventStatus
from haetae.domain.fact import Fact, FactKind
from haetae.domain.score import TamperKind
from haetae.ids import new_id
from haetae.score_chart import HEIGHT, WIDTH, clock_text, make_chart

SUMMARY = {"frames": {"read": 100, "analysed": 60, "skipped": 38, "dropped": 2}, "state": "watching"}
ONSET = datetime(2026, 1, 1, tzinfo=UTC)


def make_event(**changes):
    event = AnomalyEvent(
        id=new_id(),
        camera_id=new_id(),
        timestamp=ONSET,
        ended_at=ONSET + timedelta(seconds=4),
        frame_number=100,
        vad_score=0.82,
        threshold=3.0,
        status=EventStatus.CLOSED,
        onset_s=20.0,
        end_s=24.0,
        peak_s=22.0,
        facts=(Fact("f1", FactKind.SPEED, 142.0, "px/s", 20.0, 24.0, usual=61.0, rarity=0.00005),),
    )
    return replace(event, **changes)


def make_data(tmp_path, **changes):
    values = {
        "source": "plaza.mp4",
        "root": tmp_path,
        "summary": SUMMARY,
        "codec": "h264",
        "t_s": [float(t) for t in range(10, 40)],
        "value": [0.9 if 20 <= t <= 24 else 0.1 for t in range(10, 40)],
    }
    return ReportData(**{**values, **changes})


def html_of(data, tmp_path):
    return write_report(data, tmp_path / "report.html").read_text(encoding="utf-8")


def test_both_languages_say_the_same_things():
    assert TEXTS["en"].keys() == TEXTS["ko"].keys()


def test_every_kind_of_thing_that_can_be_shown_has_words():
    for name in (*EventKind, *TamperKind, *FactKind):
        assert name in TEXTS["en"]


def test_the_page_refers_to_nothing_outside_itself(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"video")
    html = html_of(make_data(tmp_path, events=[make_event(clip_path="clip.mp4")]), tmp_path)
    assert 'src="data:video/mp4;base64,' in html
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]+"', html)


def test_an_event_tells_why(tmp_path):
    html = html_of(make_data(tmp_path, events=[make_event()]), tmp_path)
    assert "142 px/s" in html
    assert "usual at most 61 (99 %)" in html
    assert "1 in 20,000" in html
    assert "0:20.0–0:24.0" in html


def test_a_rarity_beyond_all_footage_is_a_bound(tmp_path):
    fact = Fact("f1", FactKind.SIZE, 35.0, "%", 20.0, 24.0, usual=9.4, rarity=1e-12)
    html = html_of(make_data(tmp_path, events=[make_event(facts=(fact,))]), tmp_path)
    assert "rarer than 1 in 1,000,000" in html


def test_a_clip_fault_is_shown(tmp_path):
    html = html_of(make_data(tmp_path, events=[make_event(faults=("no clip: the disk is full",))]), tmp_path)
    assert "no clip: the disk is full" in html


def test_a_hostile_name_stays_text(tmp_path):
    html = html_of(make_data(tmp_path, source="<script>alert(1)</script>.mp4", events=[make_event(faults=("<img onerror=x>",))]), tmp_path)
    assert "<script>" not in html
    assert "<img onerror" not in html


def test_a_run_that_only_learned_says_so(tmp_path):
    html = html_of(make_data(tmp_path, summary={**SUMMARY, "state": "learning"}, t_s=[], value=[], learning=[(0.0, 30.0)]), tmp_path)
    assert "still learning" in html


def test_korean_is_korean(tmp_path):
    html = html_of(make_data(tmp_path, language="ko"), tmp_path)
    assert '<html lang="ko">' in html
    assert "해태 보고서" in html


def test_labels_are_found_by_overlap(tmp_path):
    data = make_data(tmp_path, events=[make_event()], truth=[(23.0, 30.0, "fall"), (31.0, 35.0, "fight")])
    assert data.incidents_found() == 1
    assert "1 / 2" in html_of(data, tmp_path)


def test_a_large_clip_is_linked_instead(tmp_path, monkeypatch):
    monkeypatch.setattr("haetae.cli.report.write._CLIP_LIMIT", 3)
    (tmp_path / "clip.mp4").write_bytes(b"video")
    html = html_of(make_data(tmp_path, events=[make_event(clip_path="clip.mp4")]), tmp_path)
    assert "data:video" not in html
    assert 'href="clip.mp4"' in html


def test_no_peak_is_lost_in_a_long_curve():
    t = np.arange(100_000, dtype=np.float64)
    value = np.full(100_000, 0.1)
    value[54_321] = 0.97
    chart = make_chart(t, value, alarm_level=0.5, learning=[], truth=[], events=[])
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", chart.line)]
    assert min(heights) == pytest.approx(0.03 * HEIGHT, abs=0.1)
    assert len(heights) <= 1500


def test_a_gap_breaks_the_curve_and_spans_lie_where_they_belong():
    t = np.concatenate([np.arange(0, 50, 0.5), np.arange(150, 200, 0.5)])
    chart = make_chart(t, np.full(len(t), 0.2), alarm_level=0.5, learning=[(0, 20)], truth=[(100, 150, "fall")], events=[])
    assert chart.line.count("M") == 2
    assert chart.alarm_y == HEIGHT / 2
    assert chart.truth[0].x == pytest.approx(WIDTH * 100 / 199.5)
    assert chart.learning[0].width == pytest.approx(WIDTH * 20 / 199.5)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (61, "1:01"), (3661, "1:01:01"), (-1, "0:00")])
def test_clock_text(seconds, text):
    assert clock_text(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(16.4, "0:16.4"), (59.99, "0:59.9"), (0.3, "0:00.3")])
def test_clock_text_with_a_decimal(seconds, text):
    assert clock_text(seconds, 1) == text
