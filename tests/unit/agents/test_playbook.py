"""Playbooks: what they can say, and what they say when they are none."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from tests.support.events import CAMERA
from tests.support.incidents import SITE_WITH_ALL, incidents

from haetae.agents.catalogue import Catalogue, UnknownTarget
from haetae.agents.defaults import default_playbook, default_playbooks
from haetae.agents.playbook import Playbook
from haetae.agents.playbook_check import SiteNames, check_playbook
from haetae.agents.playbook_schema import PlaybookError
from haetae.agents.situation import Situation
from haetae.domain.analysis import EventType
from haetae.domain.event import EventKind, Severity, Verdict
from haetae.domain.incident import Target
from haetae.domain.plan import ActionKind, Risk
from haetae.errors import NotFound

HEAD = 'form = 1\nname = "x"\n'
ODD = ['form = 1\nname = "x"\n[[rules]]', "\0", "[" * 5000, "form = 1\nname = 3", "x" * 200_000]


def situation(**changes):
    values = {"camera_id": CAMERA, "camera": "gate", "at": datetime(2026, 3, 4, 10, tzinfo=UTC), "kind": EventKind.ANOMALY}
    values |= {"severity": Severity.MEDIUM, "verdict": Verdict.CONFIRMED, "types": frozenset({EventType.THEFT}), "type_name": "Theft"}
    return Situation(**(values | changes))


def counts(when, **changes):
    """Whether a rule with this `when` counts."""
    playbook = Playbook(
        f'{HEAD}[schedules]\nnight = "daily 22:00-06:00"\n[[rules]]\nname = "r"\nwhen = {when}', version=1, time_zone="Asia/Seoul"
    )
    return playbook.bounds(situation(**changes), SITE_WITH_ALL).rules == ("r",)


@pytest.mark.parametrize(
    ("when", "yes", "no"),
    [
        ('{ types = ["Theft", "Falling"] }', {}, {"types": frozenset()}),
        ('{ kinds = ["tamper"] }', {"kind": EventKind.TAMPER}, {}),
        ('{ severities = ["medium"] }', {}, {"severity": Severity.HIGH}),
        ('{ min_severity = "high" }', {"severity": Severity.CRITICAL}, {}),
        ('{ verdicts = ["confirmed"] }', {}, {"verdict": Verdict.REJECTED}),
        ('{ zones = ["till"] }', {"zones": frozenset({"till", "door"})}, {"zones": frozenset({"door"})}),
        ('{ cameras = ["gate"] }', {}, {"camera": "yard"}),
        (f'{{ cameras = ["{CAMERA}"] }}', {"camera": "renamed"}, {"camera_id": uuid4(), "camera": "yard"}),
        # 22:30 in Seoul.
        ('{ schedule = "night" }', {"at": datetime(2026, 3, 4, 13, 30, tzinfo=UTC)}, {}),
        ("{ armed = false }", {"armed": False}, {}),
        ("{ armed = true }", {"armed": None}, {"armed": False}),
        ('{ types = ["Theft"], min_severity = "high" }', {"severity": Severity.HIGH}, {}),
        ("{}", {}, None),
    ],
)
def test_a_rule_counts_where_all_that_it_names_holds(when, yes, no):
    assert counts(when, **yes)
    assert no is None or not counts(when, **no)


OWN_EVENTS = {"kind": EventKind.SYSTEM, "severity": Severity.CRITICAL, "types": frozenset(), "verdict": Verdict.UNVERIFIED}


@pytest.mark.parametrize("when", ["{}", '{ min_severity = "high" }', '{ verdicts = ["unverified"] }', '{ kinds = ["anomaly", "tamper"] }'])
def test_what_the_site_says_of_itself_is_answered_only_where_a_rule_names_it(when):
    assert not counts(when, **OWN_EVENTS)
    assert counts('{ kinds = ["system"] }', **OWN_EVENTS)


def test_no_default_playbook_answers_what_the_site_says_of_itself():
    for default in default_playbooks():
        playbook = Playbook(default.content, version=0, time_zone="UTC")
        bounds = playbook.bounds(situation(**OWN_EVENTS), SITE_WITH_ALL)
        assert (bounds.must, bounds.may) == ((), ()), default.name


def test_the_playbook_in_force_from_the_start_leaves_telling_to_the_rules():
    playbook = Playbook(default_playbook().content, version=0, time_zone="UTC")
    every = {entry.action for rule in playbook.file.rules for entry in (*rule.must, *rule.may)}
    assert {kind.risk for kind in every} == {Risk.R0}


def fault(text):
    with pytest.raises(PlaybookError) as caught:
        Playbook(text, version=1, time_zone="UTC")
    return str(caught.value)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ('[[rules]]\nname = "a"\nmusst = ["siren"]', ("line 5", "rule 'a'", "unknown key 'musst'", "Did you mean 'must'")),
        ('[[rules]]\nname = "a"\nmust = ["sirenn:x"]', ("line 5", "must", "'sirenn' is refused", "Known actions: bookmark_clip")),
        ('[[rules]]\nname = "a"\nwhen = { types = ["Fire"] }', ("line 5", "when.types", "'Fire' is refused", "'Arson'")),
        ('[[rules]]\nname = "a"\nnever = ["R3"]', ("line 5", "'R3' is refused")),
        ('[[rules]]\nname = "a"\n\n[[rules]]\nname = "a"', ("line 7", "two rules have this name")),
        ('[[rules]]\nname = "a"\nwhen = { schedule = "n" }', ("line 5", "no schedule 'n'", "Define it under [schedules]")),
        ('[schedules]\nn = "sometimes"', ("line 4", "schedules.n", "cannot be read")),
        ('[[rules]]\nname = "a"\nmust = ["notify"]', ("line 5", "notify names no group", "Write notify:NAME")),
        ('[[rules]]\nname = "a"\nmay = ["snapshot:guards"]', ("line 5", "snapshot reaches nothing")),
        ('[[rules]]\nname = "a"\nmay = [{ action = "siren", target = "x", seconds = 500 }]', ("seconds is 500", "Use 1 to 120")),
        ('[[rules]]\nname = "a"\nmay = [{ action = "snapshot", text = "x" }]', ("Leave the text out",)),
        ('[[rules]]\nname = "a"\nmust = ["siren:x"]\nnever = ["R2"]', ("the same rule forbids it",)),
        ('[[rules]]\nname = "a"\nmust = ["snapshot"', ("not valid TOML", "Correct that line")),
    ],
)
def test_a_fault_names_its_line_and_key_and_what_to_do(rules, words):
    said = fault(HEAD + rules)
    for word in words:
        assert word in said


@pytest.mark.parametrize("text", ODD)
def test_what_is_no_playbook_is_refused_as_one_error(text):
    assert fault(text)
    assert any(not each.warning for each in check_playbook(text, Catalogue(), SiteNames(), time_zone="UTC"))


def test_the_form_says_how_to_begin():
    assert "Write form = 1 on top" in fault('name = "x"')


def test_every_default_playbook_can_be_used_anywhere_and_says_who_is_missing():
    for default in default_playbooks():
        findings = check_playbook(default.content, Catalogue(), SiteNames(), time_zone="UTC")
        assert all(each.warning for each in findings), default.name
        assert bool(findings) == (default.name != "basic")
        assert all("Name one under [targets]" in each.hint for each in findings)
    with pytest.raises(NotFound, match="no default playbook 'bank'"):
        default_playbook("bank")


def test_people_are_asked_for_only_what_takes_their_approval():
    said = fault(f'{HEAD}[[rules]]\nname = "r"\nmust = [{{ action = "notify", target = "guards", people = 2 }}]')
    assert "notify waits for nobody's approval" in said


def test_both_languages_of_a_default_say_the_same():
    for name in ("basic", "office", "shop", "car_park"):
        english, korean = (Playbook(default_playbook(name, language).content, version=0, time_zone="UTC").file for language in ("en", "ko"))
        assert (english.language, korean.language) == ("en", "ko")
        assert list(english.targets) == list(korean.targets)
        assert english.schedules == korean.schedules
        for one, other in zip(english.rules, korean.rules, strict=True):
            assert (one.when, one.never) == (other.when, other.never)
            for part in ("must", "may"):
                assert [(each.action, each.target, each.seconds, each.level) for each in getattr(one, part)] == [
                    (each.action, each.target, each.seconds, each.level) for each in getattr(other, part)
                ]
                assert [bool(each.text) for each in getattr(one, part)] == [bool(each.text) for each in getattr(other, part)]


def test_a_check_at_a_site_finds_what_the_site_lacks():
    text = f"""{HEAD}[targets]
