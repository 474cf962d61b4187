"""Writes what a person could say when calling for help. Nobody is called: that is for people."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from haetae.domain.action import Action, Outcome
from haetae.domain.delivery import Occurrence
from haetae.domain.schedule import find_time_zone
from haetae.notifications.words import SEVERITIES, TYPES, word_of
from haetae.pipeline.acting.base import Run, done, failed

_FORMS = {
    "en": "This is {site}. Camera {camera} recorded at {time} ({zone}): {type}, severity {severity}. {said} A person must check this.",
    "ko": "{site}입니다. 카메라 {camera}에서 {time}({zone})에 기록: {type}, 심각도 {severity}. {said} 사람이 직접 확인해야 합니다.",
}


class DraftCall:
    """The draft is the action's result, for whoever approved of it to read out. Repeatable: it is only words."""

    def __init__(self, occurrence: Callable[[UUID], Occurrence | None], *, site: str, language: str, time_zone: str) -> None:
        self._occurrence = occurrence
        self._site = site
        self._language = language if language in _FORMS else "en"
        self._time_zone = time_zone

    async def repeatable(self, action: Action) -> bool:  # noqa: ARG002
        return True

    async def run(self, run: Run) -> Outcome:
        occurrence = await asyncio.to_thread(self._occurrence, run.action.event_id)
        if occurrence is None:
            return failed("the event is gone")
        event, zone = occurrence.event, find_time_zone(self._time_zone)
        said = " ".join(f"{event.vlm_description or event.detail} {run.action.planned.text}".split())
        draft = _FORMS[self._language].format(
            site=self._site,
            camera=occurrence.camera_name or "-",
            time=f"{event.timestamp.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            zone=zone.key,
            type=word_of(TYPES, self._language, event.shown_type),
            severity=SEVERITIES[self._language][event.severity.value],
            said=said,
        )
        return done(draft=draft, called="nobody")
