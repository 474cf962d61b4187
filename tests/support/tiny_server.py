"""A tiny random model behind `transformers serve`, over real HTTP. Needs what `make setup-train` brings."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = ("torch", "transformers", "PIL", "accelerate")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]

NEEDS_TINY_MODEL = [
    pytest.mark.tiny_vlm,
    pytest.mark.skipif(bool(MISSING), reason=f"`make setup-train` brings what is missing: {', '.join(MISSING)}"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """(address, name of the model)"""
    folder = tmp_path_factory.mktemp("tiny")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    subprocess.run([sys.executable, ROOT / "tests/support/tiny_vlm.py", folder / "model"], check=True, env=environment, timeout=240)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [Path(sys.executable).with_name("transformers"), "serve", folder / "model", "--device", "cpu"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--host", "127.0.0.1", "--port", str(port)], env=environment, stdout=log, stderr=log)
        try:
            _wait(process, f"http://127.0.0.1:{port}/v1/models", folder / "log")
            yield f"http://127.0.0.1:{port}/v1", str(folder / "model")
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process, url, log):
    deadline = time.monotonic() + 240
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(log.read_text(errors="replace")[-2000:]) from None
            time.sleep(0.2)
