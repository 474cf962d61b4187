"""The file of labels."""

from pathlib import Path

import orjson
import pytest

from haetae.domain.frame import Box
from haetae.errors import ConfigError
from haetae.simulate.labels import LabelRecorder, load_labels
from haetae.simulate.spec import ActiveLabel, HarmlessLabel, IncidentKind, SceneSpec

SPEC = SceneSpec("plaza", seed=7, seconds=4.0, fps=10.0, size=(320, 180), incidents=())


def recorded() -> LabelRecorder:
    recorder = LabelRecorder(SPEC)
    for number in range(40):
        seen = 10 <= number < 25 and number != 12
        recorder.add(number, (ActiveLabel(0, IncidentKind.FALL, Box(0.1, 0.2, 0.3, number / 100)),) if seen else ())
    return recorder


def test_a_span_reaches_from_the_first_to_the_end_of_the_last_frame_that_shows_it() -> None:
    (incident,) = recorded().labels().incidents
    assert (incident.start_frame, incident.end_frame, incident.start_s, incident.end_s) == (10, 24, 1.0, 2.5)
    assert 12 not in incident.boxes
    assert len(incident.boxes) == 14


def test_labels_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    labels = recorded().labels()
    path = tmp_path / "scene.json"
    path.write_bytes(labels.to_json())
    assert load_labels(path) == labels
    content = orjson.loads(path.read_bytes())
    assert content["version"] == 1
    assert content["frames"] == 40
    assert content["incidents"][0]["boxes"][0] == [10, 0.1, 0.2, 0.3, 0.1]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"version":2}', b'{"version":1}', b'{"version":1,"incidents":[{"kind":"dragon"}]}'])
def test_what_is_no_file_of_labels_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"other\.json"):
        load_labels(path)


def test_only_the_newest_incidents_are_kept_where_a_bound_is_given() -> None:
    recorder = LabelRecorder(SPEC, keep=2)
    for number in range(30):
        recorder.add(number, (ActiveLabel(number // 10, IncidentKind.FALL, Box(0.1, 0.2, 0.3, 0.4)),))
    assert [incident.start_frame for incident in recorder.labels().incidents] == [10, 20]


def test_harmless_oddities_are_kept_apart_from_incidents(tmp_path: Path) -> None:
    recorder = LabelRecorder(SPEC)
    for number in range(20):
        odd = (HarmlessLabel(number // 10, "robot", Box(0.1, 0.2, 0.3, 0.4)),)
        recorder.add(number, (), odd if number % 10 > 3 else ())
    labels = recorder.labels()
    assert labels.incidents == ()
    assert [(odd.kind, odd.start_frame, odd.end_frame) for odd in labels.harmless] == [("robot", 4, 9), ("robot", 14, 19)]
    path = tmp_path / "scene.json"
    path.write_bytes(labels.to_json())
    assert load_labels(path) == labels
