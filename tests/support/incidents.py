"""Incidents with what must and must never be done about them, and sites at which they happen."""

import functools
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.support.events import CAMERA, make_event

from haetae.agents.base import Toolbox
from haetae.agents.catalogue import Catalogue
from haetae.agents.defaults import default_playbook
from haetae.agents.playbook import Playbook
from haetae.agents.situation import situation_of
from haetae.domain.analysis import Analysis, Basis, EventType
from haetae.domain.event import EventKind, Severity, Verdict
from haetae.domain.fact import Fact, FactKind
from haetae.domain.incident import Target
from haetae.domain.triage import Place
from haetae.vlm.evidence import suspected_types

SORTS = {
    "guards": "group",
    "managers": "group",
    "staff": "group",
    "owner": "group",
    "attendants": "group",
    "operator": "group",
    "front_door": "door",
    "speaker": "speaker",
    "alarm": "siren",
    "barrier": "webhook",
}
"""The words of the default playbooks' [targets], and what each is."""

DAYS = {"wednesday": 4, "sunday": 8}
"""Of March 2026."""

SITE_WITH_ALL = Catalogue.of(
    [
        *(Target(sort, f"id-{word}", word) for word, sort in SORTS.items()),
        Target("camera", str(CAMERA), "gate"),
        Target("ticket", "desk", "desk"),
    ]
)


@dataclass(frozen=True)
class Incident:
    """`required` and `forbidden` are actions in words, as `Catalogue.words` has them; a bare kind is forbidden with any target."""

    name: str
    playbook: str
    required: list[str]
    forbidden: list[str]
    type: str | None = None
    suspected: str | None = None
    kind: str = "anomaly"
    severity: str = "medium"
    verdict: str = "confirmed"
    hour: int = 10
    day: str = "wednesday"
    changes: dict = field(default_factory=dict)

    @property
    def event(self):
        facts = [Fact("f1", FactKind.HYPOTHESIS, 0.8, "", 0.0, 1.0, subject=self.suspected)] if self.suspected else []
        return make_event(
            kind=EventKind(self.kind),
            subtype="covered" if self.kind == "tamper" else None,
            severity=Severity(self.severity),
            timestamp=datetime(2026, 3, DAYS[self.day], self.hour, tzinfo=UTC),
            facts=tuple(facts),
            **self.changes,
        )

    @property
    def analysis(self):
        found = EventType(self.type) if self.type else None
        return Analysis(Verdict(self.verdict), found, description="What was seen.", basis=Basis.BOTH if found else Basis.EVIDENCE)

    def toolbox(self, language="en", **parts):
        event, analysis = self.event, self.analysis
        place = Place(parts.pop("camera", "gate"))
        situation = situation_of(event, analysis, place, suspected_types(event, event.facts), type_name=self.type or self.kind)
        return Toolbox(**{"playbook": bound(self.playbook, language), "catalogue": SITE_WITH_ALL, "situation": situation} | parts)

    def judge(self, actions):
        """Fail where something required is missing, or something forbidden is there."""
        words = {SITE_WITH_ALL.words(action) for action in actions}
        assert set(self.required) <= words, (self.name, words)
        kinds = {word.partition(":")[0] for word in words}
        assert not set(self.forbidden) & (words | kinds), (self.name, words)


def incidents():
    """All forty."""
    text = (Path(__file__).parents[1] / "data" / "incidents.toml").read_text(encoding="utf-8")
    return [Incident(**values) for values in tomllib.loads(text)["incidents"]]


@functools.cache
def bound(name, language="en", time_zone="UTC"):
    """A default playbook with the site's own under [targets]."""
    content = default_playbook(name, language).content
    for word in SORTS:
        content = content.replace(f'{word} = ""', f'{word} = "id-{word}"')
    return Playbook(content, version=3, time_zone=time_zone)
