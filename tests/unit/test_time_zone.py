import pytest
from structlog.testing import capture_logs

from haetae.errors import ConfigError
from haetae.time_zone import local_time_zone, machine_time_zone


def link(etc, target):
    (etc / "localtime").symlink_to(target)


def test_what_is_configured_wins_and_a_wrong_name_is_refused(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    assert local_time_zone("Asia/Seoul") == "Asia/Seoul"
    assert local_time_zone("") == "Europe/Berlin"
    with pytest.raises(ConfigError, match="Mars"):
        local_time_zone("Mars/Olympus")


@pytest.mark.parametrize("value", ["Asia/Seoul", ":Asia/Seoul", "/usr/share/zoneinfo/Asia/Seoul", ":/usr/share/zoneinfo/Asia/Seoul"])
def test_tz_goes_before_the_machines_link(tmp_path, value):
    link(tmp_path, "/usr/share/zoneinfo/Europe/Berlin")
    assert machine_time_zone({"TZ": value}, tmp_path) == "Asia/Seoul"


@pytest.mark.parametrize("folder", ["/usr/share/zoneinfo", "../usr/share/zoneinfo", "/var/db/timezone/zoneinfo"])
def test_the_machines_link_names_its_zone(tmp_path, folder):
    link(tmp_path, f"{folder}/Asia/Seoul")
    (tmp_path / "timezone").write_text("Europe/Berlin\n")
    assert machine_time_zone({}, tmp_path) == "Asia/Seoul"


def test_a_copied_file_is_named_by_its_neighbour(tmp_path):
    (tmp_path / "localtime").write_bytes(b"TZif")
    (tmp_path / "timezone").write_text("Asia/Seoul\n")
    assert machine_time_zone({}, tmp_path) == "Asia/Seoul"


@pytest.mark.parametrize("environment", [{}, {"TZ": "KST-9"}, {"TZ": "Mars/Olympus"}])
def test_a_zone_without_a_name_is_utc_and_says_so(tmp_path, environment):
    (tmp_path / "localtime").write_bytes(b"TZif")
    with capture_logs() as lines:
        assert machine_time_zone(environment, tmp_path) == "UTC"
    assert [line["fix"] for line in lines] == ["set site.time_zone"]


def test_an_empty_tz_is_utc_as_for_the_c_library(tmp_path):
    link(tmp_path, "/usr/share/zoneinfo/Asia/Seoul")
    with capture_logs() as lines:
        assert machine_time_zone({"TZ": ""}, tmp_path) == "UTC"
    assert lines == []
