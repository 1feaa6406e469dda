"""Turns the address a socket is about to connect to into a permission, or a refusal.

The guard stands at the socket's creation: after every name was resolved, on every hop, whatever
way the address was spelt, so nothing can change between the check and the connect.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

# IPv6 ranges that carry an IPv4 address inside: (range, how many bits stand right of it).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")  # RFC 8215: a local network's own
_COMPATIBLE = ipaddress.IPv6Network("::/96")  # RFC 4291 2.5.5.1, deprecated
_TRANSLATED = ipaddress.IPv6Network("::ffff:0:0:0/96")  # RFC 2765, SIIT
_SITE_LOCAL = ipaddress.IPv6Network("fec0::/10")  # RFC 3879, deprecated
_SHARED = ipaddress.IPv4Network("100.64.0.0/10")  # RFC 6598, carrier-grade NAT
_RELAY = ipaddress.IPv4Network("192.88.99.0/24")  # RFC 7526, the 6to4 relays


class AddressRefused(OSError):
    """A connect to an address that is not public, and that nothing allows."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is not a public address")
        self.address = address


@lru_cache(maxsize=256)
def networks(permissions: tuple[str, ...]) -> tuple[IPNetwork, ...]:
    """The networks (CIDR, or single addresses) that `permissions` names.

    Raises ValueError for a text that is no network.
    """
    return tuple(ipaddress.ip_network(text.strip(), strict=False) for text in permissions)


def embedded_address(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address really leads to, if it carries one.

    Knows IPv4-mapped, -translated and -compatible addresses, NAT64, 6to4 and Teredo.
    """
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in (_NAT64, _TRANSLATED)):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _COMPATIBLE and int(address) > 1:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def is_public(address: IPAddress) -> bool:
    """Whether `address` belongs to the public Internet (IANA's special-purpose registries)."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = embedded_address(address)
        if inner is not None:
            return is_public(inner)
        if address in _NAT64_LOCAL or address in _SITE_LOCAL:
            return False
    elif address in _SHARED or address in _RELAY:
        return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
    )


def is_allowed(address: IPAddress, allowed: Iterable[IPNetwork]) -> bool:
    """Whether a connect to `address` is permitted: it is public, or lies in an allowed network."""
    if is_public(address):
        return True
    candidates: list[IPAddress] = [address]
    if isinstance(address, ipaddress.IPv6Address):
        inner = embedded_address(address)
        if inner is not None:
            candidates = [address, inner]
    return any(
        candidate in network
        for network in allowed
        for candidate in candidates
        if candidate.version == network.version
    )


def read_address(text: str) -> IPAddress | None:
    """The IP address a host's text is in any spelling a resolver takes, or None for a name.

    `2130706433`, `0x7f.1`, `0177.0.0.1` and `[::1%lo]` are addresses as well.
    """
    plain = text.strip("[]").partition("%")[0]
    try:
        return ipaddress.ip_address(plain)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(plain))
    except (OSError, UnicodeError, ValueError):
        return None


class Guard:
    """Makes the sockets of one pool: only towards addresses that its permissions allow.

    `anywhere` is for the pool that connects to nothing but one configured proxy.
    """

    def __init__(self, permissions: tuple[str, ...], *, anywhere: bool = False) -> None:
        self._allowed = networks(permissions)
        self._anywhere = anywhere

    def check(self, address: str) -> None:
        """Pass silently, or raise AddressRefused. `address` is as the socket layer gives it."""
        parsed = read_address(address)
        if parsed is None or not is_allowed(parsed, self._allowed):
            raise AddressRefused(address)

    def socket(self, info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        """The socket for one row of getaddrinfo; raises AddressRefused before it exists."""
        family, kind, protocol, _, sockaddr = info
        if not self._anywhere:
            self.check(str(sockaddr[0]))
        return socket.socket(family=family, type=kind, proto=protocol)


# Names that lead into the local network whoever resolves them (RFC 6761, RFC 6762, RFC 8375).
_LOCAL_SUFFIXES = (
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "localdomain",
    "home.arpa",
    "test",
    "invalid",
)


def is_local_name(host: str) -> bool:
    """Whether a host's name can only mean something inside a network (no dot, `.local`, …)."""
    name = host.rstrip(".").lower()
    if "." not in name:
        return True
    return any(name.endswith("." + suffix) for suffix in _LOCAL_SUFFIXES)
