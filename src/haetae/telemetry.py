"""Logging: structlog with one redaction processor, so that no secret reaches a log line whoever writes it."""

import logging
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any, Literal, TextIO
from uuid import UUID

import structlog

REDACTED = "***"

# scheme://user:password@host and scheme://token@host. A password may itself hold '@' or '/', so the last '@' before white space
# or a quote ends it; a URL with a port and an '@' in its path loses a little too much, which is the safe side.
_USER_INFO = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)(?P<user>[^\s/?#@:'\"<>]*)(?P<secret>:[^\s'\"<>]*)?@(?P<rest>[^\s'\"<>@]*)")
_SECRET_WORD = r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|signature|sig|auth|credential|authorization)"
_QUERY_SECRET = re.compile(rf"(?P<key>[?&;][\w.-]*{_SECRET_WORD}[\w.-]*=)[^&\s#'\"<>]+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_HEADER_SECRET = re.compile(r"\b(?P<scheme>Basic|Bearer|Digest)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE)
_SECRET_KEY = re.compile(rf"(?:^|[_.-]){_SECRET_WORD}(?:$|[_.-])|(?:password|secret|token|api[_-]?key)$", re.IGNORECASE)


def redact_url(url: str) -> str:
    """`url` (or any text that holds URLs) with passwords, user names that stand alone, and secret query values replaced by ***."""

    def hide(match: re.Match[str]) -> str:
        user = match["user"] if match["secret"] is not None else REDACTED
        password = f":{REDACTED}" if match["secret"] is not None else ""
        return f"{match['scheme']}{user}{password}@{match['rest']}"

    hidden = _USER_INFO.sub(hide, url)
    hidden = _QUERY_SECRET.sub(lambda match: f"{match['key']}{REDACTED}", hidden)
    return _HEADER_SECRET.sub(lambda match: f"{match['scheme']} {REDACTED}", hidden)


def redact(value: Any) -> Any:
    """`value` with every secret replaced: strings as `redact_url`, mappings by key as well, sequences item by item."""
    if isinstance(value, str):
        return redact_url(value)
    if isinstance(value, Mapping):
        return {key: REDACTED if is_secret_key(str(key)) and item else redact(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(item) for item in value]
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {redact_url(str(value))}"
    return value


def is_secret_key(key: str) -> bool:
    """True for names that hold secrets: password, smtp_password, api_key, token, authorization and the like."""
    return _SECRET_KEY.search(key) is not None


def redaction_processor(_logger: Any, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor: last before the renderer, after exceptions became text."""
    for key, value in event_dict.items():
        event_dict[key] = REDACTED if is_secret_key(key) and value else redact(value)
    return event_dict


def harmless_processor(_logger: Any, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For text, last before the renderer: what a stranger wrote (a camera's answer, a path that was asked for) cannot act on the terminal
    that shows it, nor begin a line of its own. Tracebacks keep their lines."""
    for key, value in event_dict.items():
        if isinstance(value, str):
            control = _CONTROL_IN_LINES if key in ("exception", "stack") else _CONTROL
            event_dict[key] = control.sub(lambda match: f"\\x{ord(match[0]):02x}", value)
    return event_dict


@contextmanager
def log_context(**values: Any) -> Iterator[None]:
    """Every log line of this thread carries `values` (camera_id, camera, event_id) until the block ends; inner blocks add and override.

    A thread that is started inside begins without them, and binds its own.
    """
    shown = {key: str(value) if isinstance(value, UUID) else value for key, value in values.items()}
    with structlog.contextvars.bound_contextvars(**shown):
        yield


class _LineLogger:
    """Writes finished lines to a stream, `sys.stderr` of the moment by default. A log that cannot be written (the terminal is gone,
    a closed pipe, a full disk) is lost: it never takes down the thread that wanted to say something."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def msg(self, message: str) -> None:
        stream = self._stream or sys.stderr
        # One write per line, so that threads do not mix theirs.
        with suppress(OSError, ValueError):
            stream.write(message + "\n")
            stream.flush()

    log = debug = info = warning = error = critical = exception = fatal = failure = warn = err = msg


def configure_logging(level: str = "info", style: Literal["text", "json"] = "text", stream: TextIO | None = None) -> None:
    """Set structlog up for the whole process; called once by the composition root. Logs go to `stream`, stderr by default."""
    renderer: structlog.typing.Processor
    if style == "json":
        renderer = structlog.processors.JSONRenderer(default=str)
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=(stream or sys.stderr).isatty(), exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            redaction_processor,
            *([harmless_processor] if style == "text" else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_arguments: _LineLogger(stream),
        cache_logger_on_first_use=False,
    )
