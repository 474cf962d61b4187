"""Which machines may be connected to on somebody's behalf: one judge for the addresses of cameras and of webhooks (DESIGN.md, promise 4).

What `reach` answers, numeric addresses, is what is to be connected to: a name that meant something harmless when it was checked may mean
this machine by now (DNS rebinding).
"""

import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from haetae.errors import ConfigError, SourceUnavailable
from haetae.sources.addresses import Address, AddressKind, Network, kind_of, meant, numeric
from haetae.sources.patience import in_time

Resolve = Callable[[str], Iterable[str]]
"""From a name to its numeric addresses, most wanted first. Raises OSError. May hang: it is called on a thread of its own."""

_LOOKUPS = 64
_NEEDS = {AddressKind.LOOPBACK: "allow_loopback", AddressKind.LINK_LOCAL: "allow_link_local"}


def system_resolve(name: str) -> list[str]:
    """What the machine's own resolver says, in the order in which it would have them tried."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What is allowed beside ordinary addresses. `section` is where the configuration says so, `purpose` what is refused otherwise, such as
    "cameras may not be read from there"."""

    section: str
    purpose: str
    allow_loopback: bool = False
    allow_link_local: bool = False
    allowed_networks: tuple[str, ...] = ()


class AddressPolicy:
    """Safe to call from any thread. Raises ConfigError when made from networks that are none."""

    def __init__(self, rules: AddressRules, *, resolve: Resolve = system_resolve, resolve_timeout_s: float = 5.0) -> None:
        self._rules = rules
        self._resolve = resolve
        self._resolve_timeout_s = resolve_timeout_s
        self._networks = tuple(_network(text, rules.section) for text in rules.allowed_networks)

    def reach(self, host: str) -> tuple[Address, ...]:
        """The addresses of the host, resolved now, all of them allowed. May wait for a name server.

        Raises ConfigError when one is not allowed, SourceUnavailable when the name cannot be resolved.
        """
        addresses = self._addresses(host)
        for address in addresses:
            self._refuse(host, address)
        return addresses

    def _addresses(self, host: str) -> tuple[Address, ...]:
        if (address := numeric(host)) is not None:
            return (address,)
        try:
            found = in_time(lambda: tuple(self._resolve(host)), name="resolver", timeout_s=self._resolve_timeout_s, most=_LOOKUPS)
            addresses = tuple(ipaddress.ip_address(text.partition("%")[0]) for text in found)
        except TimeoutError as error:
            raise SourceUnavailable(
                f"the name {host!r} was not resolved in time", hint="Check the name server, or give an address"
            ) from error
        except (OSError, ValueError) as error:
            raise _unknown_host(host) from error
        if not addresses:
            raise _unknown_host(host)
        return addresses

    def _refuse(self, host: str, address: Address) -> None:
        kind, rules = kind_of(address), self._rules
        shown = host if host.strip("[]") == str(meant(address)) else f"{host} ({meant(address)})"
        if kind in _NEEDS:
            key = _NEEDS[kind]
            if not getattr(rules, key):
                raise ConfigError(f"{shown} is {kind}, and {rules.purpose}", hint=f"To allow it: {rules.section}.{key} = true")
        elif kind is not AddressKind.ORDINARY:
            raise ConfigError(f"{shown} is {kind}, and nothing of this kind has one", hint="Give the machine's own address")
        if self._networks and not any(one in network for one in (address, meant(address)) for network in self._networks):
            raise ConfigError(
                f"{shown} is in none of the allowed networks: {rules.purpose}",
                hint=f"To allow it, add its network to {rules.section}.allowed_networks",
            )


def _network(text: str, section: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ConfigError(f"{section}.allowed_networks holds {text!r}: {error}", hint="Write networks like 192.168.7.0/24") from None


def _unknown_host(host: str) -> SourceUnavailable:
    return SourceUnavailable(f"the host {host!r} is unknown", hint="Check the host's name, or give its address")
