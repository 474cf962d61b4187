"""Pictures and their ground truth."""

from functools import cache
from hashlib import sha256
from itertools import islice, takewhile

import cv2
import numpy as np
import pytest

from haetae.domain.frame import RGB, Box
from haetae.simulate import figures
from haetae.simulate.crowd import Crowd
from haetae.simulate.labelling import camera_of, ground_truth
from haetae.simulate.labels import LabelledIncident
from haetae.simulate.render import Painter, render
from haetae.simulate.scenes import SCENES, load_scene
from haetae.simulate.spec import IncidentKind, RenderedFrame, SceneSpec
from haetae.simulate.world import World

SIZE = (320, 180)


def spec_of(*kinds: IncidentKind, scene: str = "plaza", seconds: float = 40.0) -> SceneSpec:
    return SceneSpec(scene, seed=3, seconds=seconds, fps=10.0, size=SIZE, incidents=kinds, normal_s=2.0)


@cache
def incident_of(spec: SceneSpec) -> LabelledIncident:
    (incident,) = ground_truth(spec).incidents
    return incident


def frame_at(spec: SceneSpec, number: int) -> RenderedFrame:
    """One frame, painted alone: the noise is that of a first frame."""
    layout = load_scene(spec.scene)
    moments = World(spec, layout).moments()
    _, moment, acts = next(islice(moments, number, None))
    return Painter(layout, spec).paint(number, moment, acts)


def luma(rgb: RGB) -> np.ndarray:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))


def digest(spec: SceneSpec, count: int) -> str:
    pixels = sha256()
    for frame in islice(render(spec), count):
        pixels.update(frame.rgb.tobytes())
    return pixels.hexdigest()


def size_px(box: Box) -> tuple[float, float]:
    return (box.right - box.left) * SIZE[0], (box.bottom - box.top) * SIZE[1]


@pytest.mark.parametrize("scene", SCENES.names())
def test_every_scene_gives_pictures_with_detail_and_movement(scene: str) -> None:
    first, *_, last = islice(render(SceneSpec(scene, size=SIZE, incidents=())), 8)
    assert first.rgb.shape == (SIZE[1], SIZE[0], 3)
    assert first.rgb.dtype == np.uint8
    assert 60 < luma(first.rgb).mean() < 190
    assert luma(first.rgb).std() > 25
    assert (cv2.absdiff(luma(first.rgb), luma(last.rgb)) > 25).mean() > 0.0005


def test_the_same_seed_gives_the_same_pixels_and_another_seed_others() -> None:
    spec = SceneSpec("plaza", seed=5, seconds=2.0, size=SIZE, incidents=())
    assert digest(spec, 6) == digest(spec, 6)
    assert digest(spec, 6) != digest(SceneSpec("plaza", seed=6, seconds=2.0, size=SIZE, incidents=()), 6)


def test_until_the_first_incident_the_pictures_are_those_of_a_scene_without_incidents() -> None:
    with_runner, without = spec_of(IncidentKind.RUNNING, seconds=14.0), spec_of(seconds=14.0)
    start = incident_of(with_runner).start_frame
    pairs = list(zip(render(with_runner), islice(render(without), start + 12), strict=False))
    same = [np.array_equal(one.rgb, other.rgb) for one, other in pairs]
    first_change = len(list(takewhile(bool, same)))
    # The runner's shadow may reach into the picture a little earlier than the runner.
    assert start - 6 <= first_change <= start + 2
    assert not any(frame.labels for frame, _ in pairs[:start])
    assert not any(same[start + 2 :])


def test_rendered_labels_are_the_ground_truth_that_is_known_beforehand() -> None:
    spec = spec_of(IncidentKind.CYCLIST, seconds=14.0)
    incident = incident_of(spec)
    seen = {frame.number: frame.labels[0].box for frame in render(spec) if frame.labels}
    assert seen == incident.boxes


def test_walkers_are_taller_in_the_picture_the_nearer_they_are() -> None:
    spec = spec_of()
    layout = load_scene("plaza")
    seen = figures.see(Crowd(layout, 1).at(0.0), camera_of(spec, layout))
    by_depth = sorted(seen, key=lambda figure: figure.depth)
    heights = [np.ptp(figure.pixels[:, 1]) / figure.person.look.height_m for figure in by_depth]
    assert len(heights) >= 6
    assert heights[0] > 1.3 * heights[-1]
    assert np.corrcoef([figure.depth for figure in by_depth], heights)[0, 1] < -0.8


