"""Registered addresses: webhooks, tickets, sirens, doors and speakers, which all are told what to do by a signed message."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from haetae.domain.action import TARGETS, Action, Outcome, ResponseTarget, TargetKind
from haetae.domain.delivery import Occurrence
from haetae.domain.plan import ActionState
from haetae.errors import ConfigError, DeliveryError, NotFound
from haetae.notifications.base import Reach
from haetae.notifications.post import Post, PostSettings
from haetae.pipeline.acting.action_body import action_body
from haetae.pipeline.acting.base import Run, done, failed, unknown

MOST_TRIES = 5
_FIRST_WAIT_S = 2.0
_LONGEST_WAIT_S = 300.0


class DeviceSettings(PostSettings):
    """`idempotent`: the other side knows a message again by its `Idempotency-Key` and does it once, however often it comes."""

    idempotent: bool = False


def device_settings(values: dict[str, Any]) -> DeviceSettings:
    """Raises ConfigError that names the field and never its value."""
    try:
        return DeviceSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"])) or "settings"
        raise ConfigError(f"{field}: {first['msg']}", hint="Correct the named field; docs/guide/approvals.md lists them") from None


FindTarget = Callable[[str, TargetKind], ResponseTarget]
"""The registered target with its secrets, as `TargetStore.usable`."""


class Devices:
    """Posts `haetae.action/1` to what is registered. Only a target that says so is sent anything twice."""

    def __init__(
        self,
        find: FindTarget,
        reach: Reach,
        occurrence: Callable[[UUID], Occurrence | None],
        approved_by: Callable[[UUID], Sequence[str]],
        *,
        site: str,
        console_url: str,
    ) -> None:
        """`occurrence` reads an event, `approved_by` the names of who approved of an action; both may wait for the database."""
        self._find = find
        self._reach = reach
        self._occurrence = occurrence
        self._approved_by = approved_by
        self._site = site
        self._console_url = console_url

    async def repeatable(self, action: Action) -> bool:
        try:
            return (await self._target(action))[1].idempotent
        except (NotFound, ConfigError):
            # It may have been reached before it was taken away.
            return False

    async def run(self, run: Run) -> Outcome:
        action = run.action
        target, settings = await self._target(action)
        occurrence = await asyncio.to_thread(self._occurrence, action.event_id)
        if occurrence is None:
            return failed("the event is gone", target=target.id)
        people = await asyncio.to_thread(self._approved_by, action.id)
        body = action_body(action, target, occurrence, site=self._site, console_url=self._console_url, approved_by=people)
        post = Post(settings, self._reach)
        try:
            receipt = await post.send(body, key=action.idempotency_key, headers={"X-Haetae-Action": action.kind.value})
        except DeliveryError as error:
            return _refused(action, target, settings, error)
        finally:
            await post.close()
        return done(target=target.id, **_answer(receipt.answer))

    async def _target(self, action: Action) -> tuple[ResponseTarget, DeviceSettings]:
        target = await asyncio.to_thread(self._find, action.planned.target, TARGETS[action.kind])
        return target, device_settings(dict(target.settings))


def _refused(action: Action, target: ResponseTarget, settings: DeviceSettings, error: DeliveryError) -> Outcome:
    result = {"reason": str(error), "target": target.id, **_answer(error.answer)}
    # What was never on its way is not done, whatever the other side knows again.
    again = settings.idempotent or not (error.uncertain or error.answer)
    if again and not error.permanent and action.attempts < MOST_TRIES:
        wait_s = error.retry_after_s or min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** (action.attempts - 1))
        return Outcome(ActionState.RUNNING, result, again_s=wait_s, retry=True)
    if error.uncertain:
        return unknown(**result)
    return Outcome(ActionState.FAILED, result)


def _answer(words: str) -> dict[str, Any]:
    """The status by itself, beside what the other side said."""
    status = words[:3]
    return {"status": int(status), "answer": words} if status.isascii() and status.isdigit() else {}
