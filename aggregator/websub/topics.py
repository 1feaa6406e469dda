"""Addresses ↔ paths of the documents that can be subscribed to, and their media types. Pure."""

from __future__ import annotations

from aggregator.websub.protocol import decoded

# What a topic is served as, and so what is delivered of it (section 7).
MEDIA_TYPES = {
    "atom": "application/atom+xml; charset=utf-8",
    "rss": "application/rss+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
}


def is_topic(path: str) -> bool:
    """Whether a published path is a feed that can be subscribed to: an archive or a list is not."""
    folder, _, name = path.partition("/")
    return folder == "feeds" and "/" not in name and name.rpartition(".")[2] in MEDIA_TYPES


def media_type(path: str) -> str:
    """The media type of a topic."""
    return MEDIA_TYPES[path.rpartition(".")[2]]


def path_of_topic(url: str, base_url: str) -> str | None:
    """The path of the document that `url` names under `base_url`; None for any other address."""
    root = f"{base_url}/"
    url = decoded(url)
    path = url[len(root) :] if url.startswith(root) else ""
    return path if is_topic(path) else None


def url_of_topic(path: str, base_url: str) -> str:
    """The address of a topic, as its `rel=self` has it."""
    return f"{base_url}/{path}"
