"""The words of notices in English and Korean, and Korean particles."""

from typing import Final

LANGUAGES: Final = ("en", "ko")

SEVERITIES: Final[dict[str, dict[str, str]]] = {
    "en": {"low": "low", "medium": "medium", "high": "high", "critical": "critical"},
    "ko": {"low": "낮음", "medium": "보통", "high": "높음", "critical": "심각"},
}

TYPES: Final[dict[str, dict[str, str]]] = {
    "en": {
        "anomaly": "Unusual activity",
        "tamper": "Camera tampered with",
        "system": "System event",
        "covered": "Camera covered",
        "turned": "Camera turned away",
        "defocused": "Camera out of focus",
        "frozen": "Picture frozen",
        "possible_fire": "Possible fire",
        "possible_fall": "Possible fall",
        "possible_fight": "Possible fight",
        "possible_intrusion": "Possible intrusion",
        "possible_abandoned_object": "Possible abandoned object",
        "possible_running": "Possible running",
        "possible_wrong_way": "Possible wrong way",
        "possible_loitering": "Possible loitering",
        "camera_offline": "Camera offline",
        "storage_full": "Disk full, recording stopped",
        "storage_low": "Disk fills early",
        "database_away": "Database away",
        "learning_finished": "Learning finished",
        "vlm_away": "VLM unavailable",
        "action_unknown": "Look whether it was done",
        "approval_needed": "Approval needed",
        "Fighting": "Fighting",
        "Arson": "Fire or smoke",
        "Explosion": "Explosion",
        "Road_Accident": "Road accident",
        "Suspicious_Object": "Suspicious object",
        "Falling": "Person fell",
        "Turnstile_Jumping": "Turnstile jumping",
        "Wildlife_Intrusion": "Wild animal",
        "Intrusion": "Intrusion",
        "Assault": "Assault",
        "Loitering": "Loitering",
        "Theft": "Theft",
        "Vandalism": "Vandalism",
        "Weapon": "Weapon",
        "Crowd_Panic": "Crowd panic",
        "Camera_Tamper": "Camera tampered with",
        "Other_Anomaly": "Other unusual activity",
    },
    "ko": {
        "anomaly": "이상 움직임",
        "tamper": "카메라 훼손",
        "system": "시스템 이벤트",
        "covered": "카메라 가려짐",
        "turned": "카메라 방향 바뀜",
        "defocused": "카메라 초점 흐림",
        "frozen": "화면 정지",
        "possible_fire": "화재 의심",
        "possible_fall": "쓰러짐 의심",
        "possible_fight": "싸움 의심",
        "possible_intrusion": "침입 의심",
        "possible_abandoned_object": "방치된 물건 의심",
        "possible_running": "뛰는 사람 의심",
        "possible_wrong_way": "역주행 의심",
        "possible_loitering": "배회 의심",
        "camera_offline": "카메라 연결 끊김",
        "storage_full": "디스크 가득 참, 녹화 중단",
        "storage_low": "디스크가 곧 참",
        "database_away": "데이터베이스 연결 끊김",
        "learning_finished": "학습 끝남",
        "vlm_away": "VLM 사용 불가",
        "action_unknown": "조치 실행 여부 확인 필요",
        "approval_needed": "승인 필요",
        "Fighting": "싸움",
        "Arson": "불 또는 연기",
        "Explosion": "폭발",
        "Road_Accident": "교통사고",
        "Suspicious_Object": "수상한 물건",
        "Falling": "사람 쓰러짐",
        "Turnstile_Jumping": "개찰구 넘기",
        "Wildlife_Intrusion": "야생 동물",
        "Intrusion": "침입",
        "Assault": "폭행",
        "Loitering": "배회",
        "Theft": "절도",
        "Vandalism": "기물 파손",
        "Weapon": "무기",
        "Crowd_Panic": "군중 혼란",
        "Camera_Tamper": "카메라 훼손",
        "Other_Anomaly": "그 밖의 이상",
    },
}

REVIEWS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "new": "new",
        "in_progress": "in progress",
        "resolved": "resolved",
        "false_alarm": "a false alarm",
        "normal": "normal here",
    },
    "ko": {"new": "새 이벤트", "in_progress": "처리 중", "resolved": "해결됨", "false_alarm": "오경보", "normal": "이곳에서는 평소 일"},
}

ACTIONS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "bookmark_clip": "keep the clip",
        "extend_recording": "record for longer",
        "raise_priority": "raise the priority",
        "add_note": "add a note",
        "link_cameras": "link another camera",
        "snapshot": "keep a picture",
        "notify": "tell a group",
        "escalate": "tell the next step",
        "ptz_preset": "turn the camera",
        "call_webhook": "call a webhook",
        "open_ticket": "open a ticket",
        "siren": "sound the siren",
        "door_lock": "lock the door",
        "announce": "make an announcement",
        "emergency_call_draft": "draft an emergency call",
    },
    "ko": {
        "bookmark_clip": "클립 보존",
        "extend_recording": "녹화 연장",
        "raise_priority": "우선순위 올리기",
        "add_note": "메모 추가",
        "link_cameras": "다른 카메라 연결",
        "snapshot": "사진 보존",
        "notify": "그룹에 알림",
        "escalate": "다음 단계에 알림",
        "ptz_preset": "카메라 돌리기",
        "call_webhook": "웹훅 호출",
        "open_ticket": "티켓 열기",
        "siren": "사이렌 울리기",
        "door_lock": "문 잠그기",
        "announce": "안내 방송",
        "emergency_call_draft": "긴급 신고 초안 작성",
    },
}
"""What an action does."""

