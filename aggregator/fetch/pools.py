"""Turns a set of permissions into the connections that may serve it, and no other set."""

from __future__ import annotations

import asyncio

from aggregator.fetch.addresses import BadAddress
from aggregator.fetch.guard import (
    AddressRefused,
    Guard,
    is_allowed,
    is_local_name,
    networks,
    read_address,
)
from aggregator.fetch.resolver import Resolver
from aggregator.fetch.wire import Pool
from aggregator.model import FetchSettings

_PROXY_SCHEMES = ("http://", "https://")


class Pools:
    """Connections by permission set and proxy, opened when first needed.

    A connection made under wide permissions is thus never found by a request with narrow ones.
    """

    def __init__(self, settings: FetchSettings) -> None:
        self._settings = settings
        self._pools: dict[tuple[tuple[str, ...], str | None], Pool] = {}
        self._resolver = Resolver()

    def pool(self, permissions: tuple[str, ...], proxy: str | None) -> Pool:
        """The pool for requests under `permissions` through `proxy`. Raises BadAddress."""
        found = self._pools.get((permissions, proxy))
        return found if found is not None else self._open(permissions, proxy)

    def _open(self, permissions: tuple[str, ...], proxy: str | None) -> Pool:
        if proxy is not None and not proxy.lower().startswith(_PROXY_SCHEMES):
            raise BadAddress("proxy", "a proxy must be an http:// or https:// URL")
        # The sockets of a proxied pool go to the proxy alone, which may be private.
        guard = Guard(permissions, anywhere=proxy is not None)
        pool = self._pools[permissions, proxy] = Pool(
            guard,
            self._resolver,
            max_head=self._settings.max_header_bytes,
            max_wire=self._settings.max_wire_bytes,
            idle_timeout=self._settings.idle_timeout,
        )
        return pool

    async def check_target(self, host: str, permissions: tuple[str, ...]) -> None:
        """Refuse a private target behind a proxy. Raises AddressRefused.

        A name is resolved here as well as this machine can; one that only the proxy can resolve
        passes unless it is local by its form.
        """
        allowed = networks(permissions)
        literal = read_address(host)
        if literal is not None:
            if not is_allowed(literal, allowed):
                raise AddressRefused(host)
            return
        try:
            rows = await self._resolver.resolve(host)
        except (OSError, UnicodeError):
            if is_local_name(host):
                raise AddressRefused(host) from None
            return
        for row in rows:
            address = read_address(row["host"])
            if address is None or not is_allowed(address, allowed):
                raise AddressRefused(row["host"])

    async def close(self) -> None:
        """Close every connection and let the resolver's threads go."""
        pools = list(self._pools.values())
        self._pools.clear()
        await asyncio.gather(*(pool.close() for pool in pools))
        self._resolver.stop()
