"""What is known of an incident for its planning: the place, what the site can reach, the playbook in force, as they are now."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import orjson
import structlog

from haetae.agents.base import Journal, MemoryJournal, Toolbox
from haetae.agents.catalogue import Catalogue
from haetae.agents.defaults import default_playbook
from haetae.agents.playbook import Playbook
from haetae.agents.situation import Situation, situation_of
from haetae.database.incident_rows import plain
from haetae.database.place_store import PlaceUnreadable
from haetae.domain.analysis import Analysis, Provenance
from haetae.domain.event import AnomalyEvent
from haetae.domain.incident import PlaybookVersion, Step, Target
from haetae.domain.schedule import find_time_zone
from haetae.domain.suspicion import suspected_type
from haetae.domain.triage import Place
from haetae.errors import ConfigError
from haetae.notifications.words import TYPES
from haetae.vlm.evidence import suspected_types

_log = structlog.get_logger()


class Playbooks(Protocol):
    """What is in force. Raises DatabaseUnavailable."""

    def active(self) -> PlaybookVersion | None: ...


@dataclass(frozen=True, slots=True)
class SiteKnowledge:
    """Where it is read from; each waits for the database and raises DatabaseUnavailable. `registered` are the webhooks and devices of the
    site, `targets` everything else."""

    playbooks: Playbooks
    targets: Callable[[], Sequence[Target]]
    place: Callable[[UUID], Place | None]
    registered: Callable[[], Sequence[Target]] = tuple


class IncidentContext:
    """Any thread, but none with an event loop: it waits for the database."""

    def __init__(self, site: SiteKnowledge, *, time_zone: str, language: str) -> None:
        self._site = site
        self.time_zone = time_zone
        self.language = language
        self._read: Playbook | None = None

    def playbook(self) -> Playbook:
        """The one in force; where none was stored, or what was stored cannot be read, the one that Haetae brings along. Raises
        DatabaseUnavailable."""
        stored = self._site.playbooks.active()
        known = self._read
        if known is not None and known.version == (stored.version if stored else 0):
            return known
        found = None
        if stored is not None:
            try:
                found = Playbook(stored.content, version=stored.version, time_zone=self.time_zone)
            except ConfigError as error:
                _log.error("the playbook cannot be read: the basic one is in force", version=stored.version, error=str(error))
        found = found or Playbook(default_playbook(language=self.language).content, version=0, time_zone=self.time_zone)
        self._read = found
        return found

    def catalogue(self) -> Catalogue:
        """Everything that can be reached. Raises DatabaseUnavailable."""
        return Catalogue.of([*self._site.targets(), *self._site.registered()])

    def situation(self, event: AnomalyEvent, analysis: Analysis, place: Place | None) -> Situation:
        suspected = suspected_types(event, event.facts)
        names = TYPES.get(self.language, TYPES["en"])
        shown = analysis.shown_type
        if shown is not None:
            words: list[str] = [shown.value]
        elif event.subtype is not None and suspected_type(event.subtype) is not None:
            words = [event.subtype]
        else:
            words = [each.value for each in sorted(suspected)] or [event.subtype or event.kind.value]
        type_name = ", ".join(names.get(word, word) for word in words)
        return situation_of(event, analysis, place, suspected, type_name=type_name)

    def place(self, camera_id: UUID) -> Place | None:
        """None for a camera that is gone, or whose zones cannot be read. Raises DatabaseUnavailable."""
        try:
            return self._site.place(camera_id)
        except PlaceUnreadable:
            return None

    def toolbox(self, event: AnomalyEvent, analysis: Analysis, *, journal: Journal | None = None) -> Toolbox:
        """Raises DatabaseUnavailable."""
        place = self.place(event.camera_id)
        return Toolbox(
            playbook=self.playbook(),
            catalogue=self.catalogue(),
            situation=self.situation(event, analysis, place),
            journal=journal or MemoryJournal(),
            notes=place.notes if place is not None else "",
            local_time=self.local(event.timestamp),
        )

    def local(self, at: datetime) -> str:
        return f"{at.astimezone(find_time_zone(self.time_zone)):%A %H:%M}"


def judged_by(situation: Situation, flow: str) -> dict[str, Any]:
    """What a plan was made by, as JSON has it: an incident of which none of it changed needs no other plan."""
    return {
        "flow": flow,
        "kind": situation.kind.value,
        "severity": situation.severity.value,
        "verdict": situation.verdict.value,
        "types": sorted(each.value for each in situation.types),
    }


def inputs_of(toolbox: Toolbox, analysis: Analysis, flow: str) -> dict[str, Any]:
    """What a plan's record holds of what it was made from: enough to make it again. How the analysis came about is kept with that."""
    situation = toolbox.situation
    analysis = replace(analysis, provenance=Provenance(analysis.provenance.backend, analysis.provenance.model))
    return {
        "judged": judged_by(situation, flow),
        "situation": situation,
        "analysis": analysis,
        "targets": [target for sort in toolbox.catalogue.targets.values() for target in sort],
        "playbook_version": toolbox.playbook.version,
        "playbook_sha256": toolbox.playbook.sha256,
        "notes": toolbox.notes,
        "local_time": toolbox.local_time,
    }


def evidence_of(steps: Sequence[Step], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Digests of what a plan came of, for the audit log: what is kept elsewhere can be held against them."""
    return {
        "inputs_sha256": _digest(plain(inputs)),
        "steps": [
            {
                "name": step.name,
                "model": step.model,
                "prompt_sha256": step.prompt_sha256,
                "raw_sha256": _digest(step.raw),
                "output_sha256": _digest(plain(step.output)),
            }
            for step in steps
        ],
    }


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
