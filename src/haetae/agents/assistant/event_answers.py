"""Answers about events and what was done about them, from the tools in a closed vocabulary."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from haetae.agents.assistant.records import ActionRecord, EventRecord
from haetae.agents.assistant.report_text import event_line
from haetae.agents.assistant.shown import length, minute
from haetae.agents.assistant.tools import Tools
from haetae.agents.assistant.words import ACTION_STATES, TEXTS, VERDICTS
from haetae.domain.event import EventStatus
from haetae.domain.plan import ActionState

NAMED = 20
_PLAIN = frozenset({ActionState.EXPIRED, ActionState.REJECTED})
"""States that need no reason beside them."""


class EventAnswers:
    """For one question. `cited` are the events in the order in which the text marks them. Waits for the database."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._language = tools.language
        self._texts = TEXTS[tools.language]
        self._cited: list[EventRecord] = []

    def _event(self, event_id: UUID) -> list[str]:
        event, _ = self._tools.event(event_id)
        if event is None:
            return [self._say("no_event")]
        words, language = self._tools.words, self._language
        lasted = self._say("event_lasts") if event.status is EventStatus.OPEN else ""
        if event.duration_s is not None:
            lasted = self._say("event_lasted", lasted=length(event.duration_s, language))
        lines = [
            self._say(
                "event",
                type=words.type(event.type, language),
                place=event.camera or self._say("place_gone"),
                severity=words.severities[language][event.severity.value],
                began=minute(event.began_at, self._tools.zone),
                lasted=lasted,
                mark=self._mark(event),
            ),
            self._say("event_score", score=round(event.score, 2)),
        ]
        if event.verdict is not None:
            lines.append(self._say("event_verdict", verdict=VERDICTS[language][event.verdict.value]))
        lines.append(self._say("event_seen" if event.acknowledged else "event_unseen"))
        if event.review.value != "new":
            lines.append(self._say("event_review", review=words.reviews[language][event.review.value]))
        if event.description:
            lines.append(self._say("event_description", description=one_line(event.description)))
        lines += [self._say("event_fact", fact=one_line(fact)) for fact in event.facts]
        if event.actions:
            lines.append(self._say("event_actions", actions=", ".join(map(one_line, event.actions))))
        return lines

    def _response(self, event_id: UUID) -> list[str]:
        event, response, _ = self._tools.response(event_id)
        if event is None:
            return [self._say("no_event")]
        lines = [self._row(event)]
        for each in response.actions[:NAMED]:
            action = self._tools.words.actions[self._language].get(each.kind, each.kind)
            target = f" ({one_line(each.target)})" if each.target else ""
            state = ACTION_STATES[self._language][each.state]
            lines.append(self._say("action", action=action, target=target, state=state, why=_why(each)))
        if not response.actions:
            lines.append(self._say("to_plan" if response.waits else "nothing_done"))
        if response.review:
            lines.append(self._say("must_look", why=one_line(response.review)))
        return lines

    def _actions(self, found: Sequence[tuple[ActionRecord, EventRecord]]) -> list[str]:
        """Actions with what they are about, one on a line."""
        words = self._tools.words.actions[self._language]
        return [
            self._say(
                "acted",
                began=self._minute(event.began_at),
                place=event.camera or self._say("place_gone"),
                action=words.get(action.kind, action.kind),
                target=f" ({one_line(action.target)})" if action.target else "",
                state=ACTION_STATES[self._language][action.state],
                why=_why(action),
                mark=self._mark(event),
            )
            for action, event in found
        ]

    def _row(self, event: EventRecord) -> str:
        return event_line(event, self._tools.words, self._tools.zone, self._language, self._mark(event))

    def _mark(self, event: EventRecord) -> str:
        self._cited.append(event)
        return f"[{len(self._cited)}]"

    def _minute(self, at: datetime) -> str:
        return minute(at, self._tools.zone)

    def _say(self, key: str, **values: object) -> str:
        return self._texts[key].format(**values)


def _why(action: ActionRecord) -> str:
    """What the state does not say already."""
    return f": {one_line(action.why)}" if action.why and action.state not in _PLAIN else ""


def one_line(text: str) -> str:
    return " ".join(text.split())
