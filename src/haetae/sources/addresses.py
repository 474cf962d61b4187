"""Kinds of network addresses, whichever way they are written, and which of them the policy allows."""

import ipaddress
import re
import socket
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_V4_PARTS = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)(?:\.(?:0[xX][0-9a-fA-F]*|[0-9]+)){0,3}")

# Prefixes of IPv6 in which an IPv4 address lies, and how many bits behind it there are.
_EMBEDDINGS: tuple[tuple[IPv6Network, int], ...] = (
    (IPv6Network("::ffff:0:0/96"), 0),  # mapped, RFC 4291
    (IPv6Network("::/96"), 0),  # compatible, RFC 4291
    (IPv6Network("::ffff:0:0:0/96"), 0),  # translated, RFC 2765
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052
    (IPv6Network("64:ff9b:1::/48"), 0),  # NAT64 of a site's own, RFC 8215
    (IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056
)
_TEREDO = IPv6Network("2001::/32")

# Where clouds answer with the machine's own credentials outside of the link-local networks: Alibaba, Oracle, Azure, AWS, Google.
_METADATA = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254")))


class AddressKind(StrEnum):
    """What an address is to the machine that connects to it."""

    ORDINARY = "ordinary"
    LOOPBACK = "an address of this machine itself"
    LINK_LOCAL = "a link-local address, where cloud metadata answers too"
    UNSPECIFIED = "no address of a single host (unspecified)"
    MULTICAST = "a multicast address"
    RESERVED = "a reserved address"


def numeric(host: str) -> Address | None:
    """The address that `host` is, in any way in which the system's resolver takes one (127.1, 0x7f000001, 2130706433); None for a name."""
    text = host.removeprefix("[").removesuffix("]")
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    if _V4_PARTS.fullmatch(text):
        try:
            return IPv4Address(socket.inet_aton(text))
        except (OSError, ValueError):
            return None
    return None


def meant(address: Address) -> Address:
    """The IPv4 address that lies in an IPv6 one, else the address itself."""
    if isinstance(address, IPv4Address) or address in (IPv6Address("::"), IPv6Address("::1")):
        return address
    if address in _TEREDO:
        return IPv4Address(int(address) & 0xFFFFFFFF ^ 0xFFFFFFFF)
    for network, behind in _EMBEDDINGS:
        if address in network:
            return IPv4Address(int(address) >> behind & 0xFFFFFFFF)
    return address


def kind_of(address: Address) -> AddressKind:
    """What `address` is, seen through all ways of writing IPv4 inside IPv6."""
    inner = meant(address)
    if inner.is_loopback:
        return AddressKind.LOOPBACK
    if inner.is_link_local or inner in _METADATA:
        return AddressKind.LINK_LOCAL
    if inner.is_unspecified or (inner.version == 4 and inner in IPv4Network("0.0.0.0/8")):
        return AddressKind.UNSPECIFIED
    if inner.is_multicast:
        return AddressKind.MULTICAST
    if inner.is_reserved or (isinstance(inner, IPv6Address) and inner.is_site_local):
        return AddressKind.RESERVED
    return AddressKind.ORDINARY
