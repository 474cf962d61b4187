"""Where questions to the assistant come in: how many, how long each may take, and what becomes of one that fails."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import UUID

import structlog

from haetae.agents.assistant.assistant import Assistant
from haetae.agents.assistant.messages import Done, Failed, Message, Question
from haetae.agents.assistant.records import ApprovalRequests, Records
from haetae.api.auth.login_limits import BackOff
from haetae.api.errors import code_of
from haetae.clock import Clock
from haetae.domain.viewer import Viewer
from haetae.errors import HaetaeError, TooManyRequests
from haetae.settings import AssistantSettings

QUIET_S = 10.0
"""After so long without a message a sign of life is sent."""

_OF_ONE_PERSON = 2
_RULES_S = 15.0
"""What parsed questions may take, after a model that had its time."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ModelState:
    """The model that answers: its name, "" where there is none, and why it cannot be asked now, "" where it can."""

    name: str = ""
    cause: str = ""


class AssistantDesk:
    """`admit` and `state` on any thread, `answer` and `summary` on an event loop."""

    def __init__(
        self,
        assistant: Assistant,
        records: Callable[[Viewer, str], Records],
        clock: Clock,
        settings: AssistantSettings,
        *,
        state: Callable[[], ModelState] = ModelState,
        requests: Callable[[Viewer], ApprovalRequests] | None = None,
    ) -> None:
        """`records` gives what a viewer may see, in a language. `requests`, where the site has approvals, what it may ask people for."""
        self._assistant = assistant
        self._records = records
        self._settings = settings
        self._requests = requests
        self._limit = BackOff(clock, free=settings.questions_per_minute, window_s=60.0, first_s=5.0, longest_s=60.0)
        self._asking = Counter[UUID]()
        self._lock = threading.Lock()
        self.state = state

    @property
    def can_request(self) -> bool:
        """Whether an approval can be asked for."""
        return self._requests is not None

    def records(self, viewer: Viewer, language: str) -> Records:
        """What the viewer may see."""
        return self._records(viewer, language)

    def admit(self, viewer: Viewer) -> Callable[[], None]:
        """Let one question of the viewer's in; what is returned is to be called when it is over. Raises TooManyRequests."""
        self._limit.take(viewer.user_id)
        with self._lock:
            if self._asking.total() >= self._settings.at_once or self._asking[viewer.user_id] >= _OF_ONE_PERSON:
                raise TooManyRequests(
                    "as many questions as may are being answered already",
                    retry_after_s=QUIET_S,
                    hint="Wait for the answer before the next question",
                )
            self._asking[viewer.user_id] += 1
        return lambda: self._over(viewer.user_id)

    async def answer(self, viewer: Viewer, question: Question) -> AsyncIterator[Message | None]:
        """The answer message by message, None where nothing came for QUIET_S; the last is `Done` or `Failed`. Never raises.

        When the iterator is closed, whatever is under way ends.
        """
        queue: asyncio.Queue[Message] = asyncio.Queue()
        task = asyncio.create_task(self._answer(viewer, question, queue.put_nowait))
        try:
            while True:
                try:
                    async with asyncio.timeout(QUIET_S):
                        message = await queue.get()
                except TimeoutError:
                    yield None
                    continue
                yield message
                if isinstance(message, Done | Failed):
                    return
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def summary(self, text: str, language: str) -> tuple[str, str]:
        """A text in a few sentences of the model's, or why there are none."""
        try:
            async with asyncio.timeout(self._settings.deadline_s + 1.0):
                return await self._assistant.summary(text, language)
        except TimeoutError:
            return "", "the model did not answer in time"

    async def _answer(self, viewer: Viewer, question: Question, say: Callable[[Message], None]) -> None:
        try:
            async with asyncio.timeout(self._settings.deadline_s + _RULES_S):
                requests = None if self._requests is None else self._requests(viewer)
                await self._assistant.answer(question, self._records(viewer, question.language), say, requests)
        except TimeoutError:
            say(Failed("timed_out", "the answer took too long", "Ask for a shorter time, or of fewer cameras"))
        except HaetaeError as error:
            say(Failed(code_of(error), error.message, error.hint))
        except Exception as error:
            _log.error("a question could not be answered", exc_info=error)
            say(Failed("internal_error", "something went wrong in the server", "See its log"))

    def _over(self, user_id: UUID) -> None:
        with self._lock:
            self._asking[user_id] -= 1
            if self._asking[user_id] <= 0:
                del self._asking[user_id]
