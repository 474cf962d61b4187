"""Connections of channels: to addresses that the site's policy allows, and to nothing else."""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address

from haetae.errors import ConfigError, DeliveryError, SourceUnavailable
from haetae.notifications.base import Reach


async def reachable(reach: Reach, host: str) -> tuple[IPv4Address | IPv6Address, ...]:
    """The addresses of a host, resolved now and all of them allowed. Raises DeliveryError: an admin may mend it, so it is tried again."""
    try:
        return tuple(await asyncio.to_thread(reach, host))
    except (ConfigError, SourceUnavailable) as error:
        raise DeliveryError(error.message, hint=error.hint) from error


async def connected(reach: Reach, host: str, port: int, timeout_s: float) -> socket.socket:
    """A socket to the first address of the host that takes a connection. Raises DeliveryError."""
    addresses = await reachable(reach, host)
    failure: Exception | None = None
    for address in addresses:
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setblocking(False)
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.get_running_loop().sock_connect(made, (str(address), port))
        except (OSError, TimeoutError) as error:
            made.close()
            failure = error
        except BaseException:
            made.close()
            raise
        else:
            return made
    raise DeliveryError(f"{host}:{port} cannot be reached", hint="Check that it runs, and its port") from failure
