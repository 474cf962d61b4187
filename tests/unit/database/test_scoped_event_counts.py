# ruff: noqa: F401, F811 (fixtures by name)
from datetime import timedelta

import pytest
from tests.support.counted import ADMIN, GATE, GUARD, GUEST, NOBODY, ROOF, YARD
from tests.support.event_desk import EventDesk
from tests.support.events import ONSET
from tests.support.postgres import engine

from haetae.database.scoped.event_counts import EventGroup, ScopedEventCounts
from haetae.database.scoped.event_filter import EventFilter
from haetae.domain.event import SITE, EventKind, Review, Severity, Verdict
from haetae.errors import ConfigError

WHOLE = EventFilter(since=ONSET - timedelta(hours=1), until=ONSET + timedelta(hours=1))


def test_events_are_counted_by_what_they_have_in_common_for_who_may_see_them(engine):
    desk = EventDesk(engine)
    counts = ScopedEventCounts(desk.sessions)
    for number in range(3):
        desk.add(number, vlm_type="Fighting", severity=Severity.HIGH, columns={"verdict": Verdict.CONFIRMED})
    desk.add(9, columns={"acknowledged": True, "review": Review.FALSE_ALARM})
    for camera in (YARD, ROOF, SITE):
        desk.add(camera_id=camera, kind=EventKind.TAMPER, subtype="covered")
    desk.add(7200)
    own = counts.groups(GUEST, WHOLE)
    assert sorted(own, key=lambda group: group.events) == [
        EventGroup(GATE, "anomaly", Severity.MEDIUM, None, Review.FALSE_ALARM, True, 1),
        EventGroup(GATE, "Fighting", Severity.HIGH, Verdict.CONFIRMED, Review.NEW, False, 3),
    ]
    seen = {viewer.name: sum(group.events for group in counts.groups(viewer, WHOLE)) for viewer in (ADMIN, GUARD, GUEST, NOBODY)}
    assert seen == {"admin": 7, "guard": 6, "guest": 4, "nobody": 0}


def test_a_type_is_the_one_that_is_shown(engine):
    desk = EventDesk(engine)
    fight = desk.add(vlm_type="Fighting", subtype="covered", kind=EventKind.TAMPER)
    covered = desk.add(1, subtype="covered", kind=EventKind.TAMPER)
    plain = desk.add(2)
    found = {word: desk.ids(ADMIN, EventFilter(types=(word,))) for word in ("Fighting", "covered", "anomaly", "tamper", "' OR 1=1")}
    assert found == {"Fighting": [fight.id], "covered": [covered.id], "anomaly": [plain.id], "tamper": [], "' OR 1=1": []}


@pytest.mark.parametrize(
    "wanted",
    [EventFilter(), EventFilter(since=ONSET), EventFilter(since=ONSET - timedelta(days=94), until=ONSET)],
    ids=["none", "half", "long"],
)
def test_nothing_is_counted_without_a_bounded_span(engine, wanted):
    with pytest.raises(ConfigError, match="93 days"):
        ScopedEventCounts(EventDesk(engine).sessions).groups(ADMIN, wanted)
