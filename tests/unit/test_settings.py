from pathlib import Path

import pytest

from haetae.errors import ConfigError
from haetae.settings import load_config


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "haetae.toml"
    file.write_text(text)
    return file


def test_defaults_need_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load_config()
    assert config.clips.pre_roll_s == 5.0
    assert config.database_url() == "sqlite:///haetae-data/haetae.db"


def test_the_file_is_read_and_the_environment_wins_over_it(tmp_path, monkeypatch):
    file = write(tmp_path, "[clips]\npre_roll_s = 3\npost_roll_s = 4\n")
    monkeypatch.setenv("HAETAE_CLIPS__PRE_ROLL_S", "7")
    config = load_config(file)
    assert config.clips.pre_roll_s == 7
    assert config.clips.post_roll_s == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[clips]\npreroll_s = 3\n", "clips.preroll_s"),
        ("[clips]\npreroll_s = 3\n", "Did you mean 'pre_roll_s'"),
        ("[clipz]\npre_roll_s = 3\n", "Did you mean 'clips'"),
        ("[clips]\npre_roll_s = -1\n", "clips.pre_roll_s = -1 is refused"),
        ("[clips]\npre_roll_s = -1\n", "greater than or equal to 0"),
        ("[clips\n", "not valid TOML"),
    ],
)
def test_a_fault_names_the_key_and_the_fix(tmp_path, text, said):
    with pytest.raises(ConfigError, match="haetae.toml") as caught:
        load_config(write(tmp_path, text))
    assert said in str(caught.value)


def test_a_missing_file_that_was_asked_for_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="no configuration file"):
        load_config(tmp_path / "none.toml")


def test_an_unknown_variable_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAETAE_CLIPS__PREROLL_S", "7")
    with pytest.raises(ConfigError, match="Did you mean HAETAE_CLIPS__PRE_ROLL_S"):
        load_config()


def test_a_bad_variable_names_its_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAETAE_LOG__LEVEL", "loud")
    with pytest.raises(ConfigError, match=r"log.level = 'loud'"):
        load_config()
