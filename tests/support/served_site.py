"""`haetae serve` in a process of its own."""

import re
import signal
import socket

import httpx2
from tests.support.commands import finish, interrupt, start
from websockets.sync.client import connect

PASSWORD = "a long sentence of my own"


class ServedSite:
    """A running `haetae serve` with an admin called kim. `start` again after it ended."""

    def __init__(self, folder, *, admin=True, **sections):
        """`sections` are added to the configuration, as TOML. `admin` False leaves the site as it is before anybody set it up."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        own = {
            "storage": 'directory = "site"',
            "site": "reconcile_s = 0.3",
            "metrics": "enabled = false",
            "log": 'level = "error"',
            "api": f"port = {self.port}",
            "source_policy": "allow_loopback = true",
        }
        (folder / "haetae.toml").write_text("".join(f"[{name}]\n{line}\n" for name, line in (own | sections).items()))
        self.start()
        self.code = self._read_code()
        if admin:
            self.set_up()

    def set_up(self):
        answer = self.ask("POST", "/auth/setup", json={"code": self.code, "username": "kim", "password": PASSWORD, "cookie": False})
        self.token = answer.raise_for_status().json()["access_token"]

    def start(self):
        self.process = start(["serve"], self.folder)

    def _read_code(self):
        for line in self.process.stderr:
            if found := re.search(r"Set-up code.*: (\S+)$", line.strip()):
                return found[1]
        raise AssertionError(f"no set-up code; ended with {finish(self.process)}")

    def ask(self, method, path, **arguments):
        headers = {"Authorization": f"Bearer {self.token}"} if hasattr(self, "token") else {}
        return httpx2.request(
            method, f"{self.url}/api/v1{path}", headers={**headers, **arguments.pop("headers", {})}, timeout=60, **arguments
        )

    def get(self, path, **arguments):
        return self.ask("GET", path, **arguments).raise_for_status().json()

    def ticket(self, path):
        return self.ask("POST", "/tickets", json={"path": f"/api/v1{path}"}).raise_for_status().json()["ticket"]

    def socket(self, path):
        return connect(f"ws://127.0.0.1:{self.port}/api/v1{path}?ticket={self.ticket(path)}", open_timeout=30, max_size=None)

    def end(self):
        interrupt(self.process, signal.SIGTERM)
        return finish(self.process)
