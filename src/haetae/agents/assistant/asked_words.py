"""By which words a parsed question is recognised, in English and Korean. Patterns are for lower-case text."""

import re
from typing import Final

from haetae.domain.event import Review, Severity, Verdict


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


ACT: Final = _any(
    r"\b(?:sound|trigger|activate|set off|switch on|turn on|ring)\b.*\b(?:siren|alarm|lights?)\b",
    r"\b(?:un)?lock\b.*\bdoors?\b|\bopen\b.*\b(?:door|gate|barrier)s?\b",
    r"\bcall\b.*\b(?:police|ambulance|fire brigade|911|112|119)\b",
    r"\b(?:delete|remove|erase|disable|restart|reboot|stop|start|change|acknowledge|silence|mute|add|create)\s+(?:the\s+|all\s+|this\s+|an?\s+)?"
    r"(?:\w+\s+)?(?:events?|cameras?|rules?|users?|recordings?|clips?|alarms?|notices?)\b",
    r"사이렌\S*\s*(?:울려|켜|작동|틀어)|경찰.*(?:불러|신고)|(?:119|112).*(?:신고|불러)|문\s*(?:을\s*)?(?:열어|잠가|잠궈)",
    r"(?:삭제|지워|꺼\s*줘|켜\s*줘|재시작|중지|추가|변경|확인\s*처리)\s*(?:해|하|줘|시켜)?",
)
"""What only people do."""

DONE: Final = _any(
    r"\bwhat (?:was|were|has been|have been|is being) done\b|\bwhat did (?:you|we|haetae|the system) do\b",
    r"\b(?:actions?|measures?|steps?) (?:were |was )?taken\b|\bwhich (?:actions|measures)\b",
    r"\bhow (?:was|were) .{1,60} (?:handled|responded to)\b",
    r"(?:무슨|어떤|무엇을|뭘)\s*(?:조치|대응|대처)|(?:조치|대응|대처)\S*\s*(?:뭐|무엇|했|취했|내역|결과|현황)",
)
"""What was done about something."""

_PAST: Final = r"(?:^|\b)(?:did|was|were|has|have|had|when|who|how often|is|are)\b.*"
ACTED: Final = {
    ("siren",): _any(rf"{_PAST}\bsirens?\b", r"사이렌\S*\s*(?:울[렸린]|켰|켜[졌진]|작동[했됐한된]|나갔)"),
    ("door_lock",): _any(rf"{_PAST}\bdoors?\b.*\blocked\b|{_PAST}\block(?:ed)?\b.*\bdoors?\b", r"문\S*\s*(?:잠[갔겼긴]|잠금\s*(?:됐|했))"),
    ("announce",): _any(rf"{_PAST}\bannounce", r"(?:안내|경고)?\s*방송\S*\s*(?:했|나갔|나왔|됐|한\s*적)"),
    ("notify", "escalate"): _any(
        rf"{_PAST}\b(?:notified|informed|escalated)\b|{_PAST}\b(?:message|notice|notification)s?\b.*\bsent\b",
        r"(?:알림|통보|연락)\S*\s*(?:보냈|갔|받았|했어|발송)|누구(?:에게|한테)\s*(?:알렸|연락|통보)",
    ),
    ("call_webhook", "open_ticket"): _any(rf"{_PAST}\b(?:webhooks?|tickets?)\b", r"(?:웹훅|티켓)\S*\s*(?:호출|열[렸었]|만들었|보냈)"),
    ("siren", "door_lock", "announce", "emergency_call_draft"): _any(rf"{_PAST}\bapproved\b", r"승인(?:된|했|한|받은|됐|하였)"),
    ("ptz_preset",): _any(rf"{_PAST}\bpresets?\b", r"프리셋\S*\s*(?:이동|움직)"),
}
"""Whether something was done, by the kinds of actions that it is."""

