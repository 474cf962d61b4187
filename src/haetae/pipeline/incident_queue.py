"""Which incident is planned next, and by whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from uuid import UUID

from haetae.agents.base import PLAYBOOK
from haetae.domain.incident import WaitingIncident

CROWDED = "too many incidents wait for the model"
NO_MODEL = "no model is configured"


@dataclass(frozen=True, slots=True)
class Choice:
    """What decides who plans. `default_flow` is the site's; `most` may wait for a model."""

    default_flow: str
    models: bool
    most: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """An incident with its flow, "" for the playbook; `reason` says why the playbook plans although a flow was to."""

    incident: WaitingIncident
    flow: str = ""
    reason: str = ""


def sort_out(waiting: Sequence[WaitingIncident], choice: Choice) -> list[Chosen]:
    """Everything that nobody is planning, the most severe first, oldest first among equals.

    What still goes on is the playbook's: a model is asked once, when all is known. Of more than may wait for the model the least severe
    are the playbook's, too.
    """
    free = sorted((each for each in waiting if not each.leased), key=lambda each: (-each.severity.rank, each.queued_at, each.event_id.int))
    found: list[Chosen] = []
    for_model = 0
    for each in free:
        flow = each.flow or choice.default_flow
        if flow == PLAYBOOK or not each.final:
            found.append(Chosen(each))
        elif not choice.models:
            found.append(Chosen(each, reason=NO_MODEL))
        elif for_model >= choice.most:
            found.append(Chosen(each, reason=CROWDED))
        else:
            for_model += 1
            found.append(Chosen(each, flow))
    return found


def next_for_model(chosen: Sequence[Chosen], served: Mapping[UUID, float]) -> Chosen | None:
    """The most severe, then of the camera that was served longest ago, then the oldest; None where there is none.

    `served` is when a camera's incident was planned by a model last (monotonic seconds).
    """

    def order(each: Chosen) -> tuple[int, float, datetime, int]:
        incident = each.incident
        return -incident.severity.rank, served.get(incident.camera_id, -inf), incident.queued_at, incident.event_id.int

    return min(chosen, key=order, default=None)
