"""Which span of time a question is about, in the site's local time: "last night", "지난 주말", "between 2 and 4", "yesterday morning"."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from haetae.agents.assistant import time_words as words

LONGEST = timedelta(days=93)
_DAY = timedelta(days=1)
_NIGHT_ENDS = 6
_NOON = 12
_MORNING_ENDS = 10
_WEEK = 7


@dataclass(frozen=True, slots=True)
class When:
    """[since, until), UTC. `future`: it has not begun, so there is nothing in it. `said`: pieces of the text that named it."""

    since: datetime
    until: datetime
    future: bool = False
    said: tuple[str, ...] = ()


def last_day(now: datetime) -> When:
    """What is meant where nothing is said: the last 24 hours."""
    return When(now - _DAY, now)


def find_when(text: str, now: datetime, zone: ZoneInfo) -> When | None:
    """The span that a text names; None where it names none. `now` is UTC-aware, and nothing after it is part of a span.

    A night is from 20 to 6 o'clock. Where clocks are changed, an hour that is there twice counts as both.
    """
    return _Reader(text, now, zone).read()


class _Reader:
    """One text on its way to a span. Local times are naive here, and become moments at the very end."""

    def __init__(self, text: str, now: datetime, zone: ZoneInfo) -> None:
        self._text = text.lower()
        self._now = now
        self._zone = zone
        self._local = now.astimezone(zone).replace(tzinfo=None)
        self._today = self._local.date()
        self._said: list[str] = []

    def read(self) -> When | None:
        if (whole := self._take(words.WHOLE)) is not None:
            first, last = self._whole(whole)
            return self._days(first, last)
        lately = self._take(words.LATELY)
        if lately is not None:
            hours = words.hours_of(lately)
            assert hours is not None
            return self._when(self._now - min(LONGEST, timedelta(hours=hours)), self._now)
        night = self._night()
        if night is not None:
            return self._within(night, "night")
        this = words.THIS_PART.search(self._text) is not None
        first_day = self._take(words.DAY)
        if first_day is not None:
            return self._of_day(first_day)
        clock = self._clock(self._today, None, open_end=True)
        if clock is not None:
            since, until = clock
            if since > self._local:
                since, until = since - _DAY, until - _DAY
            return self._moments(since, until)
        part = self._take(words.PART)
        if part is not None:
            begin, end = self._part(self._today, words.part_of(part))
            if begin > self._local and not this:
                begin, end = begin - _DAY, end - _DAY
            return self._moments(begin, end)
        if self._take(words.RECENTLY) is not None:
            return self._when(self._now - _DAY, self._now)
        return None

    def _night(self) -> date | None:
        """The day on which the night that is named begins. Who asks early in the morning about "tonight" means the one that just was."""
        if self._take(words.LAST_NIGHT) is not None:
            # Late in the evening the night of today has begun: the last one is that before.
            return self._today - _DAY
        if self._take(words.TONIGHT) is not None:
            return self._today - _DAY if self._local.hour < _MORNING_ENDS else self._today
        return None

    def _of_day(self, match: re.Match[str]) -> When | None:
        day = self._day(match)
        if day is None:
            return None
        after = self._text[match.end() :]
        second = words.DAY.search(self._text, match.end())
        if second is not None and words.BETWEEN_DAYS.match(self._text[match.end() : second.start()]):
            self._said.append(second[0])
            last = self._day(second)
            if last is not None:
                while day > last:
                    day -= timedelta(days=_WEEK)
                return self._days(day, last)
        before = self._text[: match.start()]
        # "events from yesterday" are those of that day; from yesterday on is up to now.
        goes_on = words.FROM_DAY.search(before) is not None and words.ONWARDS.match(after) is not None
        if goes_on or words.SINCE_DAY.search(before) or words.KO_FROM_DAY.match(after):
            return self._moments(datetime.combine(day, time.min), self._local)
        part = self._take(words.PART)
        named = words.part_of(part) if part is not None else None
        return self._within(day, named)

    def _within(self, day: date, part: str | None) -> When:
        """A part of a day, or hours of it, or all of it."""
        clock = self._clock(day, part, open_end=False)
        if clock is not None:
            return self._moments(*clock)
        if part is not None:
            return self._moments(*self._part(day, part))
        return self._days(day, day)

    def _part(self, day: date, part: str) -> tuple[datetime, datetime]:
        start, end = words.PARTS[part]
        midnight = datetime.combine(day, time.min)
        return midnight + timedelta(hours=start), midnight + timedelta(hours=end)

    def _clock(self, day: date, part: str | None, *, open_end: bool) -> tuple[datetime, datetime] | None:
        """Hours that are named, on a day or in a part of it. `open_end`: since then means up to now."""
        midnight = datetime.combine(day, time.min)
        whole_start, whole_end = self._part(day, part) if part is not None else (midnight, midnight + _DAY)
        if (match := self._take(words.BETWEEN)) is not None:
            groups = ("a_", "b_") if match["a_hour"] or match["a_noon"] or match["a_midnight"] else ("c_", "d_")
            minutes = [_minutes(match, group, part) for group in groups]
            if _bare(match, groups[0]) and not _bare(match, groups[1]):
                # "between 2 and 4 pm": both are in the afternoon, unless that turns them round.
                both = _minutes(match, groups[0], "pm" if minutes[1] >= 60 * _NOON else part)
                minutes[0] = both if both < minutes[1] else minutes[0]
            since, until = (midnight + timedelta(minutes=self._placed(each, part)) for each in minutes)
            return since, until if until > since else until + _DAY
        if (match := self._take(words.SINCE)) is not None:
            since = midnight + timedelta(minutes=self._placed(_minutes(match, _group(match), part), part))
            if open_end:
                # Since then is up to now, and what is not yet today was yesterday.
                return (since if since <= self._local else since - _DAY), self._local
            return since, max(whole_end, since + _DAY / 24)
        if (match := self._take(words.BEFORE)) is not None:
            until = midnight + timedelta(minutes=self._placed(_minutes(match, _group(match), part), part))
            return min(whole_start, until - _DAY / 24), until
        for match in words.AT.finditer(self._text):
            group = _group(match)
            if group == "c_" and _bare(match, group) and not match["c_ko"] and not match["c_minute"]:
                continue  # a number that is no time
            self._said.append(match[0])
            at = midnight + timedelta(minutes=self._placed(_minutes(match, group, part), part))
            return at, at + timedelta(hours=1)
        return None

    def _placed(self, minutes: int, part: str | None) -> int:
        """Minutes from the midnight that a night began after; its small hours are of the next day."""
        return minutes + 24 * 60 if part == "night" and minutes < 60 * _NOON else minutes

    def _day(self, match: re.Match[str]) -> date | None:
        """The day that was named, the newest such one; None for one that there is not."""
        group = match.groupdict()
        if group["before"]:
            return self._today - 2 * _DAY
        if group["yesterday"]:
            return self._today - _DAY
        if group["today"]:
            return self._today
        if group["weekday"] or group["ko_weekday"]:
            number = words.WEEKDAYS[group["weekday"][:3] if group["weekday"] else group["ko_weekday"]]
            back = (self._today.weekday() - number) % _WEEK
            return self._today - timedelta(days=back or (_WEEK if group["last"] else 0))
        year = group["year"] or group["ko_year"] or group["en_year"] or group["en_year2"]
        name = group["en_month"] or group["en_month2"]
        month = words.MONTHS[name[:3]] if name else int(group["month"] or group["ko_month"] or group["slash_month"])
        day = int(group["day"] or group["ko_day"] or group["slash_day"] or group["en_day"] or group["en_day2"])
        try:
            if year:
                return date(int(year), month, day)
            found = date(self._today.year, month, day)
            return found if found <= self._today else found.replace(year=found.year - 1)
        except ValueError:
            return None

    def _whole(self, match: re.Match[str]) -> tuple[date, date]:
        monday = self._today - timedelta(days=self._today.weekday())
        first = self._today.replace(day=1)
        if match["last_weekend"] or (match["weekend"] and self._today.weekday() < 5):
            return monday - 2 * _DAY, monday - _DAY
        if match["weekend"]:
            return monday + 5 * _DAY, monday + 6 * _DAY
        if match["last_week"]:
            return monday - _WEEK * _DAY, monday - _DAY
        if match["week"]:
            return monday, self._today
        if match["last_month"]:
            return (first - _DAY).replace(day=1), first - _DAY
        return first, self._today

    def _days(self, first: date, last: date) -> When:
        return self._moments(datetime.combine(first, time.min), datetime.combine(last, time.min) + _DAY)

    def _moments(self, since: datetime, until: datetime) -> When:
        # Of an hour that is there twice the first begins a span, and the second ends it.
        begin, end = (local.replace(tzinfo=self._zone, fold=fold).astimezone(UTC) for local, fold in ((since, 0), (until, 1)))
        return self._when(begin, end)

    def _when(self, since: datetime, until: datetime) -> When:
        said = tuple(self._said)
        if since >= self._now:
            return When(since, max(until, since), future=True, said=said)
        until = min(until, self._now)
        # An hour that is not there on this day has no length.
        until = max(until, since + timedelta(seconds=1))
        return When(max(since, until - LONGEST), until, said=said)

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.search(self._text)
        if match is not None:
            self._said.append(match[0])
        return match


def _group(match: re.Match[str]) -> str:
    return "a_" if match["a_hour"] or match["a_noon"] or match["a_midnight"] else "c_"


def _bare(match: re.Match[str], group: str) -> bool:
    """Whether nothing says which half of the day is meant."""
    return not (match[f"{group}meridiem"] or match[f"{group}half"] or match[f"{group}noon"] or match[f"{group}midnight"])


def _minutes(match: re.Match[str], group: str, part: str | None) -> int:
    """Minutes after midnight. Where neither the hour nor its part of the day says more, clocks have 24 hours."""
    if match[f"{group}noon"]:
        return 60 * _NOON
    if match[f"{group}midnight"]:
        return 0
    hour = int(match[f"{group}hour"])
    minute = int(match[f"{group}minute"] or match[f"{group}ko_minute"] or (30 if match[f"{group}ko_half"] else 0))
    half = (match[f"{group}half"] or match[f"{group}meridiem"] or "").replace(".", "")
    if half.startswith("o"):
        half = ""
    if half in ("am", "오전", "새벽", "아침") or (not half and part in ("am", "small hours", "morning")):
        hour = hour % 12 if hour <= _NOON else hour
    elif half in ("pm", "오후", "저녁") or (not half and part in ("pm", "afternoon", "evening")):
        hour = hour % 12 + 12 if hour <= _NOON else hour
    elif half == "낮" or (not half and part in ("noon", "daytime")):
        hour = hour + 12 if hour < _NIGHT_ENDS + 1 else hour
    elif half == "밤" or (not half and part == "night"):
        hour = hour + 12 if _NIGHT_ENDS <= hour < _NOON else hour % 12 if hour == _NOON else hour
    return hour % 24 * 60 + minute