guards = "night shift"
[[rules]]
name = "a"
when = {{ cameras = ["cellar"], zones = ["till"] }}
must = ["notify:guards"]
never = ["siren:old one"]
"""
    findings = check_playbook(text, SITE_WITH_ALL, SiteNames(["gate"], ["door"]), time_zone="UTC")
    assert [each.warning for each in findings] == [False, True, True, True]
    assert "this site has no group 'night shift'" in findings[0].message
    assert findings[0].line == 8
    assert {"this site has no camera 'cellar'", "no camera has a zone 'till'"} <= {each.message for each in findings}


def test_words_of_the_incident_stand_where_the_playbook_names_them_and_nowhere_else():
    text = HEAD + '[[rules]]\nname = "a"\nmust = [{ action = "add_note", text = "{type} at {camera}, {severity} {other} {0}" }]'
    playbook = Playbook(text, version=1, time_zone="UTC")
    [action] = playbook.bounds(situation(camera="{verdict} {camera}"), SITE_WITH_ALL).must
    assert action.text == "Theft at {verdict} {camera}, medium {other} {0}"


def test_a_preset_of_many_cameras_is_that_of_the_events_camera():
    here, there = uuid4(), uuid4()
    catalogue = Catalogue.of([Target("preset", "p1", "door", here), Target("preset", "p2", "door", there), Target("siren", "s", "door")])
    assert catalogue.find(ActionKind.PTZ_PRESET, "door", camera_id=there).id == "p2"
    assert catalogue.find(ActionKind.SIREN, "door").id == "s"
    with pytest.raises(UnknownTarget, match="several"):
        catalogue.find(ActionKind.PTZ_PRESET, "door", camera_id=uuid4())
    ban = '[[rules]]\nname = "b"\nwhen = { types = ["Falling"] }\nnever = ["ptz_preset:door"]'
    text = f'{HEAD}[[rules]]\nname = "a"\nmay = ["ptz_preset:door"]\n{ban}'
    playbook = Playbook(text, version=1, time_zone="UTC")
    assert [action.target for action in playbook.bounds(situation(camera_id=here), catalogue).may] == ["p1"]
    assert playbook.bounds(situation(camera_id=here, types=frozenset({EventType.FALLING})), catalogue).may == ()


def test_the_situation_knows_the_zones_that_an_event_touched():
    from haetae.agents.situation import situation_of
    from haetae.domain.triage import Place
    from haetae.domain.zone import Zone, ZoneKind

    left = Zone("left", ZoneKind.INCLUDE, ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
    right = Zone("right", ZoneKind.INCLUDE, ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
    incident = incidents()[0]
    found = situation_of(incident.event, incident.analysis, Place("gate", (left, right)), frozenset())
    assert found.zones == {"left"}, "its box is at 0.1-0.3"
    assert situation_of(incident.event, incident.analysis, None, frozenset()).camera == ""