def test_a_runner_is_clearly_faster_than_every_walker() -> None:
    spec = spec_of(IncidentKind.RUNNING)
    boxes = incident_of(spec).boxes
    inside = [number for number, box in boxes.items() if box.left > 0.02 and box.right < 0.98 and number + 5 in boxes]
    middle = {n: (boxes[n].left + boxes[n].right) / 2.0 * SIZE[0] for n in boxes}
    speeds = [
        abs(middle[n + 5] - middle[n]) / 0.5 / size_px(boxes[n])[1]
        for n in inside
        if boxes[n + 5].right < 0.98 and boxes[n + 5].left > 0.02
    ]

    crowd, layout = Crowd(load_scene("plaza"), 3), load_scene("plaza")
    camera = camera_of(spec, layout)
    before, after = (figures.see(crowd.at(t), camera) for t in (0.0, 0.5))
    walkers = {id(figure.person.look): figure for figure in before}
    walking = [
        abs(figure.pixels[0, 0] - walkers[id(figure.person.look)].pixels[0, 0]) / 0.5 / np.ptp(figure.pixels[:, 1])
        for figure in after
        if id(figure.person.look) in walkers
    ]
    assert len(walking) >= 5
    assert np.median(speeds) > 1.8 * max(walking)


def test_a_person_who_falls_becomes_wider_than_tall_and_stands_up_again() -> None:
    incident = incident_of(spec_of(IncidentKind.FALL))
    first, last = size_px(incident.boxes[incident.start_frame]), size_px(incident.boxes[incident.end_frame])
    middle = size_px(incident.boxes[(incident.start_frame + incident.end_frame) // 2])
    assert first[1] > 1.3 * first[0]
    assert middle[0] > 1.3 * middle[1]
    assert last[1] > 1.3 * last[0]


def test_an_abandoned_bag_changes_the_picture_where_its_box_says_and_nowhere_else() -> None:
    spec = spec_of(IncidentKind.ABANDONED, seconds=60.0)
    incident = incident_of(spec)
    number = (incident.start_frame + incident.end_frame) // 2
    frame, without = frame_at(spec, number), frame_at(spec_of(seconds=60.0), number)
    changed = cv2.absdiff(luma(frame.rgb), luma(without.rgb)) > 18
    box = frame.labels[0].box
    width, height = size_px(box)
    rows, columns = np.nonzero(changed)
    assert len(rows) > 0.3 * width * height
    # The bag's own shadow falls to the right of it.
    assert columns.min() >= box.left * SIZE[0] - 3
    assert columns.max() <= box.right * SIZE[0] + 1.5 * width + 3
    assert rows.min() >= box.top * SIZE[1] - 3
    assert rows.max() <= box.bottom * SIZE[1] + 6


def test_a_fire_glows_inside_its_box() -> None:
    spec = spec_of(IncidentKind.FIRE)
    incident = incident_of(spec)
    frame = frame_at(spec, incident.start_frame + 30)
    box = frame.labels[0].box
    part = frame.rgb[int(box.top * SIZE[1]) : int(box.bottom * SIZE[1]), int(box.left * SIZE[0]) : int(box.right * SIZE[0])].astype(int)
    orange = (part[..., 0] > 200) & (part[..., 0] > part[..., 2] + 60)
    assert orange.mean() > 0.02


def test_a_covered_camera_sees_hardly_anything() -> None:
    spec = spec_of(IncidentKind.CAMERA_COVERED)
    incident = incident_of(spec)
    covered = luma(frame_at(spec, (incident.start_frame + incident.end_frame) // 2).rgb)
    assert covered.mean() < 40
    assert luma(frame_at(spec, incident.end_frame + 1).rgb).mean() > 60


def test_a_camera_out_of_focus_loses_its_edges() -> None:
    spec = spec_of(IncidentKind.DEFOCUS)
    incident = incident_of(spec)
    middle = (incident.start_frame + incident.end_frame) // 2
    blurred, sharp = (luma(cv2.GaussianBlur(frame_at(spec, n).rgb, (0, 0), 1.0)) for n in (middle, incident.start_frame - 1))
    assert cv2.Laplacian(blurred, cv2.CV_64F).var() < 0.25 * cv2.Laplacian(sharp, cv2.CV_64F).var()


def test_a_turned_camera_sees_another_part_of_the_scene_and_comes_back() -> None:
    spec = spec_of(IncidentKind.CAMERA_TURNED)
    incident = incident_of(spec)
    before, during, after = (
        luma(frame_at(spec, n).rgb).astype(float)
        for n in (incident.start_frame - 1, (incident.start_frame + incident.end_frame) // 2, incident.end_frame + 1)
    )
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.8
    assert np.corrcoef(before.ravel(), during.ravel())[0, 1] < 0.5


def test_walking_against_the_flow_goes_the_other_way_than_everybody() -> None:
    spec = spec_of(IncidentKind.WRONG_WAY, scene="corridor", seconds=60.0)
    boxes = incident_of(spec).boxes
    heights = [size_px(boxes[number])[1] for number in sorted(boxes)]
    assert heights[len(heights) // 3] > 1.5 * heights[-1]
    crowd = Crowd(load_scene("corridor"), 3)
    assert all(np.sin(person.heading) < 0 for person in crowd.at(0.0))
