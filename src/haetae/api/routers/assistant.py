"""Questions about the site, answered message by message as server-sent events."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from haetae.agents.assistant.messages import Message
from haetae.agents.assistant.records import LANGUAGES
from haetae.agents.assistant.rules import examples
from haetae.api.dependencies import ServicesDep, ViewerDep
from haetae.api.errors import ERRORS
from haetae.api.routers.assistant_schemas import AssistantAnswer, AssistantRead, QuestionInput, message_read
from haetae.domain.viewer import Viewer

router = APIRouter(tags=["assistant"], responses={status: ERRORS[status] for status in (401, 422, 429, 503)})

_EVENTS = "text/event-stream"
_MESSAGE: dict[str, Any] = {"$ref": "#/components/schemas/AssistantMessage"}
# As OpenAPI 3.2 describes a server-sent event (section 4.14.4).
_EVENT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["text", "tool", "citation", "done", "error"], "description": "the message's type"},
        "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": _MESSAGE},
    },
    "required": ["event", "data"],
}
_ENGLISH = re.compile(
    r"\b(?:the|is|are|was|were|did|do|does|has|have|any|what|which|who|when|why|how|show|list|of|on|at|in|for|there|camera|today)\b",
    re.IGNORECASE,
)
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "model": AssistantAnswer,
        "content": {_EVENTS: {"schema": _EVENT}},
        "description": "server-sent events of which each is a message; all of them at once for Accept: application/json",
    }
}


@router.get("/assistant")
def get_assistant(viewer: ViewerDep, services: ServicesDep) -> AssistantRead:
    """Who answers, and what can be asked."""
    desk = services.assistant
    state = desk.state()
    cameras = desk.records(viewer, viewer.language).cameras()
    return AssistantRead(
        model=state.name,
        available=bool(state.name) and not state.cause,
        reason=state.cause if state.name else "no language model is configured",
        examples={language: list(examples(language, cameras)) for language in LANGUAGES},
        can_request_approvals=desk.can_request,
    )


@router.post("/assistant", response_class=Response, responses=_ANSWER)
async def ask_assistant(body: QuestionInput, viewer: ViewerDep, services: ServicesDep, request: Request) -> Response:
    """Ask about events, cameras and statistics, in English or Korean. The answer knows what the caller may see and nothing else; it cites
    the events that it rests on. Nothing is changed by asking. Who goes away ends it."""
    desk = services.assistant
    over = desk.admit(viewer)
    question = body.to_question(body.language or language_of(body.question, viewer))
    messages = desk.answer(viewer, question)
    if _wants_json(request.headers.get("accept", "")):
        try:
            answer = AssistantAnswer(messages=[message_read(message) async for message in messages if message is not None])
        finally:
            over()
        return JSONResponse(await run_in_threadpool(answer.model_dump, mode="json"))
    return _Answer(_events(messages), over)


def language_of(question: str, viewer: Viewer) -> str:
    """Korean where there is Korean in the question, or nothing else and the person speaks it; else English. A name in Korean makes no
    English sentence a Korean one."""
    if len(_ENGLISH.findall(question)) < 2 and any("가" <= letter <= "힣" or "ㄱ" <= letter <= "ㅣ" for letter in question):
        return "ko"
    return "en" if any(letter.isalpha() for letter in question) or viewer.language not in LANGUAGES else viewer.language


def _wants_json(accept: str) -> bool:
    return "application/json" in accept and _EVENTS not in accept


async def _events(messages: AsyncIterator[Message | None]) -> AsyncIterator[str]:
    async for message in messages:
        if message is None:
            yield ": still at it\n\n"
            continue
        read = message_read(message).root
        yield f"event: {read.type}\ndata: {read.model_dump_json()}\n\n"


class _Answer(StreamingResponse):
    """A stream of messages. `over` is called when it has ended, however it did."""

    media_type = _EVENTS

    def __init__(self, events: AsyncIterator[str], over: Callable[[], None]) -> None:
        # A proxy would hold messages back to send more of them at once.
        super().__init__(events, headers={"X-Accel-Buffering": "no"})
        self._over = over

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._over()
