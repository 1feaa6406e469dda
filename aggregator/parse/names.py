"""An element's name in XML → the one name by which readers know it, whatever its prefix."""

from __future__ import annotations

XML = "{http://www.w3.org/XML/1998/namespace}"
ATOM = "http://www.w3.org/2005/Atom"
ATOM_03 = "http://purl.org/atom/ns#"
RSS_10 = "http://purl.org/rss/1.0/"
RSS_090 = "http://my.netscape.com/rdf/simple/0.9/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XHTML = "http://www.w3.org/1999/xhtml"

# Lower case, since feeds vary it. The formats' own namespaces have no prefix: an atom:link in
# RSS is a link.
PREFIXES: dict[str, str] = {
    "": "",
    ATOM.lower(): "",
    ATOM_03: "",
    RSS_10: "",
    RSS_090: "",
    "http://backend.userland.com/rss": "",
    "http://backend.userland.com/rss2": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://purl.org/rss/1.0/modules/rss091#": "",
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://search.yahoo.com/mrss": "media",
    "http://search.yahoo.com/mrss/": "media",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
    "https://podcastindex.org/namespace/1.0": "podcast",
    "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast",
    RDF: "rdf",
    XHTML: "xhtml",
}

# Elements whose text has a type, and the type it has where none is stated.
TEXTS: dict[str, str] = {
    **dict.fromkeys("title dc_title itunes_title media_title".split(), "text/plain"),
    **dict.fromkeys("summary abstract itunes_summary itunes_subtitle".split(), "text/plain"),
    **dict.fromkeys("subtitle tagline rights copyright dc_rights".split(), "text/plain"),
    **dict.fromkeys("content".split(), "text/plain"),
    **dict.fromkeys("description dc_description media_description".split(), "text/html"),
    **dict.fromkeys("content_encoded fullitem".split(), "text/html"),
    **dict.fromkeys("body xhtml_body".split(), "application/xhtml+xml"),
}

# Elements whose text is kept as it is.
VALUES = frozenset(
    "published pubdate issued created dcterms_issued dcterms_created dc_date updated modified "
    "dcterms_modified lastbuilddate id dc_identifier comments language dc_language ttl "
    "sy_updateperiod sy_updatefrequency itunes_duration".split()
)
PEOPLE = frozenset(
    "author managingeditor dc_creator dc_author itunes_author media_credit podcast_person".split()
)
# Of the people of an episode those that make it, by podcast:person's role (none: a host).
MAKERS = frozenset(["host", "co-host", "author", "writer", "reporter", "narrator"])
TAGS = frozenset("category keywords dc_subject itunes_category itunes_keywords".split())
# Tags whose text is a list, parted by commas.
TAG_LISTS = frozenset(["keywords", "itunes_keywords"])


def name_of(tag: str) -> str | None:
    """The name of a `{namespace}local` tag, such as `dc_date`; None in an unknown namespace."""
    namespace, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    prefix = PREFIXES.get(namespace.lower())
    if prefix is None:
        return None
    local = local.lower()
    return f"{prefix}_{local}" if prefix else local
