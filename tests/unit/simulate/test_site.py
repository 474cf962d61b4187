"""The benchmark site's cameras, and their pictures as files."""

from collections import Counter
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from haetae.errors import ConfigError, MediaError
from haetae.simulate.conditions import Climate
from haetae.simulate.scenes import ROOFED, load_scene
from haetae.simulate.schedule import suitable_kinds
from haetae.simulate.site import SLOT_S, Seeds, SiteCamera, SiteSpec, full, quick
from haetae.simulate.site_cache import KeptCamera

USUAL = SiteSpec()
BUILT = USUAL.build()
TINY = SiteSpec(cameras=1, learn_h=1.0 / 60.0, test_h=1.5 / 60.0, incidents=1, fps=4.0, size=(160, 90))


def climate_of(camera: SiteCamera) -> Climate:
    spec = camera.spec
    return Climate(spec.conditions, spec.starts_at, indoors=spec.scene in ROOFED, day_h=spec.day_h)


def test_the_site_has_every_scene_and_at_least_two_hundred_incidents() -> None:
    cameras = BUILT
    assert {camera.spec.scene for camera in cameras} == {"plaza", "gate", "car_park", "corridor"}
    assert sum(len(camera.kinds) for camera in cameras) >= 200
    for camera in cameras:
        assert set(camera.kinds) == {kind.value for kind in suitable_kinds(load_scene(camera.spec.scene))}
        counts = Counter(camera.kinds).values()
        assert max(counts) - min(counts) <= 1


def test_incidents_lie_in_the_test_time_and_well_apart() -> None:
    for camera in (*BUILT, *quick(Seeds.TEST).build()):
        begins = camera.spec.begins_s
        assert begins is not None
        assert begins[0] >= camera.learning_s
        assert begins[-1] + SLOT_S / 2.0 <= camera.seconds
        assert all(after - before >= SLOT_S / 2.0 for before, after in pairwise(begins))


def test_about_half_of_the_incidents_happen_by_night_or_in_rain() -> None:
    for camera in BUILT:
        climate = climate_of(camera)
        by_day = sum(climate.at(begin).name == "day" for begin in camera.spec.begins_s or ())
        assert 0.4 <= by_day / len(camera.kinds) <= 0.6


def test_dev_and_test_seeds_have_nothing_in_common() -> None:
    dev, test = ({camera.spec.seed for camera in SiteSpec(seeds, cameras=80, test_h=0.1, incidents=0).build()} for seeds in Seeds)
    assert not dev & test
    assert quick(Seeds.DEV).build()[0].spec.begins_s != quick(Seeds.TEST).build()[0].spec.begins_s


def test_the_same_site_is_built_again_and_again() -> None:
    assert quick(Seeds.DEV).build() == quick(Seeds.DEV).build()
    prints = {camera.fingerprint() for spec in (USUAL, quick(Seeds.DEV), quick(Seeds.TEST), TINY) for camera in spec.build()}
    assert len(prints) == 4 + 2 + 2 + 1


def test_cameras_can_be_left_to_another_site_and_see_a_scene_at_other_hours() -> None:
    together = SiteSpec(cameras=10, test_h=0.1, incidents=0, day_h=24.0).build()
    assert SiteSpec(cameras=2, test_h=0.1, incidents=0, day_h=24.0, first=8).build() == together[8:]
    assert together[8].spec.scene == together[0].spec.scene
    assert together[8].spec.starts_at not in {camera.spec.starts_at for camera in together[:8:4]}
    with pytest.raises(ConfigError):
        SiteSpec(cameras=2, first=999)


def test_a_quick_site_sees_both_day_and_night() -> None:
    names = set()
    for camera in quick(Seeds.DEV).build():
        climate = climate_of(camera)
        names |= {climate.at(float(t)).name for t in np.arange(0.0, camera.seconds, 20.0)}
    assert names == {"day", "night", "rain"}


@pytest.mark.parametrize(
    "values",
    [
        {"cameras": 0},
        {"learn_h": 0.0},
        {"test_h": float("nan")},
        {"learn_h": 47.0},
        {"day_h": 1.0},
        {"day_h": 25.0},
        {"incidents": 5000},
        {"incidents": -1},
    ],
)
def test_a_site_that_makes_no_sense_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        SiteSpec(**values)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> KeptCamera:
    """A camera whose pictures have been written, by being walked through."""
    kept = KeptCamera(TINY.build()[0], tmp_path_factory.mktemp("kept"))
    kept.walk()
    return kept


def test_pictures_from_the_file_are_those_of_the_first_time(kept: KeptCamera, tmp_path: Path) -> None:
    assert kept.there
    again = KeptCamera(kept.camera, tmp_path)
    first, second = list(again.pictures()), list(kept.pictures())
    assert len(first) == len(second) == round(kept.seconds * kept.fps)
    assert all(np.array_equal(one.luma, other.luma) for one, other in zip(first, second, strict=True))
    assert [(p.number, p.t_s, p.incident, p.weather) for p in first] == [(p.number, p.t_s, p.incident, p.weather) for p in second]
    assert {p.incident for p in first} == {-1, 0}


def test_kept_pictures_are_close_to_the_rendered_ones(kept: KeptCamera) -> None:
    for one, other in islice(zip(kept.camera.pictures(), kept.pictures(), strict=True), 20):
        gap = one.luma.astype(float) - other.luma
        assert abs(gap.mean()) < 1.0
        assert np.abs(gap).mean() < 5.0


def test_an_interrupted_rendering_leaves_no_file_behind_that_counts(tmp_path: Path) -> None:
    camera = KeptCamera(TINY.build()[0], tmp_path)
    pictures = camera.pictures()
    next(pictures)
    pictures.close()  # type: ignore[attr-defined]
    assert not camera.there


def test_a_damaged_file_says_what_to_do(kept: KeptCamera, tmp_path: Path) -> None:
    damaged = KeptCamera(kept.camera, tmp_path)
    damaged.path.write_bytes(b"no video")
    damaged.path.with_suffix(".npz").write_bytes(kept.path.with_suffix(".npz").read_bytes())
    with pytest.raises(MediaError, match=r"cannot be read") as error:
        next(damaged.pictures())
    assert "Remove it" in error.value.hint


def test_cameras_of_other_sizes_have_files_of_other_names(tmp_path: Path) -> None:
    def path(spec: SiteSpec) -> Path:
        camera: SiteCamera = spec.build()[0]
        return KeptCamera(camera, tmp_path).path

    assert path(TINY) != path(quick(Seeds.DEV))


def test_a_site_has_24_hours_of_normal_time_and_full_days_on_request() -> None:
    margin_s = 2 * 40.0 + 15.0
    assert sum(camera.seconds - camera.learning_s - margin_s * len(camera.kinds) for camera in BUILT) >= 24 * 3600.0
    assert all((camera.learning_s, camera.seconds) == (86400.0, 172800.0) for camera in full(Seeds.TEST).build())


def test_a_day_of_the_site_goes_by_in_its_hours() -> None:
    camera = BUILT[0]
    assert [camera.hour(hours * 3600.0) for hours in (0.0, 1.5, 6.0)] == [6.0, 12.0, 6.0]
    learned = {climate_of(camera).at(float(t)).name for t in np.arange(0.0, camera.learning_s, 60.0)}
    assert learned == {"day", "night", "rain"}
