import pytest

from haetae.cli.durations import parse_duration
from haetae.errors import ConfigError


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("10 min", 600), ("1.5h", 5400), ("0.5m", 30)])
def test_durations_as_people_write_them(text, seconds):
    assert parse_duration(text, "--learning-time") == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5", "10x", "1m30s", "nan"])
def test_anything_else_names_the_option(text):
    with pytest.raises(ConfigError, match="--learning-time"):
        parse_duration(text, "--learning-time")
