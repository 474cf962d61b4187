"""The rules of the code that no linter knows."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from haetae.agents.base import FLOWS
from haetae.sources.base import SOURCES
from haetae.vad.base import VAD_MODELS
from haetae.vlm.base import ANALYZERS

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "haetae"
MODULES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

LONGEST = 400
# file -> why it may be longer
LONGER: dict[str, str] = {}

# library -> where it may be imported
HOMES = {
    "av": ("sources", "media", "simulate", "testing", "cli/bench"),
    "sqlalchemy": ("database",),
    "alembic": ("database",),
    "psycopg": ("database",),
    "torch": ("training",),
    "ray": ("pipeline/ray_cluster.py",),
    "onnxruntime": ("vad/onnx_runtime.py",),
    "typer": ("cli",),
    "rich": ("cli",),
    "jinja2": ("cli/report", "pipeline/incident_page.py", "notifications/templates.py", "notifications/override.py"),
    "aiosmtplib": ("notifications/channels/email.py",),
    "apprise": ("notifications/channels/apprise.py",),
    "prometheus_client": ("pipeline/metrics.py",),
    "pydantic_ai": ("vlm", "agents"),
    "openai": ("vlm", "agents"),
    "pynvml": ("pipeline",),
    "cryptography": ("vault.py", "api/auth"),
    "psutil": ("pipeline", "compose", "cli/bench"),
}
VAGUE_NAMES = {"utils", "util", "common", "helpers", "helper", "misc"}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported_packages(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.partition(".")[0] for name in names}


def test_the_scan_sees_the_code():
    assert len(MODULES) > 20


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=relative)
def test_no_file_is_too_long(path):
    allowed = 10_000 if relative(path) in LONGER else LONGEST
    assert len(path.read_text(encoding="utf-8").splitlines()) <= allowed, "split it, or list it in LONGER with the reason"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_name_says_nothing(path):
    assert not VAGUE_NAMES & {path.stem, *path.relative_to(SOURCE).parts}


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_each_heavy_library_has_one_home(path):
    place = path.relative_to(SOURCE).as_posix()
    for library in imported_packages(path) & HOMES.keys():
        assert place.startswith(HOMES[library]), f"{library} belongs into {HOMES[library]}"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_module_keeps_mutable_state(path):
    """A list, dict or set at module level is a constant: upper case (or dunder), so nobody thinks of changing it."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if not isinstance(getattr(node, "value", None), (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)):
            continue
        for target in targets:
            assert isinstance(target, ast.Name)
            assert target.id.isupper() or target.id.startswith("__"), f"{target.id} is mutable state of the module"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_module_reaches_for_a_shell_or_a_pickle(path):
    names = imported_packages(path)
    assert not names & {"pickle", "marshal", "shelve", "dill", "joblib"}
    assert "shell=True" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_opencv_never_reads_video(path):
    assert "VideoCapture(" not in path.read_text(encoding="utf-8")


REGISTRIES = (SOURCES, VAD_MODELS, ANALYZERS, FLOWS)


@pytest.mark.parametrize(("registry", "name"), [(registry, name) for registry in REGISTRIES for name in registry.builtin])
def test_every_registered_name_can_be_loaded(registry, name):
    assert callable(registry.load(name))


def test_help_loads_nothing_heavy():
    code = (
        "import sys\n"
        "from haetae.cli.main import app\n"
        "heavy = {'av', 'cv2', 'numpy', 'sqlalchemy', 'pydantic', 'alembic', 'jinja2', 'torch'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {sorted(heavy)}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_package_says_what_it_is():
    for path in SOURCE.rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path} has no docstring"


def test_the_unit_tests_mirror_the_packages():
    packages = {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    tested = {path.name for path in (ROOT / "tests" / "unit").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert tested <= packages, "a test folder without a package"
    for name in tested:
        importlib.import_module(f"haetae.{name}")


# What the API may import of the database besides `scoped`: people and their credentials, the audit log, rules and deliveries (which only
# admins see), words.
API_DATABASE = {
    "haetae.database.account_models",
    "haetae.database.account_rows",
    "haetae.database.account_store",
    "haetae.database.api_key_store",
    "haetae.database.audit_reader",
    "haetae.database.camera_people",
    "haetae.database.camera_store",
    "haetae.database.channel_store",
    "haetae.database.delivery_reader",
    "haetae.database.group_store",
    "haetae.database.one_time_codes",
    "haetae.database.opt_outs",
    "haetae.database.prompt_store",
    "haetae.database.rule_store",
    "haetae.database.session_store",
    "haetae.database.target_store",
    "haetae.database.severity_store",
}


@pytest.mark.parametrize("path", [path for path in MODULES if "api" in path.relative_to(SOURCE).parts[:1]], ids=relative)
def test_the_api_reads_what_belongs_to_cameras_only_where_a_viewer_is_asked_for(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        module = node.module if isinstance(node, ast.ImportFrom) else None
        if module and module.startswith("haetae.database") and not module.startswith("haetae.database.scoped."):
            assert module in API_DATABASE, f"{module} does not ask who is asking: go through database/scoped"


def _queries(function):
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    return {call.func.id for call in calls if isinstance(call.func, ast.Name)} & {"select", "update", "delete", "insert"}


@pytest.mark.parametrize("path", sorted((SOURCE / "database" / "scoped").glob("*.py")), ids=relative)
def test_no_query_of_a_scoped_module_is_without_a_viewer(path):
    """A function that makes a query takes the viewer, or the condition that `visible` made of one; or its class holds the viewer."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    of_viewer = {
        function
        for holder in ast.walk(tree)
        if isinstance(holder, ast.ClassDef)
        and any(isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "viewer" for node in holder.body)
        for function in holder.body
    }
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and function not in of_viewer and _queries(function):
            arguments = (*function.args.args, *function.args.kwonlyargs, function.args.vararg)
            names = {argument.arg for argument in arguments if argument is not None}
            assert names & {"viewer", "conditions"}, f"{function.name} asks the database without a viewer"
