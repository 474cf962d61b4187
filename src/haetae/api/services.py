"""What the routes are given; made by `compose`, read through `dependencies`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from haetae.api.assistant_desk import AssistantDesk
    from haetae.api.auth.accounts import Accounts
    from haetae.api.auth.authenticator import Authenticator
    from haetae.api.auth.tickets import Tickets
    from haetae.api.auth.viewers import Viewers
    from haetae.api.live_events import LiveEvents
    from haetae.api.severity_desk import SeverityDesk
    from haetae.api.site_access import SiteAccess
    from haetae.clock import Clock
    from haetae.database.account_store import AccountStore
    from haetae.database.api_key_store import ApiKeyStore
    from haetae.database.audit_reader import AuditReader
    from haetae.database.channel_store import ChannelStore
    from haetae.database.delivery_reader import DeliveryReader
    from haetae.database.group_store import GroupStore
    from haetae.database.opt_outs import OptOutStore
    from haetae.database.prompt_store import PromptStore
    from haetae.database.rule_store import RuleStore
    from haetae.database.scoped.actions import ScopedActions
    from haetae.database.scoped.analyses import ScopedAnalyses
    from haetae.database.scoped.approvals import ScopedApprovals
    from haetae.database.scoped.cameras import ScopedCameras
    from haetae.database.scoped.event_deliveries import ScopedDeliveries
    from haetae.database.scoped.events import ScopedEvents
    from haetae.database.scoped.incidents import ScopedIncidents
    from haetae.database.scoped.plans import ScopedPlans
    from haetae.database.scoped.site_notes import ScopedSiteNotes
    from haetae.database.scoped.statistics import ScopedStatistics
    from haetae.database.target_store import TargetStore
    from haetae.domain.delivery import Occurrence
    from haetae.domain.event import AnomalyEvent
    from haetae.domain.viewer import Viewer
    from haetae.media.blobs import StorageLayout
    from haetae.notifications.base import Reach
    from haetae.pipeline.acting.engine import Acting
    from haetae.pipeline.approval_links import ApprovalLinks
    from haetae.pipeline.live_feed import LiveFeeds
    from haetae.pipeline.look_desk import LookDesk
    from haetae.pipeline.meaning import SearchDesk
    from haetae.pipeline.notifier import Notifier
    from haetae.pipeline.playbook_desk import PlaybookDesk
    from haetae.pipeline.score_minutes import ScoreMinutes
    from haetae.pipeline.unsubscribe_links import UnsubscribeLinks
    from haetae.settings import SystemConfig


@dataclass(frozen=True, slots=True)
class Services:
    """Everything behind the routes. All of it may be called from any thread; nothing of it needs an event loop but what says so."""

    config: "SystemConfig"
    clock: "Clock"
    layout: "StorageLayout"
    authenticator: "Authenticator"
    """token or key -> Viewer."""
    accounts: "Accounts"
    """Log-in, refresh, registration, passwords, the set-up code."""
    account_store: "AccountStore"
    """Users, grants and one-time codes."""
    api_keys: "ApiKeyStore"
    tickets: "Tickets"
    cameras: "ScopedCameras"
    events: "ScopedEvents"
    search: "SearchDesk"
    """Events by relevance."""
    analyses: "ScopedAnalyses"
    actions: "ScopedActions"
    approvals: "ScopedApprovals"
    incidents: "ScopedIncidents"
    acting: "Acting"
    """Does what was planned; `wake` tells it that something is new."""
    targets: "TargetStore"
    """What actions can reach. For admins."""
    approval_links: "ApprovalLinks"
    viewers: "Viewers"
    """Who stands behind a link."""
    reach: "Reach"
    """The site's policy for what is told of events. It may wait for a name server."""
    site_notes: "ScopedSiteNotes"
    prompts: "PromptStore"
    severity: "SeverityDesk"
    """The severity policy: stored, checked, tried on past events, put into force."""
    looking: "LookDesk"
    """Who looks at events: status, and what a model would be told."""
    playbooks: "PlaybookDesk"
    """Playbooks: read, check, compare, rehearse, put in force. Asks nobody who is looking: for admins."""
    plans: "ScopedPlans"
    """The plans that were made for events."""
    assistant: "AssistantDesk"
    """Who answers questions about the site."""
    statistics: "ScopedStatistics"
    audit: "AuditReader"
    site: "SiteAccess"
    """The running cameras: status and commands."""
    score_minutes: "ScoreMinutes"
    """The greatest score of each minute of the last day."""
    feeds: "LiveFeeds"
    """The newest picture, heat map and packets of each running camera."""
    live: "LiveEvents"
    """What WebSockets are told."""
    rules: "RuleStore"
    channels: "ChannelStore"
    groups: "GroupStore"
    opt_outs: "OptOutStore"
    deliveries: "DeliveryReader"
    event_deliveries: "ScopedDeliveries"
    notifier: "Notifier"
    """Tries, rehearses and previews; `wake` tells it that something is new."""
    unsubscribe_links: "UnsubscribeLinks"
    occurrence: "Callable[[UUID], Occurrence | None]"
    """An event as those who tell people of it see it. Asks nobody who is looking: for admins."""
    missed_events: "Callable[[Viewer, UUID, int], Sequence[AnomalyEvent]]"
    """(viewer, event id, limit) -> the events that began after that one, oldest first."""
    readiness: Callable[[], Sequence[str]]
    """What is not ready, in words."""
    render_metrics: Callable[[], tuple[bytes, str]]
    """Prometheus metrics and their content type."""
