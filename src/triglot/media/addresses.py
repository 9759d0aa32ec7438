"""Which addresses of the network a client may make triglot connect to.

A name is looked up once; every address it has is judged; and the judged address is the one that is connected to, so a name that changes its
mind in between (DNS rebinding) gains nothing. Numbers in odd notations (`0x7f.1`, `2130706433`) are names here like any other: what they
resolve to is what counts.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

Judge: TypeAlias = "Callable[[IPv4Address | IPv6Address], bool]"
LookUp: TypeAlias = "Callable[[str, int], Awaitable[Sequence[str]]]"

_UNICAST: Final = IPv6Network("2000::/3")
"""All that is handed out of IPv6. It excludes mapped and translated IPv4 addresses (::ffff:0:0/96, 64:ff9b::/96)."""


class ForbiddenAddressError(Exception):
    """A host has an address that is not on the public internet."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address belongs to the public internet: not private, loopback, link-local, multicast, reserved or IPv4 in disguise."""
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    if isinstance(address, IPv4Address):
        return True
    return address in _UNICAST and address.sixtofour is None and address.teredo is None


async def look_up(host: str, port: int) -> list[str]:
    """The numeric addresses of a host, as the system knows them.

    Raises:
        OSError: it has none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedResolver:
    """Looks hosts up for `Transport`, and refuses those with an address that is not to be connected to.

    Args:
        judge: says which addresses are fine.
        look_up: host and port to numeric addresses.
    """

    def __init__(self, judge: Judge = is_public, look_up: LookUp = look_up) -> None:
        self._judge = judge
        self._look_up = look_up

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of the host, each of them judged.

        Raises:
            ForbiddenAddressError: one of them is not to be connected to.
            OSError: it has none.
        """
        addresses = await self._look_up(host, port)
        if not all(self._judge(ip_address(address)) for address in addresses):
            raise ForbiddenAddressError
        return addresses
