"""What somebody gets who installs the wheel: the commands and the console, without a checkout."""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = '<!doctype html><html><head><script type="module" src="/assets/start.js"></script></head><body></body></html>'


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The `haetae` of a fresh virtual environment with nothing in it but the wheel, and what it depends on."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    shutil.copytree(ROOT / "src", tree / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (tree / "ui" / "dist" / "assets").mkdir(parents=True)
    shutil.copy(ROOT / "ui" / "hatch_build.py", tree / "ui")
    (tree / "ui" / "dist" / "index.html").write_text(PAGE)
    (tree / "ui" / "dist" / "assets" / "start.js").write_text("document.title = 'Haetae'")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"], cwd=tree, check=True, capture_output=True)
    [wheel] = (tree / "dist").glob("*.whl")
    environment = tree / "env"
    venv.create(environment, with_pip=False, symlinks=True)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)}))
    shutil.unpack_archive(wheel, own, format="zip")
    # The dependencies alone: the links of an editable Haetae are not followed from here.
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return environment / "bin" / "python"


def test_serve_from_an_installed_wheel_shows_the_console(installed, tmp_path):
    (tmp_path / "haetae.toml").write_text('[api]\nport = 0\n[metrics]\nenabled = false\n[storage]\ndirectory = "site"\n')
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.startswith("HAETAE_")}
    asked = [installed, "-c", "import haetae; print(haetae.__file__)"]
    where = subprocess.run(asked, cwd=tmp_path, env=clean, capture_output=True, text=True, check=True)
    assert Path(where.stdout.strip()).is_relative_to(installed.parents[1])
    serve = subprocess.Popen([installed, "-m", "haetae", "serve"], cwd=tmp_path, env=clean, stderr=subprocess.PIPE, text=True)
    try:
        assert serve.stderr is not None
        url = next(found[1] for line in serve.stderr if (found := re.search(r"The site is at (\S+)", line)))
        page = httpx2.get(f"{url}/live", headers={"Accept": "text/html"}, timeout=30)
        script = httpx2.get(f"{url}/assets/start.js", timeout=30)
    finally:
        serve.send_signal(signal.SIGINT)
        serve.communicate(timeout=60)
    assert (page.status_code, page.text) == (200, PAGE)
    assert script.text == "document.title = 'Haetae'"
    assert "immutable" in script.headers["cache-control"]
