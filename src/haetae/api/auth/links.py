"""Links that carry a one-time code to the console."""

from typing import Literal

from starlette.requests import HTTPConnection

from haetae.settings import SystemConfig


def console_url(connection: HTTPConnection, config: SystemConfig) -> str:
    """Where people find this site: as configured, else where this request was sent to."""
    return config.api.public_url or f"{connection.url.scheme}://{connection.url.netloc}"


def code_link(base_url: str, page: Literal["setup", "register", "reset"], code: str) -> str:
    """Where a person follows up a code. It stands behind the `#`, which browsers send to no server: it is in no log and no referrer."""
    return f"{base_url.rstrip('/')}/{page}#code={code}"
