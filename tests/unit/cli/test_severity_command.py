"""`haetae severity`: the policy as a file that can be shown, checked and put into force."""

import json

import pytest
from typer.testing import CliRunner

from haetae.cli.main import app


@pytest.fixture
def run(tmp_path):
    config = tmp_path / "haetae.toml"
    config.write_text(f'[storage]\ndirectory = "{tmp_path / "site"}"\n')

    def command(*arguments, configured=True):
        return CliRunner().invoke(app, ["severity", *arguments, *(["--config", str(config)] if configured else [])])

    return command


def test_what_is_shown_can_be_changed_and_set(run, tmp_path):
    policy = json.loads(run("show").output)
    policy["rows"] = [{"severity": "critical", "zones": ["Vault"]}, *policy["rows"]]
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(policy))
    assert run("check", str(file), configured=False).exit_code == 0
    done = run("set", str(file))
    assert done.exit_code == 0, done.output
    assert json.loads(run("show").output) == policy


def test_a_row_that_is_never_reached_is_remarked_on(run, tmp_path):
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"rows": [{"severity": "low"}, {"severity": "high", "least_score": 0.9}]}))
    done = run("check", str(file), configured=False)
    assert done.exit_code == 1
    assert "row 2 is never reached" in done.output
