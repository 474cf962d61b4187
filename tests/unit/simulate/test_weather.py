"""What weather and hour do to pictures."""

from dataclasses import replace
from functools import cache
from hashlib import sha256
from itertools import islice

import cv2
import numpy as np
import pytest

from haetae.simulate import figures, small_figures
from haetae.simulate.air import Air
from haetae.simulate.arrivals import Arrivals
from haetae.simulate.body import Person, random_look, running, walking
from haetae.simulate.conditions import Weather, parse_conditions
from haetae.simulate.crowd import Crowd
from haetae.simulate.labelling import camera_of, ground_truth
from haetae.simulate.render import render
from haetae.simulate.scenes import load_scene
from haetae.simulate.spec import IncidentKind, RenderedFrame, SceneSpec
from haetae.simulate.streams import stream
from haetae.simulate.visitors import Visitors

SIZE = (320, 180)


@cache
def frames(
    conditions: str, hour: float | None = None, *, scene: str = "plaza", count: int = 12, seed: int = 3
) -> tuple[RenderedFrame, ...]:
    spec = SceneSpec(
        scene, seed, 3600.0, fps=5.0, size=SIZE, incidents=(), normal_s=0.0, conditions=parse_conditions(conditions), starts_at=hour
    )
    return tuple(islice(render(spec), count))


def lumas(*args: object, **kwargs: object) -> np.ndarray:
    """Shape (frames, height, width)."""
    return np.stack([cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY) for frame in frames(*args, **kwargs)]).astype(float)  # type: ignore[arg-type]


def still(pictures: np.ndarray) -> np.ndarray:
    """Where nothing walks by: pixels whose median is far from none of their values, judged by the quartiles."""
    low, high = np.quantile(pictures, (0.25, 0.75), axis=0)
    return (high - low) < np.quantile(high - low, 0.6)


def test_equal_specs_give_equal_pictures_in_all_weathers() -> None:
    def digest() -> str:
        pixels = sha256()
        spec = SceneSpec(
            "gate", 8, 60.0, fps=5.0, size=SIZE, incidents=(), starts_at=19.9,
            conditions=parse_conditions("gusts,clouds,headlights,rain:0.7,snow:0.4,insects,birds,robot,flag"),
        )  # fmt: skip
        for frame in islice(render(spec), 8):
            pixels.update(frame.rgb.tobytes())
        return pixels.hexdigest()

    assert digest() == digest()


def test_night_is_grey_dark_and_noisy() -> None:
    night, day = frames("night"), frames("none", 12.0)
    assert all(np.ptp(frame.rgb.astype(int), axis=2).max() == 0 for frame in night)
    assert np.ptp(day[0].rgb.astype(int), axis=2).max() > 60
    dark, light = lumas("night"), lumas("none", 12.0)
    assert dark.mean() < 0.85 * light.mean()

    def noise(pictures: np.ndarray) -> float:
        return float(np.median(np.abs(np.diff(pictures, axis=0))))

    assert noise(dark) > 1.7 * noise(light)
    assert {frame.weather for frame in night} == {"night"}


def test_the_lamp_of_the_camera_lights_what_is_near() -> None:
    picture = lumas("night").mean(axis=0)
    assert picture[150:175, 140:180].mean() > 2.5 * picture[20:45, 140:180].mean()


