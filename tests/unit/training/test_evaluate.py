"""What an evaluation makes of frames that a model cannot judge."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.trained_network import write_predictor
from tests.support.vad_dataset import write_dataset

from haetae.clock import SystemClock
from haetae.training.datasets import load_dataset
from haetae.training.evaluate import evaluate
from haetae.training.metrics import micro_auc
from haetae.vad.base import create_model


def test_frames_that_cannot_be_judged_count_as_calm_and_are_left_out_of_a_figure_of_their_own(tmp_path: Path) -> None:
    dataset = load_dataset(write_dataset(tmp_path / "walkers"))
    report = evaluate(dataset, create_model("predictor", weights=write_predictor(tmp_path / "net.onnx")), SystemClock())
    # A picture is foretold from what was 0.8 to 0.2 s before it: the first eight of each clip, where somebody is in them.
    first = [clip.raw[:8] for clip in report.clips]
    assert 0 < report.unjudged_frames <= 16
    assert all(np.count_nonzero(raw) == 0 for raw in first)
    assert report.micro_auc == micro_auc({clip.name: clip.labels for clip in report.clips}, {clip.name: clip.raw for clip in report.clips})
    assert report.micro_auc_judged != report.micro_auc
    later = slice(8, None)
    only = micro_auc({clip.name: clip.labels[later] for clip in report.clips}, {clip.name: clip.raw[later] for clip in report.clips})
    assert report.micro_auc_judged == pytest.approx(only, abs=0.05)
