"""`haetae playbook` beside a site's database."""

import json

import pytest
from tests.support.site import site_config
from typer.testing import CliRunner

from haetae.cli.main import app
from haetae.database.opening import writing

MINE = 'form = 1\nname = "mine"\n[[rules]]\nname = "all"\nmust = ["bookmark_clip"]\n'


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "haetae.toml").write_text(f'storage.directory = "{tmp_path / "data"}"\n')
    with writing(site_config(tmp_path / "data").database_url()):
        pass

    def run(*arguments, code=0, **settings):
        result = CliRunner().invoke(app, ["playbook", *map(str, arguments)], **settings)
        assert result.exit_code == code, result.output + repr(result.exception)
        return result.output

    return run


def test_a_playbook_is_checked_put_in_force_compared_and_tried(run, tmp_path):
    assert "office" in run("defaults")
    assert 'language = "ko"' in run("defaults", "shop", "--language", "ko")
    assert 'name = "Basic"' in run("show")
    file = tmp_path / "mine.toml"
    file.write_text(MINE.replace("must", "musst"))
    assert "line 5" in run("check", file, code=1)
    file.write_text(MINE)
    assert "It can be used" in run("check", file)
    assert "Version 1 is in force" in run("set", file, "--note", "ours")
    assert "Version 2 is in force" in run("set", "-", input=MINE.replace("bookmark_clip", "snapshot"))
    assert "ours" in run("show", "--versions")
    assert run("show", "--version", 1) == MINE
    assert '+must = ["snapshot"]' in run("diff", 1, 2)
    assert json.loads(run("check", file, "--json")) == {"usable": True, "findings": []}
    assert json.loads(run("dry-run", file, "--json"))["events"] == []
    assert "0 events: nothing" in run("dry-run")