def test_rain_falls_in_upright_streaks_that_differ_from_frame_to_frame() -> None:
    def change(pictures: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(np.abs(np.diff(pictures, axis=0)).astype(np.float32).transpose(1, 2, 0), (0, 0), 0.8)

    def likeness(values: np.ndarray, dy: int, dx: int) -> float:
        here, there = values[: values.shape[0] - dy, : values.shape[1] - dx], values[dy:, dx:]
        return float(np.corrcoef(here.ravel(), there.ravel())[0, 1])

    rain, fair = change(lumas("rain", count=8)), change(lumas("none", 12.0, count=8))
    upright = likeness(rain, 6, 0) - likeness(rain, 0, 6)
    assert upright > likeness(fair, 6, 0) - likeness(fair, 0, 6) + 0.05
    assert lumas("rain").std(axis=(1, 2)).mean() < 0.85 * lumas("none", 12.0).std(axis=(1, 2)).mean()
    assert {frame.weather for frame in frames("rain")} == {"rain"}


def test_flakes_sink_and_are_brighter_than_what_is_behind_them() -> None:
    snow, fair = lumas("snow,night"), lumas("night")
    bright = (snow - np.median(snow, axis=0) > 60).mean()
    assert bright > 4.0 * (fair - np.median(fair, axis=0) > 60).mean()


def test_insects_glow_only_in_the_lamp_light() -> None:
    def glow(weather: Weather) -> float:
        visitors = Visitors(SIZE, 3)
        dark = np.full((SIZE[1], SIZE[0], 3), 40, np.uint8)
        return float(np.mean([visitors.glow(dark, t / 5.0, weather).max() > 70 for t in range(1500)]))

    assert 0.05 < glow(Weather(dark=1.0, insects=1.0)) < 0.6
    assert glow(Weather(dark=0.0, insects=1.0)) == 0.0
    assert glow(Weather(dark=1.0)) == 0.0


def test_headlights_sweep_over_the_scene_at_night() -> None:
    air = Air(SIZE, 3)
    dark, albedo = np.full((SIZE[1], SIZE[0], 3), 30, np.uint8), np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)
    swept = [air.sweep(dark, albedo, t / 5.0, Weather(dark=1.0, headlights=1.0)) for t in range(600)]
    lit = np.array([picture.max() > 60 for picture in swept])
    assert 0.03 < lit.mean() < 0.5
    columns = [int(picture[90, :, 0].argmax()) for picture, on in zip(swept, lit, strict=True) if on]
    assert np.ptp(columns) > 0.6 * SIZE[0]
    assert air.sweep(dark, albedo, 130.0, Weather(headlights=1.0)) is dark


def test_clouds_take_the_sun_away_and_give_it_back() -> None:
    spec = SceneSpec("plaza", 3, 900.0, fps=1.0, size=(160, 90), incidents=(), conditions=parse_conditions("clouds"), starts_at=12.0)
    lit = [frame.rgb[50:80].astype(float).std() for frame in islice(render(spec), 250)]
    assert np.quantile(lit, 0.95) > 1.25 * np.quantile(lit, 0.05)


def test_gusts_stir_the_leaves_more_than_a_breeze_and_shake_the_camera() -> None:
    def stirred(conditions: str) -> float:
        pictures = lumas(conditions, 12.0, count=25)
        return float(np.abs(np.diff(pictures, axis=0))[:, still(pictures)].mean())

    assert stirred("gusts") > 1.3 * stirred("none")


def test_shadows_are_elsewhere_in_the_morning_than_in_the_afternoon() -> None:
    def ground(hour: float) -> np.ndarray:
        return np.median(lumas("none", hour, count=20), axis=0)[70:]

    assert (
        np.corrcoef(ground(8.0).ravel(), ground(17.5).ravel())[0, 1] < np.corrcoef(ground(8.0).ravel(), ground(8.05).ravel())[0, 1] - 0.03
    )


def test_dusk_is_darker_than_day_and_still_in_colour() -> None:
    dusk = frames("none", 19.3)
    assert np.ptp(dusk[0].rgb.astype(int), axis=2).max() > 20
    assert lumas("none", 19.3).mean() < lumas("none", 12.0).mean()


def test_the_crowd_follows_what_share_is_about() -> None:
    layout = load_scene("plaza")

    def walkers(share: float) -> float:
        crowd = Crowd(layout, 1, lambda _t_s: share)
        return float(np.mean([len(crowd.at(float(t))) for t in range(0, 1200, 20)]))

    assert walkers(0.0) == 0.0
    assert walkers(0.3) == pytest.approx(0.3 * walkers(1.0), rel=0.3)


