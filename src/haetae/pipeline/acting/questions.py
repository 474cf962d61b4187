"""Asks people: writes to those who may decide, each with a link and a code of their own."""

from collections.abc import Callable
from uuid import UUID

from haetae.clock import Clock
from haetae.database.approval_store import ApprovalStore
from haetae.domain.action import Action, Approval
from haetae.domain.delivery import Delivery, Occurrence, Settlement
from haetae.domain.notice import NoticeKind, NoticeQuestion
from haetae.domain.rule import Directory, Recipient, RecipientKind
from haetae.notifications.composing import APPROVAL
from haetae.notifications.rules import NeedsTarget, lanes
from haetae.pipeline.acting.telling import Outbox, new_delivery
from haetae.pipeline.approval_links import ApprovalLinks

MOST_ASKED = 50


class AskPeople:
    """Whoever controls the event's camera may decide (`deciders`), and is written to at the address of the account. Where nobody can be,
    `unheard` is told, once for each question: the rules for system events reach whom they reach, and the console shows it anyway."""

    def __init__(
        self,
        store: ApprovalStore,
        outbox: Outbox,
        clock: Clock,
        *,
        needs_target: NeedsTarget,
        deciders: Callable[[UUID], frozenset[UUID]],
        unheard: Callable[[Approval], None],
        wake: Callable[[], None],
    ) -> None:
        """`deciders` gives the users who may decide about a camera's events; it may wait for the database."""
        self._store = store
        self._outbox = outbox
        self._clock = clock
        self._needs_target = needs_target
        self._deciders = deciders
        self._unheard = unheard
        self._wake = wake

    def expire(self) -> list[Action]:
        """End what nobody decided in time."""
        return self._store.expire()

    def waiting(self) -> int:
        """How many nobody has decided yet."""
        return self._store.waiting()

    def tell(self) -> list[Action]:
        """Write to people about what nobody was written to about. Killed in between it is written again, and the outbox takes it once."""
        asked = self._store.untold()
        if not asked:
            return []
        directory = self._outbox.directory()
        for approval in asked:
            self._store.prepare(approval.id)
            rows = self._rows(approval, directory)
            if rows:
                self._outbox.settle(Settlement({}, new=tuple(rows)))
            else:
                self._unheard(approval)
            self._store.told(approval.id, len({row.user_id for row in rows}))
        self._wake()
        return [approval.action for approval in asked]

    def _rows(self, approval: Approval, directory: Directory) -> list[Delivery]:
        action = approval.action
        occurrence: Occurrence | None = self._outbox.occurrences([action.event_id]).get(action.event_id)
        if occurrence is None:
            return []
        people = sorted(self._deciders(action.camera_id), key=lambda each: each.int)[:MOST_ASKED]
        recipients = [Recipient(RecipientKind.USER, str(user_id)) for user_id in people]
        channels = [each.id for each in directory.channels.values() if each.enabled and self._needs_target(each.kind)]
        found = lanes(channels, recipients, occurrence.event, directory, self._needs_target)
        stage, now = f"{APPROVAL}{approval.id}", self._clock.now()
        return [
            new_delivery(occurrence, lane, user_id, kind=NoticeKind.APPROVAL, stage=stage, at=now)
            for lane, user_id in found.items()
            if user_id is not None
        ]


def asker(store: ApprovalStore, links: ApprovalLinks, name_of: Callable[[Action], str]) -> Callable[[UUID, UUID], NoticeQuestion | None]:
    """What a person is asked, as a message says it. `name_of` gives the name of an action's target."""

    def ask(approval_id: UUID, user_id: UUID) -> NoticeQuestion | None:
        asked = store.asked(approval_id, user_id)
        if asked is None:
            return None
        action = asked.approval.action
        url = links.url(approval_id, user_id)
        return NoticeQuestion(
            action=action.kind.value,
            target=name_of(action),
            # On one line each: nothing that a model wrote looks like a line of the message.
            text=" ".join(action.planned.text.split()),
            reason=" ".join(action.planned.reason.split()),
            needed=asked.approval.needed,
            expires_at=asked.approval.expires_at,
            url=url,
            code=asked.code if url else "",
        )

    return ask
