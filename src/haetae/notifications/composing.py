"""From rows of the outbox to the message that they go out in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from haetae.domain.delivery import Claim, Delivery, Occurrence
from haetae.domain.event import SITE, AnomalyEvent, EventKind, Verdict
from haetae.domain.notice import Change, Notice, NoticeEvent, NoticeKind, NoticeQuestion
from haetae.domain.rule import Directory, Rule
from haetae.notifications.fact_words import fact_sentence
from haetae.notifications.planning import ALERT, SEVERITY, is_settled, stages_of
from haetae.notifications.rules import may_see
from haetae.notifications.templates import NoticeContent, TemplateOverride, make_notice

Picture = Callable[[AnomalyEvent], bytes | None]
"""A JPEG of an event: its thumbnail, or what its camera shows now; None where there is neither. May wait for the disk."""

Ask = Callable[[UUID, UUID], NoticeQuestion | None]
"""(approval, user) -> what that user is asked; None where there is nothing to decide any more. May wait for the database."""

Words = Callable[[Delivery], str]
"""What a response has to say to the readers of a row that it made; empty where it says nothing. May wait for the database."""

APPROVAL = "approval:"
"""Begins the stage of a row that asks for an approval; its id follows."""

_MOST_FACTS = 5


@dataclass(frozen=True, slots=True)
class Composer:
    """`console_url` is where people find the console, empty where nobody said; `unsubscribe_url` makes the link by which a target leaves
    the digests of a channel; `describe` says in a language what sort of event it is, where no model has; `language` is that of messages
    which no rule asks for, `ask` what somebody is asked to approve of, `words` what
    a response has to say. Safe to call from any thread; it may wait for a picture."""

    site: str
    console_url: str
    picture: Picture
    unsubscribe_url: Callable[[UUID, str], str] = lambda _channel_id, _target: ""
    describe: Callable[[AnomalyEvent, str], str] = lambda _event, _language: ""
    language: str = "en"
    ask: Ask = lambda _approval_id, _user_id: None
    words: Words = lambda _row: ""

    def is_moot(self, row: Delivery) -> bool:
        """Whether a row asks what is decided, or cannot be decided by its reader."""
        return row.kind is NoticeKind.APPROVAL and self._question(row) is None

    def _question(self, row: Delivery) -> NoticeQuestion | None:
        if row.kind is not NoticeKind.APPROVAL or row.user_id is None:
            return None
        return self.ask(UUID(row.stage.removeprefix(APPROVAL)), row.user_id)

    def compose(
        self, claim: Claim, occurrences: Mapping[UUID, Occurrence], directory: Directory, *, now: datetime, reply_to: str | None
    ) -> Notice:
        """The message for these rows, at least one, all of which have an occurrence."""
        first = max(claim.rows, key=lambda row: row.severity.rank)
        rule = rule_of(first, directory, self.language)
        digest = claim.rows[0].digest
        events = tuple(
            self.notice_event(occurrences[event_id], rule) for event_id in dict.fromkeys(row.event_id for row in claim.rows) if event_id
        )
        picture = None
        if rule.include_picture and not digest and first.event_id is not None:
            picture = self.picture(occurrences[first.event_id].event)
        content = NoticeContent(
            kind=NoticeKind.DIGEST if digest else first.kind,
            language=rule.language,
            site=self.site,
            events=events,
            change=None if digest else _change(first, occurrences),
            held_back=len(claim.counted),
            time_zone=rule.time_zone,
            created_at=now,
            severity=max((event.severity for event in events), key=lambda severity: severity.rank),
            has_picture=picture is not None,
            unsubscribe_url=self.unsubscribe_url(claim.lane.channel_id, claim.lane.target) if digest and claim.lane.target else "",
            question=self._question(first),
            words=self.words(first) if first.rule_id is None and not digest else "",
        )
        override = None if digest or first.kind is not NoticeKind.ALERT else override_of(rule)
        return make_notice(content, id=claim.message_key, target=claim.lane.target, picture=picture, reply_to=reply_to, override=override)

    def notice_event(self, occurrence: Occurrence, rule: Rule) -> NoticeEvent:
        """An event as this rule's readers see it."""
        event = occurrence.event
        url = f"{self.console_url.rstrip('/')}/events/{event.id}" if self.console_url else ""
        lasted = (event.ended_at - event.timestamp).total_seconds() if event.ended_at is not None else None
        return NoticeEvent(
            id=event.id,
            camera_id=event.camera_id,
            camera=occurrence.camera_name or ("" if event.camera_id == SITE else str(event.camera_id)),
            type=event.shown_type,
            severity=event.severity,
            began_at=event.timestamp,
            duration_s=lasted,
            score=event.vad_score,
            description=_description(event) or event.detail or self.describe(event, rule.language),
            facts=tuple(fact_sentence(fact, rule.language) for fact in event.facts[:_MOST_FACTS]),
            review=occurrence.review.value,
            acknowledged=occurrence.acknowledged,
            url=url,
            clip_url=f"{url}#clip" if url and rule.include_clip_link and event.kind is not EventKind.SYSTEM else "",
        )


def _description(event: AnomalyEvent) -> str:
    """What a model says of the event. Words for the facts alone are not it: the facts follow in the reader's own language."""
    by_model = event.verdict is not Verdict.UNVERIFIED or event.vlm_type is not None or event.vlm_confidence is not None
    return event.vlm_description or "" if by_model else ""


def override_of(rule: Rule) -> TemplateOverride | None:
    """The texts of the rule's own, None where it has none."""
    if rule.title_template is None and rule.text_template is None:
        return None
    return TemplateOverride(title=rule.title_template, text=rule.text_template)


def rule_of(row: Delivery, directory: Directory, language: str = "en") -> Rule:
    """The rule by which a row is told. Where it was deleted since, what was promised goes out in the plainest form; a row that no rule made
    (a response did) is told in `language`, with a picture."""
    found = next((rule for rule in directory.rules if rule.id == row.rule_id), None)
    return found or Rule(row.rule_id or row.id, "", language=language, include_picture=row.rule_id is None)


def nothing_left(row: Delivery, occurrence: Occurrence | None, directory: Directory) -> str | None:
    """Why a row need not or must not be told any more, None where it is to be."""
    if occurrence is None:
        return "the event is gone"
    if row.user_id is not None:
        person = directory.people.get(row.user_id)
        if person is None or not may_see(person, occurrence.event):
            return "the recipient may not see this camera any more"
    if row.kind is NoticeKind.ESCALATION and is_settled(occurrence):
        return "somebody has seen to it"
    if row.digest and (row.channel_id, row.target) in directory.opted_out:
        return "the recipient wants no digests"
    return None


def told_by(claim: Claim, occurrences: Mapping[UUID, Occurrence]) -> dict[UUID, Sequence[str]]:
    """What the message says of each row's event, for updates to come."""
    return {
        row.id: tuple(stages_of(occurrences[row.event_id]))
        for row in claim.rows
        if row.event_id is not None and row.event_id in occurrences
    }


def _change(row: Delivery, occurrences: Mapping[UUID, Occurrence]) -> Change | None:
    if row.kind is not NoticeKind.UPDATE or row.event_id is None or row.stage == ALERT:
        return None
    if row.stage.startswith(SEVERITY):
        return Change.SEVERITY
    return stages_of(occurrences[row.event_id]).get(row.stage)
