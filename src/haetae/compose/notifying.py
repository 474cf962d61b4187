"""Builds what tells people of events."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

from haetae.clock import Clock
from haetae.database.channel_store import ChannelStore
from haetae.database.engine import Sessions
from haetae.database.outbox_store import OutboxStore
from haetae.notifications.base import ChannelParts
from haetae.notifications.channel_set import maker, needs_target
from haetae.notifications.composing import Ask, Composer, Picture, Words
from haetae.notifications.engine import EngineOptions, NotificationEngine
from haetae.notifications.lane import Limits
from haetae.pipeline.notifier import Notifier
from haetae.pipeline.ticker import Ticker
from haetae.pipeline.unsubscribe_links import UnsubscribeLinks
from haetae.settings import NotificationSettings, SystemConfig
from haetae.sources.address_policy import AddressPolicy, AddressRules
from haetae.vault import Vault
from haetae.vlm.evidence import lead

_PRUNE_EVERY_S = 3600.0
_PRUNED_AT_ONCE = 500
_FORGET_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class Telling:
    """The parts that tell people. `outbox` is for who has something to tell beside the rules."""

    notifier: Notifier
    outbox: OutboxStore
    links: UnsubscribeLinks
    wake: Callable[[], None]


def start_telling(
    config: SystemConfig, clock: Clock, sessions: Sessions, picture: Picture, vault: Vault, opened: ExitStack, *, ask: Ask, words: Words
) -> Telling:
    """Start the engine, to be closed by `opened`. Where notifications are switched off all of it is there, and nothing is sent."""
    settings = config.notifications
    outbox = OutboxStore(sessions, clock, vault)
    ChannelStore(sessions, clock, vault).seal_all()
    links = UnsubscribeLinks(config.api.public_url, vault)
    composer = Composer(config.site.name, config.api.public_url, picture, links.url, lead, config.vlm.language, ask, words)
    parts = channel_parts(settings)
    options = EngineOptions(dedup_s=settings.dedup_s, digest_s=settings.digest_s, give_up_s=settings.give_up_h * 3600.0)
    engine = NotificationEngine(outbox, maker(parts), composer, clock, needs_target=needs_target, options=options)
    notifier = Notifier(
        engine,
        composer,
        parts,
        clock,
        needs_target=needs_target,
        limits=Limits(settings.dedup_s, settings.digest_s),
        directory=outbox.directory,
        recent=outbox.recent,
        enabled=settings.enabled,
    )
    if settings.enabled:
        # The site's lock is held: whoever was sending before was killed.
        outbox.release_all()
        engine.start()
        opened.callback(engine.close)
    else:
        forgetting = Ticker("forget news", _FORGET_EVERY_S, outbox.forget_news, clock)
        forgetting.start()
        opened.callback(forgetting.run_once)
        opened.callback(forgetting.close)
    pruning = Ticker("prune deliveries", _PRUNE_EVERY_S, lambda: _prune(outbox, clock, settings.keep_days), clock)
    pruning.start()
    opened.callback(pruning.close)
    outward = outbox if settings.enabled else OutboxStore(sessions, clock, vault, mute=True)
    return Telling(notifier, outward, links, engine.wake)


def channel_parts(settings: NotificationSettings) -> ChannelParts:
    """What channels may use of the rest of the site. Raises ConfigError for networks that are none."""
    rules = AddressRules(
        "notifications",
        "nobody is told by way of it",
        settings.allow_loopback,
        settings.allow_link_local,
        settings.allowed_networks,
    )
    return ChannelParts(AddressPolicy(rules).reach)


def _prune(outbox: OutboxStore, clock: Clock, keep_days: float) -> None:
    """Some of what is too old; the rest at the next time."""
    before = clock.now() - timedelta(days=keep_days)
    for _ in range(20):
        if outbox.prune(before, _PRUNED_AT_ONCE) < _PRUNED_AT_ONCE:
            return
