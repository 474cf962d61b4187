"""The figures that the README states, on real footage."""

from pathlib import Path

import cv2
import pytest

from haetae.clock import SystemClock
from haetae.training.datasets import load_dataset
from haetae.training.evaluate import evaluate
from haetae.vad.base import create_model


def test_motion_reaches_its_figure_on_ped2(shared_data: Path) -> None:
    folder = shared_data / "ped2"
    if not folder.is_dir():
        pytest.skip(f"no data set {folder}")
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        report = evaluate(load_dataset(folder), create_model("motion"), SystemClock())
    finally:
        cv2.setNumThreads(threads)
    assert report.frames == 2010
    assert report.micro_auc is not None
    assert report.micro_auc >= 0.975
    assert report.incidents.events == 12
    assert report.incidents.recall is not None
    assert report.incidents.recall >= 0.5
    assert report.incidents.false_alarms == 0
    assert report.regions is not None
    assert report.regions.rbdc > 0.7
    assert report.regions.tbdc > 0.8
    assert report.baselines["random"] == pytest.approx(0.5, abs=0.05)
