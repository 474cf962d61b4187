import pytest

from haetae.errors import MediaError
from haetae.media.score_curve import ScoreCurve, read_score_curve, write_score_curve


def test_a_curve_comes_back_rounded(tmp_path):
    path = tmp_path / "deep" / "curve.json"
    write_score_curve(path, ScoreCurve((-0.2000001, 0.0, 0.1999999), (0.12345678, 0.5, 1.0)))
    assert read_score_curve(path) == ScoreCurve((-0.2, 0.0, 0.2), (0.123, 0.5, 1.0))
    assert len(path.read_bytes()) < 100


def test_an_event_without_a_curve_has_none(tmp_path):
    assert read_score_curve(tmp_path / "none.json") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"version": 1, "t_s": [0.0], "score": []}',
        b'{"version": 2, "t_s": [], "score": []}',
        b'{"version": 1, "t_s": 5, "score": [0.1]}',
        b'{"version": 1, "t_s": ["x"], "score": [0.1]}',
        b'{"version": 1, "t_s": [[]], "score": [0.1]}',
    ],
)
def test_a_file_that_holds_something_else_is_said(tmp_path, content):
    path = tmp_path / "curve.json"
    path.write_bytes(content)
    with pytest.raises(MediaError):
        read_score_curve(path)
