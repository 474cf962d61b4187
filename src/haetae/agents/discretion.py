"""Whoever sees an event need not see the other cameras of the site, nor know of them: what models write names none."""

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from haetae.agents.actions import SHAPES
from haetae.agents.catalogue import Catalogue
from haetae.agents.playbook import Bounds
from haetae.agents.situation import Situation
from haetae.domain.plan import ActionKind, PlannedAction, PlannedBy, ResponsePlan

_INSTEAD: Final[Mapping[str, str]] = MappingProxyType({"en": "another camera", "ko": "다른 카메라"})
_SHORTEST = 2
"""A single letter or digit tells nothing, and would take words apart."""


class Discretion:
    """For one incident. Immutable."""

    def __init__(self, situation: Situation, catalogue: Catalogue, language: str) -> None:
        own = str(situation.camera_id)
        self._instead = _INSTEAD.get(language, _INSTEAD["en"])
        cameras = catalogue.targets.get(SHAPES[ActionKind.LINK_CAMERAS].target, ())
        others = {word.casefold() for each in cameras if each.id != own for word in (each.id, each.name)}
        self._kept = {own.casefold(), situation.camera.casefold()}
        words = {word for word in others | self._kept if len(word) >= _SHORTEST}
        # The longest first: of "Gate" and "Gate 2" the one that is written is meant.
        found = "|".join(map(_whole, sorted(words, key=lambda word: (-len(word), word))))
        self._pattern = re.compile(rf"(?:\bthe\s+)?({found})", re.IGNORECASE) if others - self._kept and words else None

    def text(self, text: str) -> str:
        """The text without the names and ids of other cameras. Two cameras of one name are both the event's own."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: match[0] if match[1].casefold() in self._kept else self._instead, text)

    def plan(self, plan: ResponsePlan, bounds: Bounds) -> ResponsePlan:
        """The plan with what models wrote made so; the playbook's own words stay as they are."""
        own = {action.key: action for action in (*bounds.may, *bounds.must)}

        def action(each: PlannedAction) -> PlannedAction:
            by_playbook = own.get(each.key)
            text, reason = (by_playbook.text, by_playbook.reason) if by_playbook is not None else ("", "")
            return replace(
                each,
                text=each.text if each.text == text else self.text(each.text),
                reason=each.reason if each.reason == reason else self.text(each.reason),
            )

        return replace(
            plan,
            actions=tuple(map(action, plan.actions)),
            disputed=tuple(map(action, plan.disputed)),
            refused=tuple((action(each), reason) for each, reason in plan.refused),
            fallback=self.text(plan.fallback),
            summary=plan.summary if plan.planned_by is PlannedBy.PLAYBOOK else self.text(plan.summary),
        )


def _whole(word: str) -> str:
    """Not within another word; after Korean and other letters anything may follow, as particles do."""
    begin = r"(?<![a-z0-9])" if word[0].isascii() and word[0].isalnum() else ""
    end = r"(?![a-z0-9])" if word[-1].isascii() and word[-1].isalnum() else ""
    return f"{begin}{re.escape(word)}{end}"
