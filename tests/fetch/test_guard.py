"""The address guard: every spelling of a private address, on the first hop and behind names."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch import guard, open_fetcher
from aggregator.fetch.agent import user_agent
from aggregator.fetch.resolver import Resolver
from aggregator.model import Fetched, FetchFailed, FetchOutcome, FetchRequest, FetchSettings
from tests.fetch.loopback import LOOPBACK, START, FakeClock, Origin, Request, fetcher, reply, run

PRIVATE = """
127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1
169.254.169.254 100.64.0.1 100.127.255.255 192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1
224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 192.88.99.1
:: ::1 fe80::1 fe80::1%eth0 fec0::1 fc00::1 fd12:3456::1 ff02::1 2001:db8::1
::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:7f00:1 ::127.0.0.1 ::ffff:0:127.0.0.1
64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b:1::1 2002:7f00:1:: 2002:a00:1::1 2002:c0a8:101::
2001:0:4136:e378:8000:63bf:80ff:fffe
""".split()
PUBLIC = """
1.1.1.1 8.8.8.8 93.184.216.34 172.15.0.1 172.32.0.1 192.167.1.1 100.63.0.1 100.128.0.1
2606:4700::1111 2a00:1450::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1
""".split()
SPELLINGS = """
127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.0.0.1 0177.0.0.1 017700000001 0x7f.1
127.000.000.001 [::1] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1]
[2002:7f00:1::] [64:ff9b::7f00:1] [fe80::1%25lo] 0 0.0.0.0 localhost LOCALHOST
localhost. １２７.0.0.1 127。0。0。1 ①②⑦.0.0.1 user@127.0.0.1
user:pass@127.0.0.1 1.1.1.1@127.0.0.1 127.0.0.1.
""".split()


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_known(address: str) -> None:
    parsed = guard.read_address(address)
    assert parsed is not None
    assert not guard.is_public(parsed)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_known(address: str) -> None:
    parsed = guard.read_address(address)
    assert parsed is not None
    assert guard.is_public(parsed)


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_like_itself(inner: ipaddress.IPv4Address) -> None:
    for wrapped in (f"::ffff:{inner}", f"64:ff9b::{inner}", f"2002:{int(inner):08x}"):
        if wrapped.startswith("2002"):
            wrapped = f"2002:{wrapped[5:9]}:{wrapped[9:]}::1"
        assert guard.is_public(ipaddress.IPv6Address(wrapped)) == guard.is_public(inner)


@given(st.text(max_size=30))
def test_reading_an_address_never_raises(text: str) -> None:
    guard.read_address(text)


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_reaches_loopback_unless_it_is_allowed(host: str) -> None:
    async def go() -> tuple[FetchOutcome, int]:
        async with Origin(lambda _: reply(b"<rss/>")) as origin:
            door = fetcher(allow_private=())
            outcome = await door.fetch(FetchRequest(f"http://{host}:{origin.port}/"))
            await door.close()
            return outcome, origin.connections

    outcome, connections = run(go())
    assert isinstance(outcome, FetchFailed)
    assert outcome.reason in ("private-address", "dns", "bad-url"), outcome
    assert connections == 0


def test_a_permission_opens_its_networks_and_no_others() -> None:
    async def go() -> None:
        async with Origin(lambda _: reply(b"<rss/>"), host="127.0.0.5") as origin:
            door = fetcher(allow_private=())
            for permissions, good in (((), False), (("127.0.0.4/32",), False), (LOOPBACK, True)):
                outcome = await door.fetch(FetchRequest(origin.url(), allow_private=permissions))
                assert isinstance(outcome, Fetched if good else FetchFailed)
            await door.close()

    run(go())


def test_a_connection_of_one_permission_set_serves_no_other() -> None:
    async def slow(_: Request, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(0.02)
        writer.write(reply(b"<rss/>"))
        return True

    async def go() -> None:
        async with Origin(slow) as origin:
            door = fetcher(allow_private=(), per_host=1)
            allowed = [FetchRequest(origin.url(f"/{n}"), allow_private=LOOPBACK) for n in range(3)]
            narrow = FetchRequest(origin.url("/narrow"))
            outcomes = await asyncio.gather(*map(door.fetch, [*allowed, narrow, allowed[0]]))
            assert [type(outcome) for outcome in outcomes[:3]] == [Fetched] * 3
            assert isinstance(outcomes[3], FetchFailed)
            assert outcomes[3].reason == "private-address"
            assert origin.connections == 1, "kept and used again among equals"
            await door.close()

    run(go())


def test_a_name_that_turns_private_between_two_lookups_does_not_pass() -> None:
    # The guard sees the address that the socket connects to; there is no second lookup to win.
    async def go() -> None:
        async with Origin(lambda _: reply(b"<rss/>")) as origin:
            door = fetcher(allow_private=())
            assert hasattr(door, "_pools")
            pool = door._pools.pool((), None)
            answers = iter(["8.8.8.8", "127.0.0.1"])

            class Rebinding(Resolver):
                async def resolve(self, host: str, port: int = 0, family: Any = 0) -> Any:
                    row = {"hostname": host, "host": next(answers), "port": port, "flags": 0}
                    return [{**row, "family": socket.AF_INET, "proto": 0}]

            resolver = pool._connector._resolver = Rebinding()
            await resolver.resolve("rebind.example")  # a check made beforehand sees 8.8.8.8
            outcome = await door.fetch(FetchRequest(f"http://rebind.example:{origin.port}/"))
            assert isinstance(outcome, FetchFailed)
            assert outcome.reason == "private-address"
            assert origin.connections == 0
            await door.close()

    run(go())


def test_a_proxy_may_be_private_its_target_not() -> None:
    async def go() -> None:
        async with Origin(lambda r: reply(r.target)) as proxy:
            door = fetcher(allow_private=())
            at = f"http://u:p@127.0.0.1:{proxy.port}"
            for host, good in (
                ("1.1.1.1", True),
                ("name-only-the-proxy-knows.example", True),
                ("10.0.0.1", False),
                ("localhost", False),
                ("2130706433", False),
                ("printer.local", False),
                ("[::ffff:10.0.0.1]", False),
            ):
                outcome = await door.fetch(FetchRequest(f"http://{host}/feed", proxy=at))
                assert isinstance(outcome, Fetched if good else FetchFailed), host
                if isinstance(outcome, FetchFailed):
                    assert outcome.reason == "private-address"
            assert [r.target for r in proxy.requests] == [
                "http://1.1.1.1/feed",
                "http://name-only-the-proxy-knows.example/feed",
            ]
            assert "proxy-authorization" in proxy.requests[0].headers
            # The proxy's pool is its own: without it the same door is closed.
            outcome = await door.fetch(FetchRequest(f"http://127.0.0.1:{proxy.port}/"))
            assert isinstance(outcome, FetchFailed)
            await door.close()

    run(go())


def test_a_proxy_that_fails_or_is_none_is_a_named_failure() -> None:
    async def go() -> None:
        async with Origin(lambda _: reply(b"", status=403)) as proxy:
            door = fetcher()
            at = f"http://127.0.0.1:{proxy.port}"
            outcome = await door.fetch(FetchRequest("https://1.1.1.1/", proxy=at))
            assert isinstance(outcome, FetchFailed)
            assert outcome.reason == "proxy"
            assert proxy.requests[0].method == "CONNECT"
            assert proxy.requests[0].headers["user-agent"].startswith("aggregator/")
            outcome = await door.fetch(FetchRequest("http://1.1.1.1/", proxy="socks5://127.0.0.1"))
            assert isinstance(outcome, FetchFailed)
            assert outcome.reason == "proxy"
            await door.close()

    run(go())


def test_a_bad_network_in_the_settings_is_an_error_at_once() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        open_fetcher(FetchSettings(allow_private=("nonsense",)), FakeClock(START))


@pytest.mark.parametrize(
    "base",
    "http://127.0.0.1/ http://[::1]/ http://10.1.1.1 http://nas http://a.local http://a.internal "
    "ftp://a.org not-a-url http://u:p@a.org http://2130706433/ http://测试.cn".split(),
)
def test_an_address_that_strangers_cannot_open_is_not_told(base: str) -> None:
    assert "+" not in user_agent(base)


def test_an_own_user_agent_wins() -> None:
    assert user_agent("https://a.org/", "mine/1") == "mine/1"
    assert user_agent("https://a.org/").endswith(" (+https://a.org/)")
