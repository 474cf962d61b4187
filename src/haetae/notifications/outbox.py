"""What the engine needs of the database."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from haetae.domain.delivery import Claim, Decision, Delivery, Lane, LaneState, News, Occurrence, Settlement
from haetae.domain.notice import Receipt
from haetae.domain.rule import Directory


class Outbox(Protocol):
    """Called by the engine on worker threads, several at a time; each method is one transaction and raises DatabaseUnavailable.

    Several processes may work on the same outbox: a row goes out from one of them only.
    """

    def directory(self) -> Directory:
        """Every enabled rule, and who and what they name."""
        ...

    def news(self, limit: int) -> list[News]:
        """The events of which something is new, the ones first written first."""
        ...

    def deliveries_of(self, event_ids: Collection[UUID]) -> dict[UUID, list[Delivery]]:
        """All deliveries of these events, oldest first."""
        ...

    def settle(self, settlement: Settlement) -> None:
        """Write what was made of news, and take the news away. A delivery of the same event, lane and stage that is there already stays as
        it is; pending rows that a worker holds, or that are done, are not changed."""
        ...

    def lanes_due(self, now: datetime, limit: int, *, skip_channels: Collection[UUID] = ()) -> list[Lane]:
        """Lanes with a row that is due and free, the most severe first, then the longest due; none of the channels that are skipped."""
        ...

    def claim(
        self, lane: Lane, *, now: datetime, lease_s: float, sent_since: datetime, decide: Callable[[LaneState], Decision]
    ) -> Claim | None:
        """Ask `decide` about the lane inside a transaction that keeps others off it, do what it says, and lease what it sends.

        None where nothing is to be sent now, or where a message of this lane is under way already. Rows of a message that was tried before
        (`message_key` is set) are given to `decide` as they are; what it sends of them keeps its key.
        """
        ...

    def occurrences(self, event_ids: Collection[UUID]) -> dict[UUID, Occurrence]:
        """These events as they are now; what is gone is left out."""
        ...

    def first_message_id(self, event_id: UUID, lane: Lane) -> str | None:
        """By what the other side knows the first message about this event, where one went out on this lane."""
        ...

    def sent(self, claim: Claim, receipt: Receipt, *, at: datetime, told: Mapping[UUID, Sequence[str]]) -> None:
        """Note that the other side accepted the message. `told`: delivery id -> stages. The held rows that it counted are noted as told.

        Its events become news again, for they may have changed since the message was composed.
        """
        ...

    def failed(self, claim: Claim, *, at: datetime, error: str, answer: str, retry_at: datetime | None) -> None:
        """Note a failed try, and let the rows go until `retry_at`; None makes them dead."""
        ...

    def cancel(self, claim: Claim, delivery_ids: Collection[UUID], *, at: datetime, reason: str) -> None:
        """Note that these rows of the claim have nothing left to say, and give up their lease."""
        ...
