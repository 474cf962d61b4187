"""How people name days, parts of days and hours, in English and Korean. Patterns are for lower-case text."""

import re
from typing import Final

PARTS: Final[dict[str, tuple[int, int]]] = {
    "night": (20, 30),
    "small hours": (0, 6),
    "morning": (6, 12),
    "noon": (11, 14),
    "afternoon": (12, 18),
    "evening": (18, 22),
    "daytime": (9, 18),
    "am": (0, 12),
    "pm": (12, 24),
}
"""Part of a day -> its hours; from 24 on they are of the next day."""

_PART_WORDS: Final = {
    r"nights?|overnight|밤|야간": "night",
    r"early morning|small hours|before dawn|새벽": "small hours",
    r"mornings?|아침": "morning",
    r"lunch ?time|noon|점심(?:시간)?": "noon",
    r"afternoons?": "afternoon",
    r"evenings?|저녁": "evening",
    r"day ?time|during the day|낮(?!은|음|게|아)": "daytime",
    r"오전": "am",
    r"오후": "pm",
}
PART: Final = re.compile("|".join(f"(?P<p{number}>{_words})" for number, _words in enumerate(_PART_WORDS)))
_PART_NAMES: Final = tuple(_PART_WORDS.values())


def part_of(match: re.Match[str]) -> str:
    """The part of the day that PART has found."""
    return next(_PART_NAMES[number] for number in range(len(_PART_NAMES)) if match[f"p{number}"])


WEEKDAYS: Final[dict[str, int]] = {
    **{name: number for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))},
    **{name: number for number, name in enumerate("월화수목금토일")},
}
MONTHS: Final = {
    name: number + 1 for number, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"))
}
_DAY_NAMES: Final = r"mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|saturday|sunday"
_MONTH_NAMES: Final = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?"
)

DAY: Final = re.compile(
    "|".join(
        (
            r"(?P<before>\bday before yesterday\b|그저께|그제|엊그제)",
            r"(?P<yesterday>\byesterday\b|어제|전날|어저께)",
            r"(?P<today>\btoday\b|오늘|금일)",
            r"(?P<iso>\b(?P<year>20\d\d)[-./](?P<month>\d{1,2})[-./](?P<day>\d{1,2})\b)",
            r"(?:(?P<ko_year>20\d\d)년\s*)?(?P<ko_month>\d{1,2})월\s*(?P<ko_day>\d{1,2})일",
            rf"\b(?P<en_month>{_MONTH_NAMES})\.?\s+(?P<en_day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s*(?P<en_year>20\d\d))?",
            rf"\b(?P<en_day2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<en_month2>{_MONTH_NAMES})\b(?:\s*(?P<en_year2>20\d\d))?",
            r"(?<![\d:.])(?P<slash_month>1[0-2]|0?[1-9])/(?P<slash_day>3[01]|[12]\d|0?[1-9])(?![\d:/])",
            rf"(?P<last>\blast\s+|지난\s*)?(?:\b(?P<weekday>{_DAY_NAMES})\b|(?P<ko_weekday>[월화수목금토일])요일)",
        )
    )
)
"""One day: which group holds tells which way it was named."""

WHOLE: Final = re.compile(
    "|".join(
        (
            r"(?P<last_weekend>(?:\blast|\bpast|\bprevious)\s+weekend\b|지난\s*주말|저번\s*주말)",
            r"(?P<weekend>\bweekend\b|주말)",
            r"(?P<last_week>(?:\blast|\bprevious)\s+week\b|지난\s*주(?!말)|저번\s*주(?!말)|전주에)",
            r"(?P<week>\bthis\s+week\b|이번\s*주(?!말)|금주)",
            r"(?P<last_month>(?:\blast|\bprevious)\s+month\b|지난\s*달|저번\s*달)",
            r"(?P<month>\bthis\s+month\b|이번\s*달|이달|금월)",
        )
    )
)
"""Several days."""

LAST_NIGHT: Final = re.compile(r"\blast\s+night\b|어젯\s*밤|어제\s*밤|지난\s*밤|간밤|밤새|\bovernight\b")
TONIGHT: Final = re.compile(r"\bto-?night\b|오늘\s*밤")
THIS_PART: Final = re.compile(r"\bthis\s+(?=morning|afternoon|evening|early morning)")

