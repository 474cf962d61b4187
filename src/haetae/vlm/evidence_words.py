"""The closed vocabulary of evidence texts, in English and Korean. Whatever an evidence text says is put together from this page."""

from typing import Final

from haetae.domain.event import EventKind
from haetae.domain.fact import FactKind
from haetae.domain.suspicion import Suspicion

LANGUAGES: Final = ("en", "ko")

LEAD: Final[dict[str, dict[str, str]]] = {
    "en": {
        EventKind.ANOMALY: "Something unusual for this camera.",
        EventKind.TAMPER: "The camera's view was disturbed.",
        "covered": "The camera was covered.",
        "turned": "The camera was turned.",
        "defocused": "The camera's picture lost its focus.",
        "frozen": "The camera's picture stands still.",
        Suspicion.FIRE: "This may be fire or smoke.",
        Suspicion.FALL: "Somebody may have fallen.",
        Suspicion.FIGHT: "This may be a fight.",
        Suspicion.INTRUSION: "Somebody may be where nobody should be.",
        Suspicion.ABANDONED: "Something may have been left behind.",
        Suspicion.RUNNING: "Somebody may be running.",
        Suspicion.WRONG_WAY: "Something may go against the usual direction.",
        Suspicion.LOITERING: "Somebody may be loitering.",
    },
    "ko": {
        EventKind.ANOMALY: "이 카메라에서 평소와 다른 움직임이 있습니다.",
        EventKind.TAMPER: "카메라 화면이 방해를 받았습니다.",
        "covered": "카메라가 가려졌습니다.",
        "turned": "카메라 방향이 바뀌었습니다.",
        "defocused": "카메라 초점이 흐려졌습니다.",
        "frozen": "카메라 화면이 멈췄습니다.",
        Suspicion.FIRE: "화재가 의심됩니다.",
        Suspicion.FALL: "사람이 쓰러진 것으로 의심됩니다.",
        Suspicion.FIGHT: "싸움이 의심됩니다.",
        Suspicion.INTRUSION: "침입이 의심됩니다.",
        Suspicion.ABANDONED: "두고 간 물건이 의심됩니다.",
        Suspicion.RUNNING: "뛰는 사람이 의심됩니다.",
        Suspicion.WRONG_WAY: "역방향 이동이 의심됩니다.",
        Suspicion.LOITERING: "배회가 의심됩니다.",
    },
}
"""By subtype, else by kind."""

MEASURED: Final[dict[str, dict[FactKind, str]]] = {
    "en": {
        FactKind.COUNT: "{value} {unit} moving at the same time",
        FactKind.CLASS: "{value} × {subject} detected",
        FactKind.SPEED: "Movement at {value} {unit}",
        FactKind.DIRECTION: "Movement in an unusual direction, {value} {unit}",
        FactKind.SIZE: "Size of what moved: {value} {unit}",
        FactKind.PLACE: "Movement at a place where there is little: {value} {unit}",
        FactKind.ZONE: "{value} {unit} in the zone {subject}",
        FactKind.PATH: "A path of {value} {unit}",
        FactKind.DWELL: "Something new stayed for {value} {unit}",
        FactKind.POSTURE_RATIO: "Height to width of a body: {value} {unit}",
        FactKind.APPEARANCE: "An unusual look of the picture: {value} {unit}",
        FactKind.FLOW: "Flow of movement: {value} {unit}",
        FactKind.FLICKER: "Flicker at {value} {unit}",
        FactKind.SCENE_CHANGE: "Change of the whole scene: {value} {unit}",
        FactKind.SCORE: "Highest score {value} {unit}",
        FactKind.DURATION: "It lasted {value} {unit}",
        FactKind.HYPOTHESIS: "The rule {subject} suspects this with a strength of {value}; nobody has verified it",
    },
    "ko": {
        FactKind.COUNT: "동시에 움직인 대상 {value}{unit}",
        FactKind.CLASS: "{subject} {value}개 탐지",
        FactKind.SPEED: "움직임 속도 {value} {unit}",
        FactKind.DIRECTION: "평소와 다른 방향의 움직임, {value}{unit}",
        FactKind.SIZE: "움직인 대상의 크기 {value} {unit}",
        FactKind.PLACE: "평소 드문 자리의 움직임, {value} {unit}",
        FactKind.ZONE: "{subject} 구역에 {value} {unit} 머묾",
        FactKind.PATH: "이동 거리 {value} {unit}",
        FactKind.DWELL: "새로운 것이 {value} {unit} 동안 머묾",
        FactKind.POSTURE_RATIO: "몸의 세로/가로 비 {value} {unit}",
        FactKind.APPEARANCE: "평소와 다른 화면 모습, {value} {unit}",
        FactKind.FLOW: "움직임의 흐름 {value} {unit}",
        FactKind.FLICKER: "깜박임 {value} {unit}",
        FactKind.SCENE_CHANGE: "장면 전체의 변화 {value} {unit}",
        FactKind.SCORE: "최고 점수 {value} {unit}",
        FactKind.DURATION: "지속 시간 {value} {unit}",
        FactKind.HYPOTHESIS: "규칙 {subject}의 의심, 강도 {value}, 확인되지 않음",
    },
}

USUAL: Final = {"en": "usually at most {usual} {unit} here", "ko": "이곳의 평소 최대 {usual} {unit}"}
RARE: Final = {"en": "1 in {times} normal occasions reaches that", "ko": "평상시 {times}번 중 1번 있는 일"}

UNITS: Final[dict[str, dict[str, str]]] = {
    "en": {"": "", "objects": "objects"},
    "ko": {
        "s": "초",
        "objects": "개",
        "% of the picture": "% (화면 대비)",
        "% of the detail": "% (세밀함 대비)",
        "h between visits": "시간에 한 번꼴",
        "h between visits at this hour": "시간에 한 번꼴(이 시간대)",
        "grey levels": "밝기 단계",
        "width/height": "(가로/세로)",
        "cosine distance": "(코사인 거리)",
        "body heights/s": "키/초",
        "body heights": "키",
        "px/s": "픽셀/초",
    },
}
"""Units that are no sign of measurement; whatever is not here stays as the fact has it."""

NOTHING_MEASURED: Final = {"en": "Nothing about it was measured.", "ko": "측정된 값이 없습니다."}