TEXTS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "alert_title": "{type}: {camera}",
        "alert_title_site": "{type}",
        "update_title": "Update: {type}: {camera}",
        "escalation_title": "Nobody answered: {type}: {camera}",
        "digest_title": "{count} events at {site}",
        "test_title": "Test notice from {site}",
        "test_body": "This is a test. Somebody who looks after {site} asked for it; nothing happened.",
        "update_severity": "It became more severe: {severity}.",
        "update_suspicion": "A rule suspects: {type}. Nobody has verified it.",
        "update_verdict": "Judged by the model: {type}.",
        "update_review": "Judged by a person: {review}.",
        "update_ended": "It is over, after {duration}.",
        "update_ended_open": "It is over.",
        "escalation_body": "Nobody has acknowledged this event yet.",
        "response_words": "From the response: {text}",
        "approval_title": "Approve? {action}: {type}: {camera}",
        "approval_body": "Haetae wants to: {action}{target}. It is not done before a person says yes, and never after {expires}.",
        "approval_words": "In these words: {text}",
        "approval_reason": "Why: {reason}",
        "approval_people": "{needed} different people must approve.",
        "approval_link": "Decide here: {url}",
        "approval_code": "Your code: {code}",
        "approval_console": "Decide in the console.",
        "severity": "Severity",
        "began": "Began",
        "camera": "Camera",
        "score": "Score",
        "held": "{count} more like it were held back since the last notice.",
        "held_one": "One more like it was held back since the last notice.",
        "times": "{count} times",
        "more": "and {count} more",
        "open": "Open the event",
        "clip": "Watch the clip",
        "unsubscribe": "No more digests to this address",
        "picture": "Picture of the event",
        "sent_by": "Sent by Haetae at {site}",
        "site": "the site",
    },
    "ko": {
        "alert_title": "{camera}: {type}",
        "alert_title_site": "{type}",
        "update_title": "새 소식 - {camera}: {type}",
        "escalation_title": "응답 없음 - {camera}: {type}",
        "digest_title": "{site} 이벤트 {count}건",
        "test_title": "{site} 시험 알림",
        "test_body": "시험 알림입니다. {site_을} 관리하는 사람이 보냈으며 아무 일도 없었습니다.",
        "update_severity": "심각도가 올랐습니다: {severity}.",
        "update_suspicion": "규칙의 판단: {type}. 아직 확인되지 않았습니다.",
        "update_verdict": "모델의 판단: {type}.",
        "update_review": "사람의 판단: {review}.",
        "update_ended": "{duration} 만에 끝났습니다.",
        "update_ended_open": "끝났습니다.",
        "escalation_body": "아직 아무도 이 이벤트를 확인하지 않았습니다.",
        "response_words": "대응 계획의 말: {text}",
        "approval_title": "승인 요청: {action}: {type}: {camera}",
        "approval_body": "해태가 하려는 일: {action}{target}. 사람이 승인하기 전에는, 그리고 {expires} 이후에는 하지 않습니다.",
        "approval_words": "전할 말: {text}",
        "approval_reason": "이유: {reason}",
        "approval_people": "서로 다른 {needed}명이 승인해야 합니다.",
        "approval_link": "여기에서 결정하세요: {url}",
        "approval_code": "확인 코드: {code}",
        "approval_console": "콘솔에서 결정하세요.",
        "severity": "심각도",
        "began": "시작",
        "camera": "카메라",
        "score": "점수",
        "held": "지난 알림 뒤로 비슷한 알림 {count}건을 보내지 않고 모았습니다.",
        "held_one": "지난 알림 뒤로 비슷한 알림 1건을 보내지 않고 모았습니다.",
        "times": "{count}번",
        "more": "외 {count}건",
        "open": "이벤트 열기",
        "clip": "영상 보기",
        "unsubscribe": "이 주소로 요약 알림 그만 받기",
        "picture": "이벤트 사진",
        "sent_by": "{site}의 해태가 보냈습니다",
        "site": "사이트",
    },
}

_PAIRS: Final = {"을": ("을", "를"), "이": ("이", "가"), "은": ("은", "는"), "과": ("과", "와")}
# Whether the Korean reading of a digit or a Latin letter ends in a consonant: 영 일 이 삼 사 오 육 칠 팔 구; 엘 엠 엔 알.
_FINAL_DIGITS: Final = "013678"
_FINAL_LETTERS: Final = "lmnr"


def particle(word: str, kind: str) -> str:
    """`word` with the particle of its pair (을/를, 이/가, 은/는, 과/와, named by the first) that its last sound wants."""
    with_final, without = _PAIRS[kind]
    return word + (with_final if _ends_in_consonant(word) else without)


def word_of(words: dict[str, dict[str, str]], language: str, key: str) -> str:
    """The word for a key; what has none (a type that somebody's own model made up) is shown as it is, underscores as blanks."""
    return words[language].get(key) or key.replace("_", " ")


def _ends_in_consonant(word: str) -> bool:
    last = next((sign for sign in reversed(word) if sign.isalnum()), "")
    if "가" <= last <= "힣":
        return (ord(last) - ord("가")) % 28 != 0
    return last != "" and (last in _FINAL_DIGITS or last.lower() in _FINAL_LETTERS)