def test_harmless_oddities_come_again_and_are_labelled_apart() -> None:
    spec = SceneSpec(
        "gate", 3, 1500.0, fps=2.0, size=SIZE, incidents=(IncidentKind.FALL,), normal_s=100.0, conditions=parse_conditions("robot,flag")
    )
    labels = ground_truth(spec)
    assert [incident.kind for incident in labels.incidents] == ["fall"]
    for kind, times in (("robot", 3), ("flag", 2)):
        starts = [odd.start_s for odd in labels.harmless if odd.kind == kind]
        assert len(starts) == times
        assert np.diff(starts) == pytest.approx(600.0, abs=3.0)
        assert starts[0] > 100.0


def test_a_robot_is_to_be_seen_where_its_box_says() -> None:
    def at(conditions: str) -> RenderedFrame:
        spec = SceneSpec("plaza", 3, 400.0, fps=1.0, size=SIZE, incidents=(), normal_s=0.0, conditions=parse_conditions(conditions))
        return next(islice(render(spec), 170, None))

    frame, without = at("robot"), at("birds:0.001")
    box = frame.harmless[0].box
    change = cv2.absdiff(frame.rgb, without.rgb).max(axis=2) > 25
    inside = change[int(box.top * SIZE[1]) : int(box.bottom * SIZE[1]) + 1, int(box.left * SIZE[0]) : int(box.right * SIZE[0]) + 1]
    assert inside.mean() > 0.4
    assert not frame.labels


def test_visits_are_thinned_to_their_intensity_without_moving_the_rest() -> None:
    def starts(intensity: float) -> set[float]:
        arrivals = Arrivals(stream(1, "test"), 10.0, (1.0, 2.0))
        return {visit.starts_s for t in range(4000) for visit in arrivals.at(float(t), intensity)}

    everybody, some = starts(1.0), starts(0.25)
    assert some < everybody
    assert 0.15 < len(some) / len(everybody) < 0.35
    assert starts(0.0) == set()


@pytest.mark.parametrize(("scene", "hour"), [("plaza", 8.0), ("gate", 21.0)])
def test_brisk_pictures_are_close_to_those_in_full(scene: str, hour: float) -> None:
    spec = SceneSpec(scene, 4, 60.0, fps=5.0, size=SIZE, incidents=(), starts_at=hour)
    for brisk, full in islice(zip(render(spec, brisk=True), render(spec), strict=True), 5):
        gap = cv2.absdiff(brisk.rgb, full.rgb).max(axis=2)
        assert (gap > 40).mean() < 0.01


def test_brisk_pictures_have_the_same_labels_and_paint_everybody_alike() -> None:
    spec = SceneSpec("plaza", 4, 20.0, fps=5.0, size=SIZE, incidents=(IncidentKind.RUNNING,), normal_s=2.0)
    for brisk, full in zip(render(spec, brisk=True), render(spec), strict=True):
        assert brisk.labels == full.labels
    runner = Person(random_look(stream(1, "test")), 0.0, 20.0, 0.3, running(0.7), incident=0)
    walker = replace(runner, incident=None)
    camera = camera_of(spec, load_scene("plaza"))
    (one,), (other,) = (small_figures.see(small_figures.split([person], camera)[1], camera, (0.5, 0.3, 0.7)) for person in (runner, walker))
    assert np.array_equal(one.parts, other.parts)
    assert np.array_equal(one.shadow, other.shadow)


def test_small_figures_stand_where_those_in_full_stand() -> None:
    camera = camera_of(SceneSpec("plaza", size=SIZE), load_scene("plaza"))
    for phase in (0.0, 1.1, 2.9, 4.4):
        person = Person(random_look(stream(2, "test"), bag=False), -1.0, 19.0, 0.4, walking(phase))
        (full,), (small,) = figures.see([person], camera), small_figures.see([person], camera, (0.5, 0.3, 0.7))
        left, top, right, bottom = full.outline()
        low, high = small.parts.reshape(-1, 2).min(axis=0), small.parts.reshape(-1, 2).max(axis=0)
        assert min(cv2.contourArea(part.astype(np.float32)) for part in small.parts) > 0.5
        assert np.array([*low, *high]) == pytest.approx([left, top, right, bottom], abs=3.0)
