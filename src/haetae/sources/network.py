"""What sources over a network share: they connect where the policy lets them, and nowhere else."""

from collections.abc import Callable

from haetae.errors import ConfigError, SourceUnavailable
from haetae.sources.addresses import Address
from haetae.sources.policy import SourcePolicy, Target, take_apart
from haetae.sources.reader import AvSource
from haetae.sources.redirects import HOPS, choose, follow
from haetae.telemetry import redact_url

AskRedirect = Callable[[Target, Address, float], str | None]


class NetworkSource(AvSource):
    """Adds to AvSource the way to a numeric address that the policy allows."""

    def _reach(self, policy: SourcePolicy, target: Target) -> Address:
        """The address to connect to now. Raises SourceUnavailable for what the policy refuses and for what cannot be resolved."""
        try:
            policy.check_kind(target.url)
            return choose(policy.reach(target), target.port, self._options.connect_timeout_s)
        except ConfigError as error:
            raise self._refused(error) from error

    def _target(self) -> Target:
        try:
            return take_apart(self._url)
        except ConfigError as error:
            raise self._refused(error) from error

    def _moved(self, target: Target, address: Address, ask: AskRedirect) -> Target | None:
        """Where the server sends its callers, not checked yet; None for nowhere, and where it does not say. Raises SourceUnavailable."""
        try:
            location = ask(target, address, self._options.connect_timeout_s)
        except OSError:
            # FFmpeg finds the same, and has the better words for it.
            return None
        try:
            return None if location is None else follow(target, location)
        except ConfigError as error:
            raise self._refused(error) from error

    def _too_many_hops(self) -> SourceUnavailable:
        return SourceUnavailable(
            f"cannot open {redact_url(self._url)}: it redirects more than {HOPS} times", hint="Give the address that it leads to."
        )

    def _refused(self, error: ConfigError) -> SourceUnavailable:
        return SourceUnavailable(f"cannot open {redact_url(self._url)}: {error.message}", hint=error.hint, permanent=True)
