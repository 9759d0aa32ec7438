"""Which hosts a client may make triglot connect to."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from triglot.media.addresses import ForbiddenAddressError, GuardedResolver, is_public, look_up

if TYPE_CHECKING:
    from collections.abc import Sequence

PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "172.15.255.255", "172.32.0.1", "100.63.0.1", "2606:4700::1111", "2a00:1450:4001::200e"]
FORBIDDEN = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:808:808::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "100::1",
    "fc00::1",
    "fd12:3456:789a::1",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
    "4000::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", FORBIDDEN)
def test_other_addresses(address: str) -> None:
    assert not is_public(ip_address(address))


def resolve(*addresses: str) -> Sequence[str]:
    async def known(host: str, port: int) -> list[str]:
        assert (host, port) == ("host.example", 443)
        return list(addresses)

    return asyncio.run(resolve_with(GuardedResolver(look_up=known)))


async def resolve_with(resolver: GuardedResolver) -> Sequence[str]:
    return await resolver("host.example", 443)


def test_a_host_is_known_by_all_its_addresses() -> None:
    assert resolve("1.1.1.1", "2606:4700::1111") == ["1.1.1.1", "2606:4700::1111"]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_one_forbidden_address_is_one_too_many(address: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        resolve("1.1.1.1", address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "localhost", "::1", "::ffff:127.0.0.1", "0"],
)
def test_every_notation_of_loopback_is_seen_through(host: str) -> None:
    async def guarded() -> None:
        try:
            found = await look_up(host, 80)
        except OSError:
            return  # not an address for this system: nothing to connect to
        assert found
        with pytest.raises(ForbiddenAddressError):
            await GuardedResolver()(host, 80)

    asyncio.run(guarded())