_NUMBER_WORDS: Final = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10, "twelve": 12, "few": 3}
_KO_NUMBER_WORDS: Final = {"한": 1, "두": 2, "세": 3, "네": 4, "다섯": 5, "여섯": 6, "열": 10, "몇": 3, "일": 1}
_UNIT: Final = {
    "min": 1 / 60, "hour": 1.0, "hr": 1.0, "day": 24.0, "week": 168.0, "분": 1 / 60, "시간": 1.0, "일": 24.0, "주": 168.0
}  # fmt: skip
LATELY: Final = re.compile(
    r"\b(?:last|past|previous|recent)\s+(?:(?P<count>\d{1,4}|an?|one|two|three|four|five|six|ten|twelve|few)\s+)?"
    r"(?P<unit>min|hour|hr|day|week)(?:ute)?s?\b"
    r"|\b(?P<ago>\d{1,4}|an?|one|two|three|four|five|six|ten|twelve)\s+(?P<ago_unit>min|hour|hr|day|week)(?:ute)?s?\s+ago\b"
    r"|(?:지난|최근|요)\s*(?P<ko_count>\d{1,4}|한|두|세|네|다섯|여섯|열|몇|일)\s*(?P<ko_unit>분|시간|일|주일?)(?:간|\s*동안)?"
    r"|(?P<ko_ago>\d{1,4}|한|두|세|네|다섯|여섯|열)\s*(?P<ko_ago_unit>분|시간|일|주일?)\s*전(?:부터)?"
)
RECENTLY: Final = re.compile(r"\b(?:recently|lately|just now)\b|최근(?:에)?|방금|요즘")

CLOCK: Final = (
    r"(?:(?P<{0}half>오전|오후|새벽|아침|낮|저녁|밤)\s*)?"
    r"(?:(?P<{0}noon>\bnoon\b|정오)|(?P<{0}midnight>\bmidnight\b|자정)"
    r"|(?P<{0}hour>2[0-4]|1\d|0?\d)(?:(?::|h)(?P<{0}minute>[0-5]\d))?"
    r"(?:\s*(?P<{0}ko>시)(?!간)(?:\s*(?P<{0}ko_minute>[0-5]?\d)\s*분|\s*(?P<{0}ko_half>반))?)?"
    r"\s*(?P<{0}meridiem>a\.?m\b\.?|p\.?m\b\.?|o'?clock\b)?)"
)
"""A time on the clock; its groups begin with the prefix that is filled in."""

_A, _B = CLOCK.format("a_"), CLOCK.format("b_")
BETWEEN: Final = re.compile(
    rf"(?:\bbetween\s+|\bfrom\s+)(?<![\d]){_A}\s*(?:and|to|till|until|-|–|~)\s*{_B}(?![\d/])"
    rf"|(?<![\d/:.-]){_A.replace('a_', 'c_')}\s*(?:부터|에서|~|-|–)\s*{_B.replace('b_', 'd_')}(?![\d/])\s*(?:까지|사이)?"
)
SINCE: Final = re.compile(
    rf"\b(?:since|after)\s+(?:[a-z' ]{{1,24}}\s+at\s+)?{_A}(?![\d/-])"
    rf"|(?<![\d/:.-]){_A.replace('a_', 'c_')}(?![\d/-])\s*(?:이후|부터|넘어서|지나서)"
)
BEFORE: Final = re.compile(
    rf"\b(?:before|until|till|by)\s+{_A}(?![\d/-])|(?<![\d/:.-]){_A.replace('a_', 'c_')}(?![\d/-])\s*(?:이전|까지|전에)"
)
AT: Final = re.compile(rf"\b(?:at|around|about)\s+{_A}(?![\d/-])|(?<![\d/:.-]){_A.replace('a_', 'c_')}(?![\d/-])")
SINCE_DAY: Final = re.compile(r"\bsince\s*$")
FROM_DAY: Final = re.compile(r"\bfrom\s*$")
ONWARDS: Final = re.compile(r"^\s*(?:on(?:wards?)?\b|(?:to|till|until|through)\s+(?:now|today)\b)")
KO_FROM_DAY: Final = re.compile(r"^\s*(?:부터|이후|이래)")
BETWEEN_DAYS: Final = re.compile(r"^\s*(?:부터|에서|to|till|until|through|-|–|~)\s*(?:지난\s*|last\s+)?$")


def hours_of(match: re.Match[str]) -> float | None:
    """How many hours back LATELY reaches."""
    for count, unit in (("count", "unit"), ("ago", "ago_unit"), ("ko_count", "ko_unit"), ("ko_ago", "ko_ago_unit")):
        if match[unit]:
            word = match[count] or "1"
            number = int(word) if word.isdigit() else _NUMBER_WORDS.get(word) or _KO_NUMBER_WORDS.get(word, 1)
            return number * _UNIT["주" if match[unit] == "주일" else match[unit]]
    return None
