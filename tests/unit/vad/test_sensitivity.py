from datetime import UTC, datetime

import numpy as np
import pytest

from haetae.errors import ConfigError, StateError
from haetae.testing.scripted_model import ScriptedModel
from haetae.testing.scripted_source import scripted_frame
from haetae.vad.calibrate import MODEL_SHARE, Calibration
from haetae.vad.normality import Normality
from haetae.vad.peaks import Peaks
from haetae.vad.sensitivity import Sensitivity

NOW = datetime(2026, 6, 15, 3, tzinfo=UTC)
DAYS = 5


def minutes(seed=1):
    """Peaks of five days of minutes, exponential above nothing."""
    return Peaks(np.random.default_rng(seed).exponential(0.2, DAYS * 1440), DAYS * 86_400.0)


@pytest.fixture
def known():
    peaks = minutes()
    return Sensitivity(Calibration.fit(peaks, 1.0, least_theta=0.01), peaks, NOW, NOW)


def test_the_histogram_counts_every_stretch_on_the_present_scale(known):
    counts = known.histogram(50)
    assert counts.sum() == DAYS * 1440
    over = int(counts[25:].sum())
    assert over == known.stretches_over(1.0)
    assert 0 < over < 4 * DAYS


def test_more_alarms_allowed_is_a_lower_level_and_more_of_them(known):
    levels = [known.level(rate) for rate in (0.5, 1.0, 10.0, 50.0)]
    assert levels == sorted(levels, reverse=True)
    assert levels[1] == pytest.approx(0.5)
    assert known.stretches_over(2.0) / DAYS == pytest.approx(2.0, rel=0.6)
    assert known.level(50.0) == known.level(known.oftenest_per_day), "the tail of the footage ends there"


def test_an_event_is_judged_by_the_level_at_which_it_was_raised(known):
    theta = known.calibration.theta
    assert known.alarms(1.0, 0.5, theta)
    assert not known.alarms(1.0, 0.5, theta / 2), "it alarmed only because the level was lower then"
    assert known.alarms(1.0, 0.5, theta * 2)
    assert known.alarms(0.01, 1.0, theta), "nothing is above the top of the scale"


def test_footage_says_nothing_of_what_is_rarer_than_it_is_long(known):
    assert known.rarest_per_day == pytest.approx(1 / (8 * DAYS))
    assert known.level(known.rarest_per_day / 100) == known.level(known.rarest_per_day)


def test_of_a_watched_camera_the_model_has_a_share_and_fewer_alarms_are_bought_with_caution():
    peaks = Peaks(minutes().values[:60], 3600.0)
    known = Sensitivity(Calibration.fit(peaks, 1.0, least_theta=0.01, watched=True), peaks, NOW, NOW)
    assert known.calibration.caution > 1.0
    assert known.rarest_per_day * MODEL_SHARE == pytest.approx(24 / 8)
    assert known.level(1.0) == pytest.approx(0.5)
    assert known.level(0.1) > 0.5
    assert known.level(2 * known.oftenest_per_day) == known.level(known.oftenest_per_day)


def test_what_a_camera_saved_is_read_without_its_model(tmp_path):
    normality = Normality.new(ScriptedModel(), false_alarms_per_day=2.0, learning_s=4.0)
    rng = np.random.default_rng(1)
    for number in range(50):
        normality.learn(scripted_frame(number, luma=rng.integers(0, 255, (64, 96), np.uint8)))
    normality.finish()
    path = tmp_path / "motion.state"
    normality.save(path)
    found = Sensitivity.read(path)
    assert found is not None
    assert found.calibration.theta == pytest.approx(normality.threshold)
    assert found.calibration.false_alarms_per_day == 2.0
    assert found.peaks.seconds == pytest.approx(normality.learned_s, rel=0.1)
    again = Normality.load(path, ScriptedModel())
    again.save(path)
    assert Sensitivity.read(path).peaks.values == pytest.approx(found.peaks.values)


def test_no_file_is_no_knowledge_and_a_damaged_one_says_so(tmp_path, known):
    assert Sensitivity.read(tmp_path / "none.state") is None
    (tmp_path / "bad.state").write_bytes(b"nothing")
    with pytest.raises(StateError):
        Sensitivity.read(tmp_path / "bad.state")
    for arrays in (
        {"peaks": np.array([-1.0]), "peaks_s": np.ones(1)},
        {"peaks": np.ones(3)},
        {"peaks": np.ones((2, 2)), "peaks_s": np.ones(1)},
    ):
        with pytest.raises(StateError, match="peaks"):
            Peaks.of_arrays(arrays)
    with pytest.raises(ConfigError):
        known.level(0.0)