APPROVALS: Final = _any(
    r"\bapprovals?\b|\bto approve\b|\bapprove\b.*\?|\bwait(?:s|ing) for (?:me|an? answer|a decision|permission)\b",
    r"승인\s*(?:대기|요청|필요|할|해야|기다|건|현황|목록)|결재\s*(?:대기|할)",
)
"""What waits for a person's approval."""

OVERVIEW: Final = _any(
    r"\b(?:is|are) (?:everything|all|things|the site|it|we)(?: all)? (?:ok(?:ay)?|all ?right|fine|normal|quiet|good|well|working|calm)\b",
    r"\bhow (?:is|are|'s) (?:it|things|everything|the site)\b|\bhow'?s it\b",
    r"\bwhat(?:'s| is) (?:up|the (?:status|situation|state))(?! of\b)",
    r"\bany (?:problems?|issues?|trouble)\b|\ball (?:clear|quiet|good)\b|^status\W*$|\boverview\b",
    r"(?:모두|다|전부|전체(?:적으로)?)\s*(?:정상|괜찮|문제\s*없|이상\s*없)|이상\s*(?:없|무)|문제\s*(?:없|있)",
    r"(?:녹화|감시)\S*\s*(?:잘|정상|되고|되나|중)",
    r"(?:상황|현황)(?:이|은|을)?\s*(?:어때|어떤가|어떻|알려|보고|\?|$)|^별일\s*없",
)
"""How things are altogether."""

COMPARE: Final = _any(
    r"\bcompare[ds]?\b|\bversus\b|\bvs\b|\b(?:more|fewer|less|busier|quieter)\b.*\bthan\b",
    r"비교|대비|보다\s[^?]{0,20}(?:많|적|늘|줄|조용|바[빴쁘])|보다\s*(?:많|적|늘|줄|조용|바[빴쁘])",
)
AND: Final = re.compile(r"\b(?:with|to|and|versus|vs|than|against)\b\.?|(?:이랑|랑|하고|과|와|보다|대비)\s|,")
"""Stands between what is compared."""

EVER: Final = _any(r"\bever\b|\bat any time\b|\bso far\b", r"적\s*(?:이|은)?\s*(?:있|없)|지금까지|그동안")
ONE: Final = _any(
    r"\b(?:when|what time) (?:was|did|is)\b.*\b(?:last|latest|most recent)\b",
    r"\b(?:last|latest|most recent) (?:event|alarm|alert|incident|one|time)\b",
    r"마지막|(?:가장|제일)\s*최근|최근\S*\s*언제|방금",
)
"""The newest one, of all times."""

