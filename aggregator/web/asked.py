"""The headers of a request → those that decide which answer it gets, in one walk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.types import Scope


@dataclass(slots=True)
class Asked:
    """What a request asks for. Header values as they came, lines of one name joined by a comma.

    Not frozen: one is made for every request, and a frozen one takes four times as long to make.
    """

    method: str = "GET"
    accept_encoding: bytes | None = None
    if_match: bytes | None = None
    if_unmodified_since: bytes | None = None
    if_none_match: bytes | None = None
    if_modified_since: bytes | None = None
    range: bytes | None = None
    if_range: bytes | None = None
    a_im: bytes | None = None
    accept_datetime: bytes | None = None


# The header's name as it comes from the server (in lower case) → the field.
_FIELDS = {
    name.replace("_", "-").encode(): name for name in Asked.__dataclass_fields__ if name != "method"
}


def asked_of(scope: Scope) -> Asked:
    """What the request of an ASGI scope asks for."""
    return asked_by(scope["method"], scope["headers"])


def asked_by(method: str, headers: Iterable[tuple[bytes, bytes]]) -> Asked:
    """What a request of this method asks for by its headers, their names in lower case."""
    asked = Asked(method)
    for name, value in headers:
        field = _FIELDS.get(name)
        if field is not None:
            before = getattr(asked, field)
            setattr(asked, field, value if before is None else before + b"," + value)
    return asked
