"""A link → the form in which all tellers' links to one page are equal; ids fit for Atom."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

# Parameters that say who sent the reader or which visit this is, never which page is meant.
_TRACKING_PREFIXES = ("utm_", "mtm_", "pk_", "hsa_", "at_", "ns_", "oly_", "vero_", "_hs")
_TRACKING = frozenset(
    "fbclid gclid dclid gbraid wbraid msclkid yclid igshid mc_cid mc_eid ref_src ref_url cmpid "
    "spm scm from_source share_token share_source share_medium share_plat share_tag sharer_shareid "
    "isappinstalled wfr nsukey chksm scene xtor ocid smid smtyp partner rss feed_id "
    "jsessionid phpsessid sessionid session_id sid aspsessionid cfid cftoken".split()
)
_SESSION_PATH = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/;?]*", re.I)
_TRACKING_FRAGMENT = re.compile(r"(?:utm_|xtor=|rss$|atom$|feed$|ref=)", re.I)
_DEFAULT_PORTS = {"http": 80, "https": 443}


# A link with nothing in it to leave out or to bring into one form: host and path stay.
_PLAIN_LINK = re.compile(
    r"https?://(?:www\.)?((?!www\.)[a-z0-9.-]*[a-z0-9])((?:/[A-Za-z0-9_.~-]+)*)/?"
)


def link_key(link: str | None) -> str | None:
    """The link without what varies between tellers of one page; None for what is no web link.

    Left out: the scheme (http or https), `www.`, user names, default ports, tracking and session
    parameters, a closing slash. Host in lower case, percent-encoding in one form (RFC 3986 6.2.2).
    A fragment is kept: pages such as change logs tell their entries apart by it.
    """
    if not link:
        return None
    simple = _PLAIN_LINK.fullmatch(link)
    if simple is not None:
        return simple[1] + simple[2]
    try:
        parts = urlsplit(link.strip())
        port = parts.port
        host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not host:
        return None
    if port is not None and port not in _DEFAULT_PORTS.values():
        host = f"{host}:{port}"
    path = _one_form(_SESSION_PATH.sub("", parts.path)).rstrip("/")
    query = _without_tracking(parts.query)
    fragment = "" if _TRACKING_FRAGMENT.match(parts.fragment) else _one_form(parts.fragment)
    host = host.encode("utf-8", "replace").decode()
    return f"{host}{path}{'?' + query if query else ''}{'#' + fragment if fragment else ''}"


def _without_tracking(query: str) -> str:
    kept: list[str] = []
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        if pair and not _is_tracking(unquote(name).lower()):
            # `a` and `a=` are one to every server, but a lone bare value (`?12345`) has no name.
            kept.append(_one_form(f"{name}={value}" if equals and value else name))
    return "&".join(kept).replace("+", "%20")


_TRIPLET_OR_UNSAFE = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9/:@!$&'()*+,;=~._-]")


def _one_form(text: str) -> str:
    """Percent-encoded in one form (RFC 3986 6.2.2), whatever encoding the bytes are in.

    Never by way of text: %B9%FA is 国 in GBK and no UTF-8, and must not become the same
    replacement character as every other such address.
    """

    def normal(found: re.Match[str]) -> str:
        piece = found[0]
        if piece[0] != "%":
            return "".join(f"%{byte:02X}" for byte in piece.encode("utf-8", "surrogatepass"))
        if len(piece) == 1:
            return "%25"
        byte = int(piece[1:], 16)
        return chr(byte) if byte in _UNRESERVED else piece.upper()

    return _TRIPLET_OR_UNSAFE.sub(normal, text)


def _is_tracking(name: str) -> bool:
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES)


_HTTP = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+)(?::(?P<port>[1-9][0-9]*))?"
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)"
    r"(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?(?:#[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
_TAG = re.compile(
    r"tag:[A-Za-z0-9.@_-]+,[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?:[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*"
    r"(?:#[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
_URN = re.compile(r"urn:[a-z0-9][a-z0-9-]{1,31}:[A-Za-z0-9()+,.:=@;$_!*'%/?#-]+")
_URN_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PERCENT = re.compile(r"%(..?)?", re.S)
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
LONGEST_ID = 1000


def fit_atom_id(guid: str) -> bool:
    """Whether a guid may stand as an atom:id as it is: an absolute URI in normal form.

    http, https, tag (RFC 4151) and urn (RFC 8141); compared character by character (RFC 4287
    4.2.6.1), so only ids that no normalisation would change.
    """
    if len(guid) > LONGEST_ID or not guid.isascii() or not _percent_normal(guid):
        return False
    if guid.startswith("urn:uuid:"):
        return _URN_UUID.fullmatch(guid) is not None
    if guid.startswith("urn:"):
        return _URN.fullmatch(guid) is not None
    if guid.startswith("tag:"):
        return _TAG.fullmatch(guid) is not None
    http = _HTTP.fullmatch(guid)
    if http is None:
        return False
    port = http["port"]
    if port is not None and int(port) == _DEFAULT_PORTS[http["scheme"]]:
        return False
    path = http["path"]
    return "/." not in path or not any(segment in (".", "..") for segment in path.split("/"))


def _percent_normal(text: str) -> bool:
    """Every % begins two upper-case hex digits that stand for no unreserved character."""
    for found in _PERCENT.finditer(text):
        digits = found[1] or ""
        if len(digits) != 2 or any(digit not in "0123456789ABCDEF" for digit in digits):
            return False
        if int(digits, 16) in _UNRESERVED:
            return False
    return True
