"""Turns what can go wrong on a connection into a short stable reason and a sentence."""

from __future__ import annotations

import asyncio
import ssl

import aiohttp
from aiohttp import http_exceptions

from aggregator.fetch.addresses import BadAddress
from aggregator.fetch.guard import AddressRefused
from aggregator.fetch.inflate import InflateError
from aggregator.fetch.wire import HeadersTooLarge, WireTooLarge

_MAX_MESSAGE = 300
_X509_V_ERR_CERT_HAS_EXPIRED = 10  # OpenSSL's number; Python gives it no name


class Refused(Exception):
    """A response or request that this program does not accept. `reason` is its short name."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def explain(error: BaseException) -> tuple[str, str]:
    """The reason and the sentence for any exception of a fetch."""
    reason, message = _explain(error)
    return reason, printable(message)[:_MAX_MESSAGE]


def printable(text: str) -> str:
    """`text` without control characters and lone surrogates: it may quote the origin."""
    return "".join(character if character.isprintable() else "�" for character in text)


def _explain(error: BaseException) -> tuple[str, str]:
    if isinstance(error, Refused | BadAddress | InflateError):
        return error.reason, str(error)
    if isinstance(error, HeadersTooLarge):
        return "headers-too-large", "the response's headers are over the limit"
    if isinstance(error, WireTooLarge):
        return "too-large", "the response is over the limit on the wire"
    refused = _refused_address(error)
    if refused is not None:
        return "private-address", f"{refused} is a private address (see fetch.allow_private)"
    if isinstance(error, aiohttp.ClientError):
        return _explain_client(error)
    if isinstance(error, http_exceptions.HttpProcessingError):
        if is_header_flood(error):
            return "headers-too-large", "the response's headers are over the limit"
        return "bad-response", f"the answer is not sound HTTP: {_first_line(error.message)}"
    if isinstance(error, asyncio.TimeoutError):
        return "timeout", "the fetch took too long in all"
    if _has_expired(error):
        return "certificate-expired", "the certificate of the host has expired"
    if isinstance(error, ssl.SSLError | ssl.CertificateError):
        return "tls", f"no secure connection: {error}"
    if isinstance(error, OSError):
        return "connection", f"the connection failed: {error}"
    if isinstance(error, ValueError | UnicodeError):
        return "bad-request", f"the request cannot be made: {error}"
    return "error", f"unexpected {type(error).__name__}: {error}"


def _has_expired(error: BaseException) -> bool:
    return (
        isinstance(error, ssl.SSLCertVerificationError)
        and error.verify_code == _X509_V_ERR_CERT_HAS_EXPIRED
    )


def _explain_client(error: aiohttp.ClientError) -> tuple[str, str]:
    """aiohttp's own errors. The order matters: they inherit from each other."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError) and _has_expired(
        error.certificate_error
    ):
        return "certificate-expired", "the certificate of the host has expired"
    for kinds, reason, sentence in _CLIENT_ERRORS:
        if isinstance(error, kinds):
            return reason, sentence.format(_said(error))
    return "connection", f"the connection failed: {_said(error)}"


def _said(error: BaseException) -> str:
    """What an error says of itself, without the address that the caller names anyway."""
    inner = getattr(error, "os_error", None)
    if isinstance(inner, BaseException):
        return getattr(inner, "strerror", None) or str(inner)
    if isinstance(error, aiohttp.ClientResponseError):  # a proxy's
        return error.message
    return str(error) or type(error).__name__


_CLIENT_ERRORS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, str], ...] = (
    (aiohttp.ClientConnectorDNSError, "dns", "the host's name cannot be resolved: {}"),
    (
        (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError),
        "tls",
        "no secure connection: {}",
    ),
    (
        (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError),
        "proxy",
        "the proxy did not connect: {}",
    ),
    (aiohttp.ConnectionTimeoutError, "connect-timeout", "no connection within the time limit"),
    (aiohttp.ServerTimeoutError, "idle-timeout", "nothing came for too long"),
    (aiohttp.ClientPayloadError, "truncated", "the body broke off: {}"),
    (aiohttp.ServerDisconnectedError, "disconnected", "the server hung up without an answer"),
    (aiohttp.ClientConnectorError, "connect", "no connection: {}"),
    (aiohttp.InvalidURL, "bad-url", "not a URL: {}"),
)


def _refused_address(error: BaseException) -> str | None:
    """The address the guard refused, wherever in the chain of causes that is told."""
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            return None
        if isinstance(seen, AddressRefused):
            return seen.address
        if isinstance(seen, OSError) and "is not a public address" in str(seen):
            # Several addresses, refused each: the connector joins their messages.
            return "every address of the host"
        seen = getattr(seen, "os_error", None) or seen.__cause__
    return None


def _first_line(text: str) -> str:
    """The first line that says something: the parser adds the bytes it choked on."""
    return next((line.strip().rstrip(":") for line in text.splitlines() if line.strip()), text)


def is_header_flood(error: BaseException) -> bool:
    """Whether aiohttp gave up on the headers because of a line's or the lines' size."""
    cause: BaseException | None = error
    for _ in range(8):
        if cause is None:
            return False
        if isinstance(cause, http_exceptions.LineTooLong):
            return True
        cause = cause.__cause__
    return False
