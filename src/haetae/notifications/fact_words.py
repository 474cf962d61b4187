"""Measured facts as sentences, in English and Korean."""

from typing import Final

from haetae.domain.fact import Fact, FactKind

_NAMES: Final[dict[str, dict[FactKind, str]]] = {
    "en": {
        FactKind.SPEED: "Speed",
        FactKind.DIRECTION: "Direction of movement",
        FactKind.SIZE: "Size",
        FactKind.PLACE: "Presence at this place",
        FactKind.DWELL: "Time that something new stays",
        FactKind.APPEARANCE: "Appearance",
        FactKind.SCENE_CHANGE: "Scene change",
        FactKind.SCORE: "Score",
        FactKind.DURATION: "Duration",
        FactKind.COUNT: "Moving at the same time",
        FactKind.CLASS: "Detected",
        FactKind.ZONE: "Time in the zone",
        FactKind.PATH: "Length of the path",
        FactKind.POSTURE_RATIO: "Height to width",
        FactKind.FLOW: "Flow",
        FactKind.FLICKER: "Flicker",
        FactKind.HYPOTHESIS: "Suspicion by rule",
    },
    "ko": {
        FactKind.SPEED: "속도",
        FactKind.DIRECTION: "움직인 방향",
        FactKind.SIZE: "크기",
        FactKind.PLACE: "이 자리에 있음",
        FactKind.DWELL: "새로운 것이 머문 시간",
        FactKind.APPEARANCE: "생김새",
        FactKind.SCENE_CHANGE: "장면 변화",
        FactKind.SCORE: "점수",
        FactKind.DURATION: "지속 시간",
        FactKind.COUNT: "동시에 움직인 수",
        FactKind.CLASS: "탐지",
        FactKind.ZONE: "구역에 머문 시간",
        FactKind.PATH: "이동 거리",
        FactKind.POSTURE_RATIO: "세로/가로 비",
        FactKind.FLOW: "흐름",
        FactKind.FLICKER: "깜박임",
        FactKind.HYPOTHESIS: "규칙에 따른 의심",
    },
}
_USUAL: Final = {"en": "{what}; usual at most {usual}", "ko": "{what}, 평소 최대 {usual}"}
_RARE: Final = {"en": "{what}; 1 in {times:,} normal occasions", "ko": "{what}, 평상시 {times:,}번 중 1번"}


def fact_sentence(fact: Fact, language: str) -> str:
    """Such as "Speed 142 px/s; usual at most 61 px/s". Every number in it is the fact's own (or its subject's), rounded to three digits."""
    language = language if language in _NAMES else "en"
    name = _NAMES[language][fact.kind] + (f" {fact.subject}" if fact.subject else "")
    what = f"{name} {_quantity(fact.value, fact.unit)}"
    if fact.usual is not None:
        return _USUAL[language].format(what=what, usual=_quantity(fact.usual, fact.unit))
    if fact.rarity is not None and 0.0 < fact.rarity < 0.5:
        return _RARE[language].format(what=what, times=round(1.0 / fact.rarity))
    return what


def _quantity(value: float, unit: str) -> str:
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{number} {unit}".strip()