HELP: Final = _any(
    r"^\W*(?:hi|hello|hey|thanks?|thank you|bye|good (?:morning|afternoon|evening|night))\b\W*(?:there|all|very much|so much)?\W*$",
    r"^\W*(?:안녕|반갑|고마|고맙|감사|수고)\S*\W*$",
    r"\bhelp\b|\bwhat can (?:you|i)\b|\bhow do i ask\b",
    r"도움말|도와|뭘?\s*(?:할\s*수|물어)|무엇을\s*(?:할|물어)|사용법",
)
REPORT: Final = _any(
    r"\breports?\b|\bhand-?over\b|\bshift\b|\bsummar|\bbrief(?:ing)?\b|\bfill me in\b|\bcatch me up\b",
    r"보고서?|인수인계|교대|근무\s*(?:일지|보고|요약)|(?:지난|이전|앞)\s*근무|요약|정리해|브리핑",
)
OFFLINE: Final = _any(
    r"\b(?:off-?line|down|disconnected|not (?:working|watching|connected|running)|lost|dead|broken|failed|unavailable|away)\b",
    r"오프라인|끊[긴기겼어]|꺼[진졌져]|안\s*(?:나오|되|보이|잡히)|고장|먹통|작동\s*(?:안|하지)|동작\s*(?:안|하지)|연결\s*안",
)
WAS: Final = _any(r"\b(?:was|were|has been|have been|did|went)\b|\bhow (?:long|often|many times)\b", r"[였었했졌겼]|얼마나|몇\s*번")
CAMERA: Final = _any(r"\bcam(?:era)?s?\b", r"카메라|캠|화면")
STATE: Final = _any(
    r"\b(?:status|state|working|watching|recording|running|online|healthy|ok(?:ay)?|all right|list|which|names?)\b",
    r"상태|작동|동작|목록|어떤|어느|이름|괜찮|정상|잘\s*(?:나[오와]|보[이여]|되|돼|돌아|찍)|어때|연결\s*(?:됐|되어|돼)|켜져",
)
HOW_MANY: Final = _any(
    r"\bhow (?:many|often)\b|\b(?:number|count|amount|total) of\b|\bcount\b|\btotal\b",
    r"몇\s*(?:건|번|개|차례|회|가지|대)|건수|횟수|얼마나\s*많|총\s*몇|개수|수는",
)
EACH: Final = {
    "camera": _any(
        r"\b(?:per|by|each|every|which) cameras?\b|\bmost (?:active|events)\b|\bbusiest (?!hour|time|day)",
        r"카메라별|카메라마다|어[느떤] 카메라|가장 많은",
        r"카메라(?:가|에서|는)?\s[^?]{0,16}(?:가장|제일)\s*많|(?:가장|제일)\s*많이?\s[^?]{0,16}카메라",
    ),
    "type": _any(r"\b(?:per|by|each|every|which|what) (?:type|kind)s?\b", r"유형별|종류별|유형마다|어떤 (?:유형|종류)"),
    "severity": _any(r"\b(?:per|by|each|every) severit(?:y|ies)\b", r"심각도별|등급별"),
    "hour": _any(
        r"\b(?:per|by|each|every) hours?\b|\bhourly\b|\b(?:busiest|quietest|calmest) (?:hour|time)s?\b",
        r"\bwhat (?:time|hour)\b.*\b(?:most|busiest)\b",
        r"시간대?별|시간마다|시간대|몇\s*시에\s*(?:가장|제일)",
    ),
    "day": _any(r"\b(?:per|by|each|every) days?\b|\bdaily\b", r"날짜별|일별|요일별|매일"),
}
LONGEST: Final = _any(r"\blong(?:est|er)\b|\blasted (?:the )?longest\b", r"가장\s*(?:길|긴|오래)|제일\s*(?:길|긴|오래)|최장")
MOST_SEVERE: Final = _any(
    r"\b(?:most (?:severe|serious|important|critical|urgent|dangerous)|worst|gravest|top)\b",
    r"(?:가장|제일)\s*(?:심각|위험|중요|심한|급한|큰)|최악",
)
HIGHEST: Final = _any(
    r"\bhighest scor|\bmost (?:unusual|abnormal|anomalous)\b|\bstrangest\b",
    r"(?:가장|제일)\s*(?:이상|높은\s*점수|특이)|점수가\s*(?:가장|제일)",
)
NEWEST: Final = _any(
    r"\b(?:last|latest|newest|most recent)\s+(?:event|alarm|alert|incident)s?\b",
    r"(?:마지막|최신|가장\s*최근|제일\s*최근|최근)\s*(?:이벤트|사건|알림|경보)",
)
UNSEEN: Final = _any(
    r"\b(?:un(?:acknowledged|seen|read|answered|reviewed|handled)|pending|nobody|outstanding)\b",
    r"\bnot (?:yet )?(?:been )?(?:acknowledged|seen|reviewed|handled)\b",
    r"\b(?:still|need|have|left|remaining)\b.*\bto (?:be )?(?:look|see|check|review|acknowledge|handle|answer|do)",
    r"(?:봐야|확인해야|처리해야|확인할|처리할)\s*(?:할|하는|될)?|미확인|미처리|확인\s*(?:안|하지|되지|못)|처리\s*(?:안|하지|되지|못)|안\s*본",
)
SEEN: Final = _any(r"\backnowledged\b|\bsomebody (?:has )?seen\b", r"(?<!미)확인(?:된|한|했던)|처리(?:된|한|했던)")
REVIEWS: Final = {
    Review.FALSE_ALARM: _any(
        r"\bfalse (?:alarms?|positives?|alerts?)\b|\bnuisance\b", r"오경보|오탐|오알람|허위\s*(?:경보|알람)|잘못\s*울[린렸]"
    ),
    Review.RESOLVED: _any(r"\bresolved\b", r"해결(?:된|한|됐)"),
}
VERDICTS: Final = {
    Verdict.UNVERIFIED: _any(r"\bun(?:verified|confirmed)\b|\bnot (?:verified|confirmed)\b", r"검증\s*(?:안|되지|못)|미검증"),
    Verdict.CONFIRMED: _any(r"\b(?:confirmed|verified)\b", r"검증된|확정된"),
    Verdict.REJECTED: _any(r"\brejected\b", r"기각"),
}
"""The first that fits counts."""

