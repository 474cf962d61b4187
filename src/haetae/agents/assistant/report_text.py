"""The shift report in words, English or Korean."""

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from haetae.agents.assistant.records import EventRecord, SiteWords
from haetae.agents.assistant.report import ShiftReport
from haetae.agents.assistant.shown import length, minute
from haetae.agents.assistant.words import REPORT, STATES, TEXTS
from haetae.domain.schedule import find_time_zone

_MOST_LISTED = 12


Mark = Callable[[EventRecord], str]


def report_text(report: ShiftReport, words: SiteWords, language: str, mark: Mark = lambda _event: "") -> str:
    """Plain text of a few lines. Every number in it is the report's own. `mark` is put after each event, such as [1]."""
    return "\n".join(_Writer(report, words, language, mark).lines())


class _Writer:
    def __init__(self, report: ShiftReport, words: SiteWords, language: str, mark: Mark) -> None:
        self._mark = mark
        self._report = report
        self._words = words
        self._language = language
        self._texts = REPORT[language]
        self._zone: ZoneInfo = find_time_zone(report.time_zone)

    def lines(self) -> Iterator[str]:
        report, texts = self._report, self._texts
        ends = {"since": minute(report.since, self._zone), "until": minute(report.until, self._zone)}
        yield texts["title"].format(time_zone=report.time_zone, **ends)
        if report.of_cameras:
            yield texts["of_cameras"].format(list=", ".join(report.of_cameras))
        if report.total:
            yield from self._counts()
            yield from self._events("notable", report.notable)
            yield from self._events("away", report.away)
        else:
            yield texts["none"]
        if report.not_watching:
            states = STATES[self._language]
            yield texts["not_watching"].format(
                list=", ".join(f"{each.name} ({states.get(each.state, each.state)})" for each in report.not_watching)
            )
        else:
            yield texts["all_watching" if report.cameras_on else "no_camera"]

    def _counts(self) -> Iterator[str]:
        report, texts, words = self._report, self._texts, self._words
        yield texts["one"] if report.total == 1 else texts["total"].format(total=report.total)
        severities = words.severities[self._language]
        yield self._list("severities", [(severities[each.value], count) for each, count in report.by_severity.items() if count])
        yield self._list("types", [(words.type(each, self._language), count) for each, count in report.by_type])
        yield self._list("cameras", [(each.camera or texts["place_gone"], each.events) for each in report.by_camera])
        if report.going_on:
            yield texts["going_on"].format(count=report.going_on)
        yield texts["unacknowledged"].format(count=report.unacknowledged)
        if report.confirmed or report.rejected or report.false_alarms:
            yield texts["verdicts"].format(confirmed=report.confirmed, rejected=report.rejected, false_alarms=report.false_alarms)

    def _list(self, key: str, pairs: list[tuple[str, int]]) -> str:
        listed = ", ".join(self._texts["pair"].format(what=what, count=count) for what, count in pairs[:_MOST_LISTED])
        return self._texts[key].format(list=f"{listed}, …" if len(pairs) > _MOST_LISTED else listed)

    def _events(self, key: str, events: tuple[EventRecord, ...]) -> Iterator[str]:
        if events:
            yield self._texts[key]
        for event in events:
            yield event_line(event, self._words, self._zone, self._language, self._mark(event))


def event_line(event: EventRecord, words: SiteWords, zone: ZoneInfo, language: str, mark: str = "") -> str:
    """One event in a list."""
    texts = TEXTS[language]
    lasted = texts["lasts"] if event.status.value == "open" else ""
    if event.duration_s is not None:
        lasted = texts["lasted"].format(lasted=length(event.duration_s, language))
    return (
        texts["row"]
        .format(
            began=minute(event.began_at, zone),
            place=event.camera or texts["place_gone"],
            type=words.type(event.type, language),
            severity=words.severities[language][event.severity.value],
            lasted=lasted,
            mark=mark,
        )
        .rstrip()
    )
