"""What the checks make of machines that are not this one."""

import resource
import sys
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from haetae.database.integrity import DatabaseReport
from haetae.errors import ConfigError
from haetae.pipeline.doctor.cameras import judge_model_memory
from haetae.pipeline.doctor.finding import Level, Site, ok, problem, warning
from haetae.pipeline.doctor.gpu import Gpu, find_gpus, judge_gpus
from haetae.pipeline.doctor.libraries import judge_ffmpeg
from haetae.pipeline.doctor.machine import judge_clock, judge_open_files
from haetae.pipeline.doctor.run import diagnose, run_checks, worst
from haetae.pipeline.doctor.storage import judge_file_system, judge_room, nearest
from haetae.pipeline.doctor.stored import judge_database
from haetae.settings import RetentionSettings, SystemConfig
from haetae.sources.ffmpeg_build import FFmpegBuild
from haetae.testing.clock import FakeClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GTX_1060 = Gpu(0, "NVIDIA GeForce GTX 1060 6GB", "580.65.06", 6144.0, 44.0, (6, 1))
H100 = Gpu(0, "NVIDIA H100 80GB HBM3", "580.65.06", 81559.0, 1.0, (9, 0))
CPU_ONLY = ["AzureExecutionProvider", "CPUExecutionProvider"]
CUDA = ["CUDAExecutionProvider", "CPUExecutionProvider"]


def levels(findings):
    return {finding.check: finding.level for finding in findings}


def site(**settings):
    return Site(SystemConfig(**settings), FakeClock(NOW))


def test_a_check_that_crashes_is_a_problem_and_the_others_go_on():
    def crashes(_site):
        yield ok("b", "before the crash")
        raise ZeroDivisionError("rtsp://admin:secret@camera/1")

    def refuses(_site):
        raise ConfigError("no such zone", hint="Use UTC")
        yield

    findings = run_checks({"a": lambda _site: [ok("a", "fine")], "b": crashes, "c": refuses, "d": lambda _site: [ok("d", "fine")]}, site())
    assert [(finding.check, finding.level) for finding in findings] == [
        ("a", Level.OK),
        ("b", Level.OK),
        ("b", Level.PROBLEM),
        ("c", Level.PROBLEM),
        ("d", Level.OK),
    ]
    assert "ZeroDivisionError" in findings[2].found
    assert "secret" not in findings[2].found
    assert (findings[3].found, findings[3].fix) == ("no such zone", "Use UTC")


def test_one_problem_makes_the_whole_a_problem():
    assert worst([ok("a", "")]) is Level.OK
    assert worst([ok("a", ""), warning("b", "", "x")]) is Level.WARNING
    assert worst([warning("b", "", "x"), problem("c", "", "x"), ok("a", "")]) is Level.PROBLEM


def test_an_unknown_key_in_the_configuration_is_a_problem_and_the_machine_is_checked_all_the_same(tmp_path):
    file = tmp_path / "haetae.toml"
    file.write_text("[retention]\ndayz = 3\n")
    findings = diagnose(file, FakeClock(NOW))
    assert findings[0].level is Level.PROBLEM
    assert "dayz" in findings[0].found
    assert "'days'" in findings[0].fix
    assert {"python", "ffmpeg", "clock"} <= levels(findings).keys()
    assert not {"database", "disk"} & levels(findings).keys()


def test_a_gpu_without_its_provider_and_a_provider_without_a_gpu_are_told():
    assert levels(judge_gpus([H100], CUDA, wanted=0)) == {"gpu 0": Level.OK}
    without = list(judge_gpus([H100], CPU_ONLY, wanted=0))
    assert levels(without) == {"gpu 0": Level.OK, "gpu 0 provider": Level.WARNING}
    assert "onnxruntime-gpu" in without[1].fix
    assert levels(judge_gpus([], CUDA, wanted=0)) == {"gpu": Level.OK, "gpu provider": Level.WARNING}
    assert levels(judge_gpus([], CPU_ONLY, wanted=0)) == {"gpu": Level.OK}
    assert levels(judge_gpus([H100], CUDA, wanted=1))["gpu number"] is Level.WARNING


def test_a_gpu_that_cuda_13_leaves_out_is_told_with_what_to_use():
    (old,) = judge_gpus([GTX_1060], CUDA, wanted=0)
    assert old.level is Level.WARNING
    assert "6100 MB free of 6144 MB" in old.found
    assert "CUDA 12" in old.fix
    assert "FP16" in old.fix
    (volta,) = judge_gpus([Gpu(0, "V100", "580", 16384.0, 0.0, (7, 0))], CUDA, wanted=0)
    assert "CUDA 12" in volta.fix
    assert "FP16" not in volta.fix


def test_an_ffmpeg_that_lacks_what_cameras_need_is_told():
    whole = FFmpegBuild("18.1", "8.1", {"libavcodec": "62.28"}, (), ())
    assert set(levels(judge_ffmpeg(whole)).values()) == {Level.OK}
    assert levels(judge_ffmpeg(FFmpegBuild("18.1", "8.1", {}, ("av1",), ("tls",)))) == {
        "ffmpeg": Level.OK,
        "decoders": Level.WARNING,
        "encryption": Level.WARNING,
    }
    assert levels(judge_ffmpeg(FFmpegBuild("18.1", "8.1", {}, ("hevc", "av1"), ())))["decoders"] is Level.PROBLEM


