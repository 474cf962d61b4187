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
from haetae.simulate.site import SLOT_S, Seeds, SiteCamera, SiteSpec, quick
from haetae.simulate.site_cache import KeptCamera

FULL = SiteSpec()
TINY = SiteSpec(cameras=1, learn_h=1.0 / 60.0, test_h=1.5 / 60.0, incidents=1, fps=4.0, size=(160, 90))


def test_the_full_site_has_every_scene_and_at_least_two_hundred_incidents() -> None:
    cameras = FULL.build()
    assert {camera.spec.scene for camera in cameras} == {"plaza", "gate", "car_park", "corridor"}
    assert sum(len(camera.kinds) for camera in cameras) >= 200
    for camera in cameras:
        assert set(camera.kinds) == {kind.value for kind in suitable_kinds(load_scene(camera.spec.scene))}
        counts = Counter(camera.kinds).values()
        assert max(counts) - min(counts) <= 1


def test_incidents_lie_in_the_test_time_and_well_apart() -> None:
    for camera in (*FULL.build(), *quick(Seeds.TEST).build()):
        begins = camera.spec.begins_s
        assert begins is not None
        assert begins[0] >= camera.learning_s
        assert begins[-1] + SLOT_S / 2.0 <= camera.seconds
        assert all(after - before >= SLOT_S / 2.0 for before, after in pairwise(begins))


def test_about_half_of_the_incidents_happen_by_night_or_in_rain() -> None:
    for camera in FULL.build():
        spec = camera.spec
        climate = Climate(spec.conditions, spec.starts_at, indoors=spec.scene in ROOFED)
        by_day = sum(climate.at(begin).name == "day" for begin in spec.begins_s or ())
        assert 0.4 <= by_day / len(camera.kinds) <= 0.6


def test_dev_and_test_seeds_have_nothing_in_common() -> None:
    dev, test = ({camera.spec.seed for camera in SiteSpec(seeds, cameras=1000, incidents=0).build()} for seeds in Seeds)
    assert not dev & test
    assert SiteSpec(Seeds.DEV).build()[0].spec.begins_s != SiteSpec(Seeds.TEST).build()[0].spec.begins_s


def test_the_same_site_is_built_again_and_again() -> None:
    assert quick(Seeds.DEV).build() == quick(Seeds.DEV).build()
    prints = {camera.fingerprint() for spec in (FULL, quick(Seeds.DEV), quick(Seeds.TEST), TINY) for camera in spec.build()}
    assert len(prints) == 4 + 2 + 2 + 1


def test_a_quick_site_sees_both_day_and_night() -> None:
    names = set()
    for camera in quick(Seeds.DEV).build():
        spec = camera.spec
        climate = Climate(spec.conditions, spec.starts_at, indoors=False)
        names |= {climate.at(float(t)).name for t in np.arange(0.0, camera.seconds, 20.0)}
    assert names == {"day", "night", "rain"}


@pytest.mark.parametrize(
    "values", [{"cameras": 0}, {"learn_h": 0.0}, {"test_h": float("nan")}, {"learn_h": 150.0}, {"incidents": 5000}, {"incidents": -1}]
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
