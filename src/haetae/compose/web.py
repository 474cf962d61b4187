"""Builds a site with its API: the running cameras, and everything behind the routes."""

from uuid import UUID

from haetae.api.auth.accounts import Accounts
from haetae.api.auth.authenticator import Authenticator
from haetae.api.auth.keys import SigningKeys
from haetae.api.auth.login_limits import LoginLimits
from haetae.api.auth.passwords import Passwords
from haetae.api.auth.tickets import Tickets
from haetae.api.auth.tokens import AccessTokens
from haetae.api.auth.viewers import Viewers
from haetae.api.live_events import LiveEvents
from haetae.api.services import Services
from haetae.api.severity_desk import SeverityDesk
from haetae.api.site_access import SiteAccess
from haetae.clock import Clock, SystemClock
from haetae.compose.acting import desk_of
from haetae.compose.assisting import make_assistant
from haetae.compose.notifying import channel_parts
from haetae.compose.site import Running, Site
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
from haetae.database.scoped.event_stream import events_after
from haetae.database.scoped.events import ScopedEvents
from haetae.database.scoped.incidents import ScopedIncidents
from haetae.database.scoped.plans import ScopedPlans
from haetae.database.scoped.severity_history import past_events
from haetae.database.scoped.site_notes import ScopedSiteNotes
from haetae.database.scoped.statistics import ScopedStatistics
from haetae.database.session_store import SessionStore
from haetae.database.severity_store import SeverityStore
from haetae.domain.event import AnomalyEvent
from haetae.domain.viewer import Viewer
from haetae.pipeline.approval_requests import ViewersRequests
from haetae.pipeline.ticker import Ticker
from haetae.settings import SystemConfig
from haetae.time_zone import local_time_zone
from haetae.vault import key_folder

_TIDY_S = 60.0


class Web:
    """`start` once, `close` once; `services` between."""

    def __init__(self, config: SystemConfig, clock: Clock | None = None) -> None:
        """Opens nothing yet."""
        self._clock = clock or SystemClock()
        self._live = LiveEvents(self._clock, max_clients=config.api.max_clients)
        live = self._live
        self.site = Site(config, self._clock, watchers=(live.for_camera,), tell=live.publish_event, changed=live.event_changed)
        self._services: Services | None = None
        self._tidy: Ticker | None = None

    def start(self) -> None:
        """Raises HaetaeError; then nothing stays open."""
        self.site.start()
        try:
            self._services = services = self._build(self.site.running)
            self._tidy = Ticker("accounts", _TIDY_S, services.accounts.tidy, self._clock)
            self._tidy.start()
        except BaseException:
            self.site.close()
            raise

    def close(self) -> None:
        if self._tidy is not None:
            self._tidy.close()
        self.site.close()

    @property
    def services(self) -> Services:
        """What the application is made with. Raises RuntimeError before `start`."""
        if self._services is None:
            raise RuntimeError("the site has not been started")
        return self._services

    def new_setup_code(self) -> str | None:
        """A code that makes the first admin; None once there is a user."""
        accounts = self.services.accounts
        return accounts.new_setup_code().code if accounts.setup_needed() else None

    def _build(self, running: Running) -> Services:
        config, clock, sessions = self.site.config, self._clock, running.sessions
        shared = running.shared
        access = config.access
        # A player seeks in a clip for as long as its log-in lasts.
        longest_s = max(access.access_token_s, access.ticket_s)
        keys = SigningKeys(key_folder(config.storage.directory) / "jwt.json", clock, longest_life_s=longest_s)
        tokens = AccessTokens(keys, clock, life_s=access.access_token_s)
        store, api_keys = AccountStore(sessions, clock), ApiKeyStore(sessions, clock)
        viewers = Viewers(store, api_keys)
        passwords = Passwords(min_length=access.min_password_length)
        cameras, events = ScopedCameras(running.store, sessions, clock), ScopedEvents(sessions, clock)
        statistics = ScopedStatistics(sessions, clock, local_time_zone(config.site.time_zone))
        site = SiteAccess(running.cameras, lambda: self.site.status)
        parts = (cameras, events, statistics, site)

        def event_of(event_id: UUID) -> AnomalyEvent | None:
            found = running.telling.outbox.occurrences([event_id]).get(event_id)
            return None if found is None else found.event

        def again(viewer: Viewer) -> Viewer:
            return viewers.again(viewer.user_id, viewer.api_key_id)[0]

        def requests(viewer: Viewer) -> ViewersRequests:
            return ViewersRequests(lambda: again(viewer), events, event_of, running.planning.context, desk_of(running.doing))

        assistant = make_assistant(config, clock, sessions, *parts, running.looking, requests, again)
        sessions_store = SessionStore(sessions, clock, life_s=access.refresh_token_s)
        return Services(
            config=config,
            clock=clock,
            layout=shared.layout,
            authenticator=Authenticator(tokens, viewers),
            accounts=Accounts(store, sessions_store, passwords, tokens, LoginLimits(clock), access, clock),
            account_store=store,
            api_keys=api_keys,
            tickets=Tickets(keys, viewers, clock, life_s=longest_s),
            cameras=cameras,
            events=events,
            search=running.searching.desk(events),
            analyses=ScopedAnalyses(sessions, clock),
            actions=ScopedActions(sessions),
            approvals=ScopedApprovals(sessions, clock, running.vault),
            incidents=ScopedIncidents(sessions, clock),
            acting=running.doing.acting,
            targets=running.doing.asking.targets,
            approval_links=running.doing.asking.links,
            viewers=viewers,
            reach=channel_parts(config.notifications).reach,
            site_notes=ScopedSiteNotes(sessions, clock),
            prompts=PromptStore(sessions, clock),
            severity=SeverityDesk(
                SeverityStore(sessions, clock),
                past=lambda viewer, limit: past_events(sessions, viewer, limit=limit),
                zone_names=lambda: {zone.name for stored in running.store.list() for zone in stored.config.zones},
                changed=shared.severities.refresh,
            ),
            looking=running.looking.desk,
            playbooks=running.planning.desk,
            plans=ScopedPlans(sessions),
            assistant=assistant,
            statistics=statistics,
            audit=AuditReader(sessions),
            site=site,
            score_minutes=shared.minutes,
            feeds=shared.feeds,
            live=self._live,
            rules=RuleStore(sessions, clock),
            channels=ChannelStore(sessions, clock, running.vault),
            groups=GroupStore(sessions, clock),
            opt_outs=OptOutStore(sessions, clock),
            deliveries=DeliveryReader(sessions, clock),
            event_deliveries=ScopedDeliveries(sessions),
            notifier=running.telling.notifier,
            unsubscribe_links=running.telling.links,
            occurrence=lambda event_id: running.telling.outbox.occurrences([event_id]).get(event_id),
            missed_events=lambda viewer, event_id, limit: events_after(sessions, viewer, event_id, limit=limit),
            readiness=running.readiness,
            render_metrics=shared.metrics.render,
        )
