"""The API's reference at /docs, from files of this machine: a site has no internet."""

from importlib.resources import files

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Haetae API</title><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
"""
_START = 'SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null});\n'


def add_docs(app: FastAPI) -> None:
    """Serve the reference and what it is made of. Scripts are files, so that the page's policy need not allow any in the page."""
    resources = files("fastapi_swagger.resources")

    def page() -> HTMLResponse:
        return HTMLResponse(_PAGE)

    def start() -> PlainTextResponse:
        return PlainTextResponse(_START, media_type="text/javascript")

    def asset(name: str, media_type: str) -> None:
        def send() -> FileResponse:
            return FileResponse(str(resources / name), media_type=media_type)

        app.add_api_route(f"/docs/{name}", send, include_in_schema=False, name=name)

    app.add_api_route("/docs", page, include_in_schema=False)
    app.add_api_route("/docs/start.js", start, include_in_schema=False)
    asset("swagger-ui.css", "text/css")
    asset("swagger-ui-bundle.js", "text/javascript")
