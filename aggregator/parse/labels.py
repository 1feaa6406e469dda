"""The name a document gives its encoding → the codec that browsers would use for it."""

from __future__ import annotations

import codecs
import re

# WHATWG Encoding Standard, section 4.2: labels → encoding, where the codec's own name or its
# Python alias would say something narrower (gb2312 for gb18030) or nothing at all.
_LABELS: dict[str, tuple[str, ...] | list[str]] = {
    "utf-8": ("utf8", "unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "x-unicode20utf8"),
    "gb18030": (
        "gb2312 gb_2312 gb_2312-80 gbk x-gbk cp936 ms936 windows-936 csgb2312 csiso58gb231280 "
        "chinese iso-ir-58 gb18030-2000 gb18030-2022 euc-cn eucgb2312_cn".split()
    ),
    "big5": ("big5-hkscs", "cn-big5", "csbig5", "x-x-big5", "big5hkscs", "cp950", "big-5"),
    "shift_jis": (
        "shift-jis sjis ms_kanji ms932 windows-31j x-sjis csshiftjis cp932 shiftjis".split()
    ),
    "euc-jp": ("eucjp", "x-euc-jp", "cseucpkdfmtjapanese"),
    "iso-2022-jp": ("csiso2022jp", "iso2022jp"),
    "euc-kr": (
        "euckr cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 "
        "ksc_5601 windows-949 cp949 uhc".split()
    ),
    "windows-1252": (
        "ascii us-ascii ansi_x3.4-1968 iso-8859-1 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 "
        "latin1 latin-1 l1 cp1252 x-cp1252 cp819 ibm819 csisolatin1 iso-ir-100 ansi "
        "iso8859_1 cp-1252".split()
    ),
    "windows-1254": ("iso-8859-9", "iso8859-9", "iso88599", "iso_8859-9", "latin5", "l5"),
    "windows-874": ("tis-620", "iso-8859-11", "iso8859-11", "iso885911", "dos-874", "tis620"),
    "iso-8859-8": ("iso-8859-8-i", "iso-8859-8-e", "logical", "visual", "hebrew"),
    "koi8-u": ("koi8-ru",),
    "koi8-r": ("koi", "koi8", "koi8_r", "cskoi8r"),
    "macintosh": ("mac", "x-mac-roman", "csmacintosh"),
    "x-mac-cyrillic": ("x-mac-ukrainian",),
    "ibm866": ("866", "cp866", "csibm866", "dos-866"),
    "utf-16le": ("utf-16", "unicode", "ucs-2", "iso-10646-ucs-2", "unicodefeff", "csunicode"),
    "utf-16be": ("unicodefffe",),
}
_ENCODING_OF = {label: name for name, labels in _LABELS.items() for label in (name, *labels)}

# The codec that decodes what each encoding means on the web: the widest of its family.
_CODECS: dict[str, str] = {
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "windows-874": "cp874",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
_SINGLE_BYTE = re.compile(
    r"(?:windows-|cp|x-cp|ibm|iso-?8859[-_]?|iso_8859-|koi8-|mac)[a-z0-9]{1,9}\Z"
)
MULTI_BYTE = frozenset(["gb18030", "big5", "shift_jis", "euc-jp", "euc-kr", "iso-2022-jp"])


def encoding_named(label: str | None) -> str | None:
    """The encoding that `label` names (WHATWG name, lower case), or None for an unknown label.

    Beyond the standard's own labels any single-byte code page that Python knows is taken.
    """
    if not label:
        return None
    name = label.strip().strip("\"'").lower()
    known = _ENCODING_OF.get(name)
    if known is not None:
        return known
    if not _SINGLE_BYTE.match(name):
        return None
    try:
        found = codecs.lookup(name.removeprefix("x-")).name
    except LookupError:
        return None
    return _ENCODING_OF.get(found, name)


def codec_of(encoding: str) -> str:
    """The name of Python's codec for an encoding that `encoding_named` gave."""
    return _CODECS.get(encoding, encoding)
