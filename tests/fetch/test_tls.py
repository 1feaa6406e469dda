"""TLS: certificates are verified, directly and through a proxy's tunnel."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from aiohttp import connector

from aggregator.model import Certificate, Fetched, FetchFailed, FetchRequest, NotModified
from tests.fetch.loopback import Origin, Request, fetcher, reply, run

# The certificates are real ones, so that their dates are those of the machine's clock.
BEGINS = datetime.now(UTC).replace(microsecond=0) - timedelta(days=80)
ENDS = BEGINS + timedelta(days=90)
AUTHORITY = trustme.CA()


def issued(begins: datetime = BEGINS, ends: datetime = ENDS) -> trustme.LeafCert:
    """A certificate for 127.0.0.1 and localhost."""
    return AUTHORITY.issue_cert("127.0.0.1", "localhost", not_before=begins, not_after=ends)


@pytest.fixture(scope="module")
def certificate() -> trustme.LeafCert:
    return issued()


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that trusts the authority, as if it were one of its system's."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    monkeypatch.setattr(connector, "_SSL_CONTEXT_VERIFIED", context)


class SecureOrigin(Origin):
    """An origin over TLS."""

    certificate: trustme.LeafCert

    async def __aenter__(self) -> SecureOrigin:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.certificate.configure_cert(context)
        self._server = await asyncio.start_server(self._serve, self.host, 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        self._tasks = set()
        return self

    def url(self, path: str = "/feed.xml") -> str:
        return super().url(path).replace("http://", "https://")


def secure(certificate: trustme.LeafCert) -> SecureOrigin:
    origin = SecureOrigin(_answer)
    origin.certificate = certificate
    return origin


def _answer(request: Request) -> bytes:
    if "if-none-match" in request.headers:
        return reply(status=304)
    return reply(b"<rss/>", 'ETag: "a"')


def test_an_unknown_certificate_is_refused(certificate: trustme.LeafCert) -> None:
    async def go() -> None:
        async with secure(certificate) as origin:
            door = fetcher()
            outcome = await door.fetch(FetchRequest(origin.url()))
            assert isinstance(outcome, FetchFailed)
            assert outcome.reason == "tls"
            assert origin.requests == []
            await door.close()

    run(go())


@pytest.mark.usefixtures("trusted")
def test_a_trusted_one_is_accepted_for_its_own_names_only(certificate: trustme.LeafCert) -> None:
    async def go() -> None:
        async with secure(certificate) as origin:
            door = fetcher()
            for host, good in (("127.0.0.1", True), ("localhost", True), ("127.1", False)):
                url = origin.url().replace("127.0.0.1", host)
                outcome = await door.fetch(FetchRequest(url))
                assert isinstance(outcome, Fetched if good else FetchFailed), (host, outcome)
            await door.close()

    run(go())


@pytest.mark.usefixtures("trusted")
def test_the_outcome_says_how_long_the_certificate_is_valid(certificate: trustme.LeafCert) -> None:
    async def go() -> None:
        async with secure(certificate) as origin:
            door = fetcher(per_host=1)
            conditional = FetchRequest(origin.url("/b"), etag='"a"')
            requests = (FetchRequest(origin.url("/a")), conditional)
            outcomes = await asyncio.gather(*map(door.fetch, requests))
            assert [type(one) for one in outcomes] == [Fetched, NotModified]
            for outcome in outcomes:
                assert isinstance(outcome, Fetched | NotModified)
                assert outcome.certificate == Certificate(BEGINS, ENDS)
            assert origin.connections == 1, "the second went over the first one's connection"
            await door.close()
        async with Origin(_answer) as plain:
            door = fetcher()
            outcome = await door.fetch(FetchRequest(plain.url()))
            assert isinstance(outcome, Fetched)
            assert outcome.certificate is None
            await door.close()

    run(go())


@pytest.mark.usefixtures("trusted")
def test_an_expired_certificate_is_called_so() -> None:
    async def go() -> None:
        async with secure(issued(ends=BEGINS + timedelta(days=1))) as origin:
            door = fetcher()
            outcome = await door.fetch(FetchRequest(origin.url()))
            assert isinstance(outcome, FetchFailed)
            assert outcome.reason == "certificate-expired"
            assert origin.requests == []
            await door.close()

    run(go())


@pytest.mark.usefixtures("trusted")
def test_a_tunnel_through_a_proxy_is_verified_to_its_far_end(
    certificate: trustme.LeafCert,
) -> None:
    async def go() -> None:
        async with secure(certificate) as origin:

            async def tunnel(request: Request, writer: asyncio.StreamWriter) -> bool:
                assert request.method == "CONNECT"
                assert request.headers["proxy-authorization"].startswith("Basic ")
                far, near = await asyncio.open_connection("127.0.0.1", origin.port)
                writer.write(b"HTTP/1.1 200 Yes\r\n\r\n")
                reader = proxy.readers[request.connection]
                both = (_pipe(reader, near), _pipe(far, writer))
                await asyncio.gather(*both, return_exceptions=True)
                return False

            async with Proxy(tunnel) as proxy:
                door = fetcher()
                at = f"http://u:p@127.0.0.1:{proxy.port}"
                outcome = await door.fetch(FetchRequest(origin.url(), proxy=at))
                assert isinstance(outcome, Fetched), outcome
                assert outcome.certificate == Certificate(BEGINS, ENDS)
                assert origin.requests[0].target == "/feed.xml"
                assert "proxy-authorization" not in origin.requests[0].headers
                await door.close()

    run(go())


class Proxy(Origin):
    """An origin that hands its readers out, so that a script can go on with the raw bytes."""

    readers: dict[int, asyncio.StreamReader]

    async def _read(self, reader: asyncio.StreamReader, number: int) -> Request | None:
        self.__dict__.setdefault("readers", {})[number] = reader
        return await super()._read(reader, number)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
