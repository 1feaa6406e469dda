"""TLS: certificates are verified, directly and through a proxy's tunnel."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from aiohttp import connector

from aggregator.model import Fetched, FetchFailed, FetchRequest
from tests.fetch.loopback import Origin, Request, fetcher, reply, run

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="needs openssl to make a certificate")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and localhost, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    command = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=x"]
    subprocess.run([OPENSSL or "", *command, *files, *names], check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that trusts the certificate, as if it were its system's."""
    context = ssl.create_default_context(cafile=str(certificate[0]))
    monkeypatch.setattr(connector, "_SSL_CONTEXT_VERIFIED", context)


class SecureOrigin(Origin):
    """An origin over TLS."""

    files: tuple[Path, Path]

    async def __aenter__(self) -> SecureOrigin:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.files)
        self._server = await asyncio.start_server(self._serve, self.host, 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        self._tasks = set()
        return self

    def url(self, path: str = "/feed.xml") -> str:
        return super().url(path).replace("http://", "https://")


def secure(certificate: tuple[Path, Path]) -> SecureOrigin:
    origin = SecureOrigin(lambda _: reply(b"<rss/>"))
    origin.files = certificate
    return origin


def test_an_unknown_certificate_is_refused(certificate: tuple[Path, Path]) -> None:
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
def test_a_trusted_one_is_accepted_for_its_own_names_only(certificate: tuple[Path, Path]) -> None:
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
def test_a_tunnel_through_a_proxy_is_verified_to_its_far_end(
    certificate: tuple[Path, Path],
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