LOCKED: Final = _any(r"\b(?:locked|bookmarked|protected)\b", r"잠긴|잠금\s*(?:된|된것)|북마크|보존(?:된|한|중)")
GOING_ON: Final = _any(r"\b(?:going on|happening|ongoing|right now|currently)\b", r"진행\s*중|지금|현재")
STATISTICS: Final = _any(r"\bstatistics?\b|\bstats?\b|\bup-?time\b|\bfigures\b|\bhow (?:well|good)\b", r"통계|가동|업타임|수치")
SHOW: Final = _any(
    r"\bhappen(?:ed|ing|s)?\b|\bevents?\b|\bincidents?\b|\balarms?\b|\balerts?\b|\banything\b|\bnews\b|\bgoing on\b|\bshow\b|"
    r"\blist\b|\boccur",
    r"무슨\s*일|어떤\s*일|별일|일이?\s*있|있었|이벤트|사건|사고|알람|경보|알림|보여|알려|발생|상황|특이",
)

SEVERITIES: Final = {
    Severity.CRITICAL: _any(r"\bcritical\b(?! or)|\bemergenc", r"치명|긴급|심각(?!도)"),
    Severity.HIGH: _any(r"\bhigh(?! ?est)(?:ly)?\b|\bserious\b|\bsevere\b", r"높은|높음|중대"),
    Severity.MEDIUM: _any(r"\bmedium\b|\bmoderate\b", r"보통|중간"),
}
"""At least so severe. `low` needs no word: everything is."""