@pytest.mark.parametrize(
    ("now", "synchronised", "level"),
    [
        (NOW, True, Level.OK),
        (NOW, None, Level.OK),
        (NOW, False, Level.WARNING),
        (datetime(1970, 1, 1, tzinfo=UTC), True, Level.PROBLEM),
    ],
)
def test_a_clock_that_cannot_be_right_is_told(now, synchronised, level):
    assert judge_clock(now, synchronised).level is level


def test_open_files_are_judged_by_the_number_of_cameras():
    assert judge_open_files(1024, 16).level is Level.OK
    assert judge_open_files(1024, 64).level is Level.PROBLEM
    assert "LimitNOFILE=1152" in judge_open_files(1024, 64).fix
    assert judge_open_files(resource.RLIM_INFINITY, 1024).level is Level.OK


@pytest.mark.parametrize(
    ("free", "settings", "level"),
    [
        (100, {}, Level.OK),
        (4.9, {}, Level.WARNING),
        (0.9, {}, Level.PROBLEM),
        (100, {"max_gb": 500}, Level.WARNING),
        (100, {"max_gb": 200}, Level.OK),
    ],
)
def test_room_is_judged_by_what_retention_needs(free, settings, level):
    assert judge_room(free, 250.0, RetentionSettings(**settings)).level is level


@pytest.mark.parametrize(("kind", "level"), [("ext4", Level.OK), ("", Level.OK), ("nfs4", Level.WARNING), ("tmpfs", Level.WARNING)])
def test_a_file_system_that_does_not_keep_a_database_is_told(kind, level):
    assert judge_file_system(kind, sqlite=True).level is level


def test_a_network_file_system_is_told_of_sqlite_only_where_there_is_one():
    assert "SQLite" in judge_file_system("cifs", sqlite=True).fix
    assert "SQLite" not in judge_file_system("cifs", sqlite=False).fix


def test_databases_are_judged():
    sound = DatabaseReport("sqlite", "3.45", "002_site")
    assert set(levels(judge_database(sound)).values()) == {Level.OK}
    assert levels(judge_database(DatabaseReport("sqlite", "3.45", "999", newer=True)))["schema"] is Level.PROBLEM
    assert levels(judge_database(DatabaseReport("sqlite", "3.45", "001", older=True)))["schema"] is Level.OK
    assert levels(judge_database(DatabaseReport("sqlite", "3.45", "001", faults=("page 3",))))["integrity"] is Level.PROBLEM
    assert levels(judge_database(DatabaseReport("sqlite", "3.45", "001", broken_references=2)))["integrity"] is Level.PROBLEM
    assert levels(judge_database(DatabaseReport("sqlite", "3.45", "001", wal_bytes=2**30)))["write-ahead log"] is Level.WARNING
    assert "integrity" not in levels(judge_database(DatabaseReport("postgresql", "18", "001")))
    said = {each.check: each.found for each in judge_database(DatabaseReport("postgresql", "18", "001", extensions=("vector 0.8.5",)))}
    assert said["search by meaning"] == "by the database, with vector 0.8.5"
    assert "pg_trgm" in said["search of words"]


def test_models_that_do_not_fit_are_a_problem():
    assert judge_model_memory(900.0, 1000.0, limited=False).level is Level.OK
    assert judge_model_memory(1100.0, 1000.0, limited=False).level is Level.PROBLEM
    assert "pool.memory_mb" in judge_model_memory(1100.0, 1000.0, limited=True).fix


def test_the_nearest_folder_is_one_that_is_there(tmp_path):
    assert nearest(tmp_path / "no" / "such") == tmp_path
    assert nearest(tmp_path) == tmp_path


def test_gpus_are_read_through_nvml_and_one_that_shares_memory_does_not_stop_it(monkeypatch):
    class NVMLError(Exception):
        pass

    def refuse(_device):
        raise NVMLError("not supported")

    nvml = SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlShutdown=lambda: None,
        nvmlSystemGetDriverVersion=lambda: b"580.65.06",
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetName=lambda device: ["NVIDIA GeForce GTX 1060 6GB", "NVIDIA GB10"][device],
        nvmlDeviceGetMemoryInfo=lambda device: refuse(device) if device else SimpleNamespace(total=6144 * 2**20, used=44 * 2**20),
        nvmlDeviceGetCudaComputeCapability=lambda device: [6, 1] if device == 0 else (12, 1),
    )
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    assert find_gpus() == [GTX_1060, Gpu(1, "NVIDIA GB10", "580.65.06", 0.0, 0.0, (12, 1))]
    assert "shared" in next(finding.found for finding in judge_gpus(find_gpus(), CUDA, wanted=0) if finding.check == "gpu 1")
    monkeypatch.setattr(nvml, "nvmlInit", lambda: refuse(0))
    assert find_gpus() == []
