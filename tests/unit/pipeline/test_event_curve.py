from dataclasses import replace

import numpy as np
import pytest
from tests.support.events import ONSET
from tests.support.site_parts import CameraParts, make_camera

from haetae.domain.event import EventStatus
from haetae.domain.example import Example
from haetae.errors import SourceUnavailable
from haetae.media.example import read_example
from haetae.media.score_curve import read_score_curve
from haetae.pipeline.camera_run import CameraRun
from haetae.testing.clock import FakeClock
from haetae.testing.scripted_model import ScriptedModel
from haetae.testing.scripted_source import ScriptedSource, scripted_frame
from haetae.vad.normality import Normality

SCENE = np.random.default_rng(1).integers(0, 255, (60, 90), np.uint8)
FPS = 10


def frames(seconds):
    return [scripted_frame(number, fps=FPS, luma=SCENE) for number in range(seconds * FPS)]


def watch(tmp_path, *sources, raw, **settings):
    """Everything that one camera made of these connections."""
    left = list(sources)
    model = ScriptedModel(lambda window: raw(window.t_s))
    parts = CameraParts(tmp_path, FakeClock(), lambda _camera: left.pop(0), model=model)
    camera = make_camera(**settings)
    CameraRun(camera, parts.run_parts()).run_once()
    assert left == []
    return parts, parts.log.latest()


def curve_of(parts, event):
    return read_score_curve(parts.layout.path(parts.layout.score_curve(event.camera_id, event.id, event.timestamp)))


def test_an_event_has_its_scores_from_pre_roll_to_post_roll(tmp_path):
    parts, [event] = watch(
        tmp_path,
        ScriptedSource(frames(20)),
        raw=lambda t_s: 50.0 if 8.0 <= t_s <= 10.0 else 0.3,
        pre_roll_s=3.0,
        post_roll_s=2.5,
    )
    curve = curve_of(parts, event)
    assert event.status is EventStatus.CLOSED
    assert (curve.t_s[0], curve.t_s[-1]) == pytest.approx((-3.0, event.end_s - event.onset_s + 2.5), abs=0.11)
    assert len(curve.t_s) == pytest.approx(7.5 * FPS, abs=3)
    high = [t_s for t_s, value in zip(curve.t_s, curve.values, strict=True) if value > 0.5]
    assert (high[0], high[-1]) == pytest.approx((0.0, event.end_s - event.onset_s))
    assert max(curve.values) == pytest.approx(event.vad_score, abs=0.001)


def test_the_example_of_the_highest_score_that_has_one_lies_beside_the_clip(tmp_path, monkeypatch):
    seen = {30.0: Example(b"low", ONSET), 50.0: Example(b"high", ONSET)}
    judge = Normality.judge
    monkeypatch.setattr(Normality, "judge", lambda self, frame, raw: replace(judge(self, frame, raw), example=seen.get(raw.value)))
    raws = {4: 30.0, 5: 50.0, 6: 60.0}
    parts, [event] = watch(tmp_path, ScriptedSource(frames(12)), raw=lambda t_s: raws.get(int(t_s), 0.0))
    path = parts.layout.path(parts.layout.example(event.camera_id, event.id, event.timestamp))
    assert read_example(path) == seen[50.0]
    assert not any("example" in fault for fault in event.faults)


def test_an_example_that_cannot_be_written_is_a_fault_and_the_thumbnail_is_there(tmp_path, monkeypatch):
    (tmp_path / "examples").write_text("a file stands here")
    judge = Normality.judge
    monkeypatch.setattr(Normality, "judge", lambda self, frame, raw: replace(judge(self, frame, raw), example=Example(b"x", ONSET)))
    _, [event] = watch(tmp_path, ScriptedSource(frames(12)), raw=lambda t_s: 50.0 if 4.0 <= t_s <= 6.0 else 0.0)
    assert event.thumbnail_path is not None
    assert any("examples" in fault for fault in event.faults)


def test_the_size_of_an_events_media_holds_its_curve(tmp_path):
    parts, [event] = watch(tmp_path, ScriptedSource(frames(12)), raw=lambda t_s: 50.0 if 4.0 <= t_s <= 6.0 else 0.0)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and str(event.id) in path.name]
    assert {path.suffix for path in files} >= {".json", ".jpg"}
    assert event.media_bytes == sum(path.stat().st_size for path in files)
    assert [event.faults for event in parts.observer.final] == [event.faults]


def test_an_event_that_ends_with_its_connection_has_none_of_the_next_ones_scores(tmp_path):
    parts, events = watch(
        tmp_path,
        ScriptedSource(frames(6), then=SourceUnavailable("the cable was cut")),
        ScriptedSource(frames(6)),
        raw=lambda model_s: 1.0 + model_s if model_s >= 4.0 else 0.0,
    )
    first, second = sorted(events, key=lambda event: event.vad_score)
    curve = curve_of(parts, first)
    assert curve.t_s[-1] == pytest.approx(first.end_s - first.onset_s)
    assert max(curve.values) == pytest.approx(first.vad_score, abs=0.001)
    assert min(curve_of(parts, second).values) > first.vad_score


def test_a_curve_that_cannot_be_written_is_a_fault_and_loses_nothing_else(tmp_path):
    (tmp_path / "curves").write_text("a file stands here")
    _, [event] = watch(tmp_path, ScriptedSource(frames(12)), raw=lambda t_s: 50.0 if 4.0 <= t_s <= 6.0 else 0.0)
    assert event.status is EventStatus.CLOSED
    assert event.thumbnail_path is not None
    assert event.media_bytes is not None
    assert any("curves" in fault for fault in event.faults)