TYPES: Final = {
    ("Fighting", "Assault", "possible_fight"): _any(
        r"\bfight(?:s|ing)?\b|\bbrawls?\b|\bassaults?\b|\bviolence\b", r"싸움|싸우|싸운|다툼|폭행|폭력"
    ),
    ("Arson", "possible_fire"): _any(
        r"\bfires?\b(?! brigade)|\bsmoke\b|\barson\b|\bburning\b|\bflames?\b", r"화재|불이|불길|연기|방화|불\s*[났난]"
    ),
    ("Explosion",): _any(r"\bexplo(?:sions?|ded?)\b|\bblast\b", r"폭발"),
    ("Road_Accident",): _any(r"\b(?:road|traffic|car) accidents?\b|\bcrash(?:es|ed)?\b|\bcollisions?\b", r"교통\s*사고|충돌|추돌"),
    ("Suspicious_Object", "possible_abandoned_object"): _any(
        r"\b(?:suspicious|abandoned|unattended|left) (?:objects?|bags?|packages?|luggage|things?)\b", r"수상한\s*물건|방치된|버려진|유기"
    ),
    ("Falling", "possible_fall"): _any(r"\bf[ae]ll(?:s|ing|en)?\b|\bcollapsed?\b", r"쓰러|넘어[지졌진]|낙상|추락"),
    ("Turnstile_Jumping",): _any(r"\bturnstiles?\b|\bfare (?:evasion|dodg)", r"개찰구|무임\s*승차"),
    ("Wildlife_Intrusion",): _any(r"\bwild ?life\b|\b(?:wild )?animals?\b|\bboars?\b|\bdeer\b", r"야생|동물|멧돼지|고라니"),
    ("Intrusion", "possible_intrusion"): _any(
        r"\bintru(?:sions?|ders?)\b|\btrespass|\bbreak-?ins?\b|\bburglar", r"침입|무단\s*(?:출입|침입)"
    ),
    ("Loitering", "possible_loitering"): _any(r"\bloiter", r"배회|서성"),
    ("Theft",): _any(r"\bthefts?\b|\bst(?:eal|ole|olen|ealing)\b|\brobber|\bshoplift", r"절도|도난|훔[치쳤친]|강도"),
    ("Vandalism",): _any(r"\bvandal|\bgraffiti\b|\bdamaged?\b", r"파손|낙서|기물"),
    ("Weapon",): _any(r"\bweapons?\b|\bguns?\b|\bkni(?:fe|ves)\b", r"무기|흉기|총기|칼을|칼이"),
    ("Crowd_Panic",): _any(r"\bpanic\b|\bstampedes?\b", r"군중|패닉|혼란"),
    ("Camera_Tamper", "tamper", "covered", "turned", "defocused", "frozen"): _any(
        r"\btamper|\bcover(?:ed)?\b|\bturned away\b|\bdefocus|\bfrozen\b|\bsabotag",
        r"훼손|가려[진졌]|가림|방향이?\s*(?:바뀌|틀어)|흐려[진졌]|화면\s*정지",
    ),
    ("camera_offline",): _any(r"\bcamera off-?line events?\b", r"연결\s*끊김\s*(?:이벤트|사건)"),
    ("system", "camera_offline", "storage_full", "storage_low", "database_away", "learning_finished", "vlm_away"): _any(
        r"\bsystem (?:events?|alarms?|alerts?)\b", r"시스템\s*(?:이벤트|알림|경보)"
    ),
}
"""Types as they are shown. A word that none of these is finds events by their texts."""

WORD_FOR_CAMERA: Final = _any(
    r"\bcam(?:era)?\s+(?:called\s+|named\s+)?(?P<after>[\w\-]+(?:\s+\d+)?)",
    r"(?P<before>[\w\-]+)\s+cam(?:era)?\b(?!s)",
    r"\b(?:on|at|from|of|by)\s+(?:the\s+)?(?P<on>[\w\-]+)",
    r"(?P<ko_before>[\w\-]+)\s*카메라(?!별|마다|들)",
    r"(?P<ko_at>[\w\-]+)(?:에서|에선|에서는)(?!\s*\d)",
)
"""Where the name of a camera would stand."""

_OTHER_WORDS: Final = """
a all an and any anything are at be been by camera cameras cam day days did do does each every event events for from had
has have here home how i in is it last long many most much my name named nobody number of off offline old on one or our
out over past present quiet right site so status some somebody statistics stats still that the their them there these
this those time to today tonight type types up us was we week weekend were what when where which who why with work
working yesterday night morning afternoon evening noon midnight daytime shift duty list severity hour hours per kind
kinds online watching running alarm alarms alert alerts incident incidents fire fires fight fights average total score
scores record new report course moment same other another broken dead failed down lost 카메라 카메라들 화면 어떤 어느 모든 전체 각 이 그 저
몇 무슨 오늘 어제 밤 지금 현재 우리 해당 이상 그중 거기 여기 중 온라인 오프라인 끊긴 꺼진 고장난 고장 문제 다른 나머지
안 되는 밖 속 현장 사이트 시에 가장 제일 많은
"""
NO_NAME: Final = frozenset(_OTHER_WORDS.split())
"""What stands there and is no name."""
