"""The console: a page of files that were built from `ui/`, for browsers; every address that nothing else answers is one of its pages."""

import re
from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

_PAGE = re.compile(r"/(?!api(?:/|$))(?:[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*/?)?")
"""Addresses of pages hold words and ids; whatever else is asked for is not there, and says so."""

_FOREVER = "public, max-age=31536000, immutable"
_UNBUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Haetae</title></head>
<body><main><h1>Haetae is running</h1>
<p>The console has not been built. Run <code>make ui</code> in Haetae's folder, and load this page again.</p>
<p lang="ko">콘솔이 아직 빌드되지 않았습니다. Haetae 폴더에서 <code>make ui</code>를 실행한 뒤 새로 고치세요.</p>
<p><a href="/docs">The API's reference</a></p></main></body></html>
"""


def console_folder() -> Path:
    """Where the built console lies: in the package, or in the checkout that this is part of."""
    package = Path(__file__).resolve().parent.parent
    packaged = package / "console"
    return packaged if packaged.is_dir() else package.parents[1] / "ui" / "dist"


def add_console(app: FastAPI, folder: Path) -> None:
    """Let the console answer what no route does. A folder that is built later, or anew, is served from then on."""
    app.router.default = _Console(folder, otherwise=app.router.default)


class _Console:
    """Only files that lie under the folder are sent: they are looked up in a list of them, and no path is made of what a client says."""

    def __init__(self, folder: Path, otherwise: ASGIApp) -> None:
        self._folder = folder
        self._otherwise = otherwise
        self._built = 0
        self._files: dict[str, Path] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._answer(scope) if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") else None
        await (answer or self._otherwise)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response | None:
        path = scope["path"]
        if (file := self._look_up().get(path)) is not None:
            return FileResponse(file, headers={"Cache-Control": _FOREVER if path.startswith("/assets/") else "no-cache"})
        if not _PAGE.fullmatch(path) or not _wants_a_page(path, Headers(scope=scope).get("accept", "*/*")):
            return None
        if (page := self._files.get("/index.html")) is None:
            return HTMLResponse(_UNBUILT, HTTPStatus.OK, headers={"Cache-Control": "no-store"})
        known = Headers(scope=scope).get("if-none-match")
        answer = FileResponse(page, stat_result=page.stat(), headers={"Cache-Control": "no-cache"})
        if known is not None and known == answer.headers["etag"]:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": known, "Cache-Control": "no-cache"})
        return answer

    def _look_up(self) -> dict[str, Path]:
        """Path of the address -> file. Looked through again when the page was written anew."""
        try:
            built = (self._folder / "index.html").stat().st_mtime_ns
        except OSError:
            built = 0
        if built != self._built:
            files = (path for path in self._folder.rglob("*") if path.is_file() and not path.is_symlink()) if built else ()
            self._files = {f"/{path.relative_to(self._folder).as_posix()}": path for path in files}
            self._built = built
        return self._files


def _wants_a_page(path: str, accept: str) -> bool:
    """A browser says so. At the address of the site itself nothing else is, so who takes anything (a monitor) gets it too."""
    return "text/html" in accept or (path == "/" and "*/*" in accept)
