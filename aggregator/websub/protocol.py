"""The texts of WebSub (W3C Recommendation, 23 January 2018): forms, addresses, headers. Pure."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl, unquote, urlencode

FORM_TYPE = "application/x-www-form-urlencoded"
# Section 5.1: the secret must be less than 200 bytes.
MAX_SECRET = 199
MAX_FORM = 16 * 2**10
MAX_FIELDS = 50
# Section 8.2: ten days is a good default. Nothing is perpetual (5.3.1).
USUAL_LEASE = timedelta(days=10)
SHORTEST_LEASE = timedelta(minutes=1)
LONGEST_LEASE = timedelta(days=30)
# Of section 7.1.1. SHA-1 is what many hubs still sign with; as an HMAC it is not broken.
ALGORITHMS = frozenset(("sha1", "sha256", "sha384", "sha512"))
_UNRESERVED = re.compile(r"%(2[dDeE]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|7[eE])")
_DIGITS = re.compile(r"\s*[0-9]+\s*")


class BadRequest(Exception):
    """A request that is refused, with the status and a sentence for whoever wrote the client."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """What a subscriber asks of a hub (5.1). `lease` is what it will get, `secret` its own."""

    mode: str
    topic: str
    callback: str
    lease: timedelta
    secret: str | None


def read_form(body: bytes, content_type: str | None) -> dict[str, str]:
    """The `hub.*` parameters of a form in UTF-8; others are ignored (5.1). Raises BadRequest."""
    kind, _, parameters = (content_type or "").partition(";")
    if kind.strip().lower() != FORM_TYPE:
        raise BadRequest(415, f"send the parameters as {FORM_TYPE}")
    if "charset" in parameters.lower() and "utf-8" not in parameters.lower():
        raise BadRequest(415, "send the parameters in UTF-8")
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except UnicodeDecodeError as error:
        raise BadRequest(400, "the parameters are not UTF-8") from error
    except ValueError as error:
        raise BadRequest(400, f"more than {MAX_FIELDS} parameters") from error
    found: dict[str, str] = {}
    for name, value in pairs:
        if name.startswith("hub.") and found.setdefault(name, value) != value:
            raise BadRequest(400, f"{name[:40]} stands twice")
    return found


def read_request(form: dict[str, str]) -> SubscriptionRequest:
    """The request that a form makes. Raises BadRequest."""
    mode = form.get("hub.mode", "")
    if mode == "publish":
        raise BadRequest(400, "this hub sees the changes of its own feeds by itself, and no others")
    if mode not in ("subscribe", "unsubscribe"):
        raise BadRequest(400, "hub.mode is subscribe or unsubscribe")
    for name in ("hub.topic", "hub.callback"):
        if not form.get(name):
            raise BadRequest(400, f"{name} is missing")
    secret = form.get("hub.secret") or None
    if secret is not None and len(secret.encode("utf-8", "surrogatepass")) > MAX_SECRET:
        raise BadRequest(400, "hub.secret must be less than 200 bytes")
    asked = form.get("hub.lease_seconds") if mode == "subscribe" else None
    lease = read_lease(asked) if asked else USUAL_LEASE
    if lease is None:
        raise BadRequest(400, "hub.lease_seconds is a positive whole number")
    return SubscriptionRequest(mode, form["hub.topic"], form["hub.callback"], lease, secret)


def read_lease(text: str | None) -> timedelta | None:
    """A number of seconds, brought within what is sensible; None for what is no such number."""
    if text is None or not _DIGITS.fullmatch(text) or not text.strip("0 \t"):
        return None
    digits = text.strip().lstrip("0")
    asked = LONGEST_LEASE if len(digits) > 9 else timedelta(seconds=int(digits))
    return min(max(asked, SHORTEST_LEASE), LONGEST_LEASE)


def decoded(url: str) -> str:
    """A URL with what need not be percent-encoded decoded (5.1.1): the same one, one spelling."""
    return _UNRESERVED.sub(lambda found: unquote(found[0]), url)


def with_parameters(callback: str, parameters: Iterable[tuple[str, str]]) -> str:
    """A callback with parameters behind those that it has, which stay as they are (5.1.1)."""
    url = callback.partition("#")[0]
    joint = "" if url.endswith(("?", "&")) else "&" if "?" in url else "?"
    return f"{url}{joint}{urlencode(list(parameters))}"


def link_header(hub: str, topic: str) -> str:
    """The Link header of a topic and of what is delivered of it (4, 7): hub and self in one."""
    return f'<{hub}>; rel="hub", <{topic}>; rel="self"'


def signature(secret: str, body: bytes, algorithm: str = "sha256") -> str:
    """The value of X-Hub-Signature (7.1): the HMAC of a body, in hexadecimal."""
    mac = hmac.digest(secret.encode("utf-8", "surrogatepass"), body, algorithm)
    return f"{algorithm}={mac.hex()}"


def is_signed(secret: str, body: bytes, header: str | None) -> bool:
    """Whether a header signs a body with a secret, by the method it names (7.1.2)."""
    algorithm, _, _ = (header or "").strip().partition("=")
    if algorithm.lower() not in ALGORITHMS:
        return False
    expected = signature(secret, body, algorithm.lower())
    return hmac.compare_digest(expected.encode(), (header or "").strip().lower().encode())
