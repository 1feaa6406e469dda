"""An empty or older SQLite file → the schema this version knows, by numbered migrations.

Table and column names are what people see in Datasette: plural nouns, times as UTC text,
JSON where a value is a list, digests in hex.
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.db import Table
from sqlite_utils.migrations import Migrations

MIGRATION_SET = "aggregator"
migrations = Migrations(MIGRATION_SET)


@migrations()
def m0001_first_schema(db: Database) -> None:
    """Sources, captures, entries, snapshots, stories, outputs, memberships, decisions."""
    _create_sources(db)
    _create_stories(db)
    _create_entries(db)
    _create_outputs(db)
    _create_decisions(db)


@migrations()
def m0002_rhythms_and_alarms(db: Database) -> None:
    """What has been learned of each source, and what was wrong with it from when to when."""
    _table(db, "source_memories").create(
        {
            "source_id": int,
            "rhythm": bytes,  # as aggregator.rhythm packs it
            "watch": str,  # JSON: what its readings usually look like
        },
        pk="source_id",
        foreign_keys=[("source_id", "sources", "id")],
    )
    _table(db, "alarms").create(
        {
            "id": int,
            "source_id": int,
            "kind": str,
            "since": str,
            "evidence": str,
            "ended_at": str,
        },
        pk="id",
        not_null={"source_id", "kind", "since", "evidence"},
        foreign_keys=[("source_id", "sources", "id")],
    )
    _table(db, "alarms").create_index(["source_id", "ended_at"])


@migrations()
def m0003_pages(db: Database) -> None:
    """Pages to capture: an edition's pages, articles, full texts, each with its own due time."""
    _table(db, "pages").create(
        {
            "id": int,
            "source_id": int,
            "url": str,  # as it was linked to, without session junk
            "host": str,  # one page of a host at a time
            "kind": str,  # index: links to others; article: an entry
            "level": int,  # how many links from the front page
            "edition": str,  # the day of its edition, YYYY-MM-DD
            "place": str,  # its order in the edition
            "name": str,  # what the link to it said
            "section": str,
            "listed": int,  # 0: of an earlier edition, kept out of the feeds
            "found_at": str,
            "next_fetch_at": str,  # null: never again
            "first_fetched_at": str,
            "fetched_at": str,
            "etag": str,
            "last_modified": str,
            "body_digest": str,
            "final_url": str,
            "failures": int,
            "outcome": str,
            "status": int,
            "error": str,
        },
        pk="id",
        not_null={"source_id", "url", "host", "kind", "level", "place", "listed", "found_at"}
        | {"failures"},
        foreign_keys=[("source_id", "sources", "id")],
    )
    _table(db, "pages").create_index(["source_id", "url"], unique=True)
    _table(db, "pages").create_index(["host", "next_fetch_at"])
    _table(db, "pages").create_index(["next_fetch_at"])


@migrations()
def m0004_entries_as_one(db: Database) -> None:
    """How the next reading knows that no entry changed; no index that nothing looks up."""
    db.execute("alter table source_chunks add column stretch blob")
    db.execute("drop index idx_captures_digest")


@migrations()
def m0005_reading(db: Database) -> None:
    """How a source that is no feed was read: an edit of its recipe reads it anew."""
    _table(db, "sources").add_column("reading", str)


@migrations()
def m0006_hub(db: Database) -> None:
    """Who is subscribed to our documents, and what an outside hub was told of them."""
    _table(db, "hub_subscriptions").create(
        {
            "id": int,
            "topic": str,  # the document's path
            "topic_url": str,  # its address as the subscriber wrote it
            "callback": str,
            "host": str,
            "secret": str,
            "lease_until": str,
            "created_at": str,
            "delivered": str,  # digest of the document last sent
            "given_up": str,  # digest of the one that could not be sent for a day
            "failures": int,
            "failing_since": str,
            "retry_at": str,
        },
        pk="id",
        not_null={"topic", "topic_url", "callback", "host", "lease_until", "failures"},
    )
    _table(db, "hub_subscriptions").create_index(["topic", "callback"], unique=True)
    _table(db, "hub_subscriptions").create_index(["host"])
    _table(db, "hub_subscriptions").create_index(["retry_at"])
    _table(db, "hub_pings").create(
        {"topic": str, "digest": str, "failures": int, "retry_at": str},
        pk="topic",
        not_null={"failures"},
    )


@migrations()
def m0007_stories(db: Database) -> None:
    """Near-duplicates: what texts are found by, why entries were carriers, and corrections."""
    _table(db, "fingerprint_pieces").create(
        {
            "id": int,
            "day": int,  # days since 1970-01-01, UTC
            "sealed": int,  # 1: all of a day that is over
            "documents": int,
            "body": bytes,  # as aggregator.store.fingerprints packs it
        },
        pk="id",
        not_null={"day", "sealed", "documents", "body"},
    )
    _table(db, "text_digests").create(
        {"digest": int, "snapshot_id": int}, pk="digest", not_null={"snapshot_id"}
    )
    _table(db, "likenesses").create(
        {
            "entry_id": int,
            "story_id": int,
            "how": str,  # link, digest, text, merge
            "snapshot_id": int,  # of the entry
            "matched_id": int,  # the snapshot it was verified against
            "contained": float,
            "same": float,
            "own": float,
            "replacements": int,
            "decided_at": str,
        },
        pk="entry_id",
        not_null={"story_id", "how", "decided_at"},
        foreign_keys=[("entry_id", "entries", "id"), ("story_id", "stories", "id")],
    )
    _table(db, "likenesses").create_index(["story_id"])
    _table(db, "corrections").create(
        {
            "id": int,
            "kind": str,  # merge: the entry's story was put into the other; split: taken out of it
            "entry_id": int,
            "story_id": int,  # the entry's own story
            "other_id": int,
            "made_at": str,
        },
        pk="id",
        not_null={"kind", "entry_id", "story_id", "other_id", "made_at"},
        foreign_keys=[
            ("entry_id", "entries", "id"),
            ("story_id", "stories", "id"),
            ("other_id", "stories", "id"),
        ],
    )
    _table(db, "corrections").create_index(["entry_id"])
    _table(db, "entries").add_column("outlet", str)  # whom its text credits
    _table(db, "stories").add_column("shown_id", int)  # the entry whose text is shown; null: lead
    _table(db, "stories").add_column("origin_id", int)  # the entry of the outlet that it credits
    _table(db, "stories").add_column(
        "merged_into", int
    )  # an alias since a merge; revived by a split
    _table(db, "stories").create_index(["merged_into"])


@migrations()
def m0008_push(db: Database) -> None:
    """Hubs that sources name, our subscriptions with them, and what they pushed already."""
    _table(db, "push_sources").create(
        {
            "source_id": int,
            "hub": str,
            "topic": str,
            "score": int,  # 1: relied on
            "ask_at": str,  # when the hub is asked for a subscription next
            "failures": int,
            "last_push_at": str,
        },
        pk="source_id",
        not_null={"hub", "topic", "score", "failures"},
        foreign_keys=[("source_id", "sources", "id")],
    )
    _table(db, "push_callbacks").create(
        {
            "token": str,
            "source_id": int,
            "hub": str,
            "topic": str,
            "secret": str,
            "state": str,  # asked, active, leaving
            "asked_at": str,
            "lease_until": str,
        },
        pk="token",
        not_null={"source_id", "hub", "topic", "secret", "state", "asked_at"},
    )
    _table(db, "push_callbacks").create_index(["source_id", "state"])
    _table(db, "push_bodies").create({"token": str, "digest": str}, pk=("token", "digest"))


@migrations()
def m0009_manifests(db: Database) -> None:
    """A manifest a day of the digests of all that was captured, each naming the one before."""
    _table(db, "manifests").create(
        {"day": str, "digest": str, "previous": str, "body": bytes},
        pk="day",
        not_null={"digest", "previous", "body"},
    )


@migrations()
def m0010_categories(db: Database) -> None:
    """What persons put right, and the classifiers learned."""
    _table(db, "category_corrections").create(
        {
            "id": int,
            "entry_id": int,  # the lead of its story at the time
            "output_id": int,  # the category; uncategorized: none
            "corrected_at": str,
        },
        pk="id",
        not_null={"entry_id", "output_id", "corrected_at"},
        foreign_keys=[("entry_id", "entries", "id"), ("output_id", "outputs", "id")],
    )
    _table(db, "category_corrections").create_index(["entry_id"])
    _table(db, "models").create(
        {
            "id": int,
            "trained_at": str,
            "labels": int,  # how many it learned from
            "corrections": int,  # how many of them were a person's
            "in_force": int,
            "remark": str,  # why it is in force, or why it was kept out
            "report": str,  # JSON: how it fared on labels held back
            "body": bytes,
        },
        pk="id",
        not_null={"trained_at", "labels", "corrections", "in_force", "remark", "report", "body"},
    )


def _table(db: Database, name: str) -> Table:
    table = db[name]
    assert isinstance(table, Table)
    return table


def _create_sources(db: Database) -> None:
    _table(db, "sources").create(
        {
            "id": int,
            "name": str,  # the id in feeds.yaml
            "title": str,
            "url": str,
            "first_url": str,  # the address at first sight: stories' keys are made from it
            "enabled": int,
            "categories": str,  # JSON list, as configured when last reconciled
            "schedule": str,  # every or at, as configured when last reconciled
            "feed_title": str,
            "feed_id": str,
            "feed_link": str,
            "language": str,
            "added_at": str,
            "removed_at": str,
        },
        pk="id",
        not_null={"name", "title", "url", "first_url", "enabled", "categories", "added_at"},
    )
    _table(db, "sources").create_index(["name"], unique=True)
    _table(db, "source_states").create(
        {
            "source_id": int,
            "url": str,
            "etag": str,
            "last_modified": str,
            "body_digest": str,
            "next_poll_at": str,
            "last_poll_at": str,
            "last_success_at": str,
            "last_new_at": str,
            "interval_s": float,
            "failures": int,
            "failing_since": str,
            "outcome": str,
            "status": int,
            "error": str,
            "gone": int,
            "moved_to": str,
            "moved_seen": int,
            "hints": str,  # JSON: how often the feed says it may be asked
            "extra": str,  # JSON: what the schedule remembers beside
        },
        pk="source_id",
        not_null={"failures", "gone", "moved_seen"},
        foreign_keys=[("source_id", "sources", "id")],
    )
    _table(db, "source_states").create_index(["next_poll_at"])
    # Apart from the states, which every poll writes: these change only with a feed's entries.
    _table(db, "source_chunks").create(
        {
            "source_id": int,
            "chunks": bytes,  # 16-byte digests of the entries' raw bytes at the last reading
        },
        pk="source_id",
        foreign_keys=[("source_id", "sources", "id")],
    )
    _table(db, "polls").create(
        {
            "id": int,
            "source_id": int,
            "polled_at": str,
            "duration_ms": int,
            "outcome": str,
            "status": int,
            "size": int,
            "new": int,
            "revised": int,
            "duplicate": int,
            "error": str,
        },
        pk="id",
        not_null={"source_id", "polled_at", "outcome"},
        foreign_keys=[("source_id", "sources", "id")],
    )
    _table(db, "polls").create_index(["source_id", "polled_at"])
    _table(db, "hosts").create(
        {"host": str, "rests_until": str}, pk="host", not_null={"rests_until"}
    )


def _create_entries(db: Database) -> None:
    _table(db, "contexts").create(
        {"id": int, "digest": str, "body": bytes}, pk="id", not_null={"digest", "body"}
    )
    _table(db, "contexts").create_index(["digest"], unique=True)
    _table(db, "captures").create(
        {
            "id": int,
            "digest": str,  # SHA-256 of the bytes as they came
            "kind": str,  # entry: one entry's own bytes; document: the whole body
            "codec": str,  # how `body` is compressed
            "body": bytes,
            "size": int,
            "encoding": str,
            "format": str,
            "url": str,
            "context_id": int,  # what is needed beside to read an entry's bytes alone
            "taken_at": str,
        },
        pk="id",
        not_null={"digest", "kind", "codec", "body", "size", "taken_at"},
        foreign_keys=[("context_id", "contexts", "id")],
    )
    _table(db, "captures").create_index(["digest"])
    _table(db, "entries").create(
        {
            "id": int,
            "source_id": int,
            "story_id": int,
            "snapshot_id": int,  # the latest
            "guid": str,
            "link_key": str,
            "title_key": str,
            "text_key": str,
            "meta_key": str,
            "text_length": int,
            "published": str,
            "first_seen_at": str,
        },
        pk="id",
        not_null={"source_id", "story_id", "guid", "title_key", "text_key", "first_seen_at"},
        foreign_keys=[("source_id", "sources", "id"), ("story_id", "stories", "id")],
    )
    _table(db, "entries").create_index(["source_id", "guid"], unique=True)
    _table(db, "entries").create_index(["link_key"])
    _table(db, "entries").create_index(["story_id"])
    _table(db, "entries").create_index(["text_key"])
    _table(db, "snapshots").create(
        {
            "id": int,
            "entry_id": int,
            "number": int,  # 1 is the first
            "taken_at": str,
            "changed": str,  # JSON list: what changed against the one before
            "digest": str,  # of title, text, link and enclosures in normal form
            "capture_id": int,
            "title": str,
            "title_kind": str,
            "link": str,
            "summary": str,
            "summary_kind": str,
            "content": str,
            "content_kind": str,
            "base": str,
            "language": str,
            "published": str,
            "updated": str,
            "authors": str,
            "tags": str,
            "enclosures": str,
            "origin": str,
            "rights": str,
            "feed_updated": str,
        },
        pk="id",
        not_null={"entry_id", "number", "taken_at", "digest"},
        foreign_keys=[("entry_id", "entries", "id"), ("capture_id", "captures", "id")],
    )
    _table(db, "snapshots").create_index(["entry_id", "number"], unique=True)


def _create_stories(db: Database) -> None:
    _table(db, "stories").create(
        {
            "id": int,
            "key": str,  # 32 hex digits, minted once; the ITEM of commands and addresses
            "atom_id": str,
            "lead_id": int,  # the carrier seen first
            "created_at": str,
            "updated_at": str,  # when its text or title last changed; unique in the store
            "revision": int,
        },
        pk="id",
        not_null={"key", "atom_id", "created_at", "updated_at", "revision"},
    )
    _table(db, "stories").create_index(["key"], unique=True)
    _table(db, "stories").create_index(["atom_id"], unique=True)


def _create_outputs(db: Database) -> None:
    _table(db, "outputs").create(
        {
            "id": int,
            "name": str,  # the id in feeds.yaml, or all, uncategorized
            "kind": str,
            "key": str,  # its feed's id is urn:uuid:KEY, minted once
            "title": str,
            "created_at": str,
            "updated_at": str,  # its last visible change; only grows
            "revision": int,
            "removed_at": str,
        },
        pk="id",
        not_null={"name", "kind", "key", "title", "created_at", "updated_at", "revision"},
    )
    _table(db, "outputs").create_index(["name"], unique=True)
    _table(db, "former_names").create(
        {"kind": str, "name": str, "id": int},
        pk=("kind", "name"),
        not_null={"id"},
    )
    _table(db, "memberships").create(
        {
            "position": int,  # grows with every entry into any output
            "output_id": int,
            "story_id": int,
            "listed": int,  # 0: in the store and the archives only (see `initial`)
            "entered_at": str,
            "entered_revision": int,
            "left_revision": int,
        },
        pk="position",
        not_null={"output_id", "story_id", "listed", "entered_at", "entered_revision"},
        foreign_keys=[("output_id", "outputs", "id"), ("story_id", "stories", "id")],
    )
    _table(db, "memberships").create_index(["output_id", "left_revision", "listed", "position"])
    _table(db, "memberships").create_index(["story_id"])
    _table(db, "documents").create(
        {
            "path": str,
            "output_id": int,
            "revision": int,  # the one at which these bytes last changed
            "rendered_revision": int,  # the one it was last rendered at
            "settings": str,  # digest of what beside the store it was rendered from
            "digest": str,
            "size": int,
            "modified_at": str,
        },
        pk="path",
        not_null={"revision", "rendered_revision", "settings", "digest", "modified_at"},
    )
    _table(db, "counters").create({"name": str, "value": int}, pk="name", not_null={"value"})
    db.execute("insert into counters (name, value) values ('revision', 0), ('stamp', 0)")


def _create_decisions(db: Database) -> None:
    _table(db, "decisions").create(
        {
            "id": int,
            "story_id": int,
            "entry_id": int,
            "output_id": int,  # the category
            "decided_by": str,
            "evidence": str,
            "decided_at": str,
        },
        pk="id",
        not_null={"story_id", "entry_id", "output_id", "decided_by", "decided_at"},
        foreign_keys=[
            ("story_id", "stories", "id"),
            ("entry_id", "entries", "id"),
            ("output_id", "outputs", "id"),
        ],
    )
    _table(db, "decisions").create_index(["story_id"])
    _table(db, "decisions").create_index(["entry_id"])
    _table(db, "decisions").create_index(["output_id"])


@migrations()
def m0011_extent(db: Database) -> None:
    """How much of a source's entries is republished."""
    _table(db, "sources").add_column("extent", str)  # summary; null: all


@migrations()
def m0012_fulltext(db: Database) -> None:
    """Whose full text a page is, and what it was recognised by."""
    _table(db, "pages").add_column("entry_id", int)
    _table(db, "pages").add_column("text_key", str)
    _table(db, "pages").create_index(["entry_id"])


@migrations()
def m0013_publishing(db: Database) -> None:
    """Saved queries, rendered entries, archives, tombstones; what changed out of sight."""
    for column, kind in (("stirred_revision", int), ("query", str)):
        _table(db, "outputs").add_column(column, kind)
    db.execute("update outputs set stirred_revision = revision")
    _table(db, "outputs").create_index(["stirred_revision"])
    _table(db, "former_names").add_column("since", str)
    _table(db, "query_matches").create(
        {"output_id": int, "story_id": int, "entry_id": int},
        pk=("output_id", "entry_id"),
        foreign_keys=[
            ("output_id", "outputs", "id"),
            ("story_id", "stories", "id"),
            ("entry_id", "entries", "id"),
        ],
    )
    _table(db, "query_matches").create_index(["story_id"])
    _table(db, "query_matches").create_index(["entry_id"])
    _table(db, "renderings").create(
        {
            "story_id": int,
            "revision": int,  # the story's, when it was rendered
            "version": int,  # the renderer's
            "language": str,
            "body": bytes,  # zstd: the entry as Atom, RSS and JSON, one after the other
            "sizes": str,  # JSON list: of the three
        },
        pk="story_id",
        not_null={"revision", "version", "language", "body", "sizes"},
        foreign_keys=[("story_id", "stories", "id")],
    )
    _table(db, "archives").create(
        {
            "id": int,
            "output_id": int,
            "month": str,  # YYYY-MM in UTC
            "part": int,
            "first_position": int,  # of table memberships
            "last_position": int,
            "count": int,
            "opened_at": str,
            "opened_revision": int,
            "last_entered_at": str,
            "sealed_at": str,
            "sealed_revision": int,
        },
        pk="id",
        not_null={"output_id", "month", "part", "first_position", "last_position", "count"}
        | {"opened_at", "opened_revision", "last_entered_at"},
        foreign_keys=[("output_id", "outputs", "id")],
    )
    _table(db, "archives").create_index(["output_id", "first_position"], unique=True)
    _table(db, "archives").create_index(["last_position"])
    _table(db, "tombstones").create(
        {"ref": str, "since": str, "comment": str}, pk="ref", not_null={"since", "comment"}
    )
    db.execute("create index later_snapshots on snapshots (id) where number > 1")


@migrations()
def m0014_earlier_versions(db: Database) -> None:
    """When each output changed, and the versions of documents that clients may still hold."""
    db.execute(
        "create table output_changes (output_id integer not null references outputs(id), "
        "changed_at text not null, revision integer not null, "
        "primary key (output_id, changed_at)) without rowid"
    )
    db.execute(
        "insert or replace into output_changes select output_id, entered_at, entered_revision "
        "from memberships where listed = 1 order by position"
    )
    db.execute("insert or ignore into output_changes select id, updated_at, revision from outputs")
    db.execute(
        "create table document_versions (path text not null, revision integer not null, "
        "digest text not null, settings text not null, "
        "primary key (path, revision, digest)) without rowid"
    )
    db.execute(
        "insert into document_versions select path, revision, substr(digest, 1, 12), settings "
        "from documents"
    )


@migrations()
def m0015_saved_queries(db: Database) -> None:
    """How far each saved query has looked. Which entries it matches goes with the entry alone."""
    _table(db, "outputs").add_column("matched_to", int)  # number of a snapshot; null: no query
    _table(db, "outputs").add_column("is_matched", int)  # 1: it has looked through everything
    db.execute("drop table query_matches")
    db.execute(
        "create table query_matches ("
        "output_id integer not null references outputs(id) on delete cascade, "
        "entry_id integer not null references entries(id) on delete cascade, "
        "primary key (output_id, entry_id)) without rowid"
    )
    db.execute("create index query_matches_entry on query_matches (entry_id)")


@migrations()
def m0016_removals(db: Database) -> None:
    """What was taken down, what keeps it out, and the digests of what was destroyed."""
    _table(db, "removals").create(
        {
            "id": int,
            "story_id": int,
            "story_key": str,
            "atom_id": str,
            "reason": str,
            "legal": int,
            "whole": int,  # 0: some carriers of the story only
            "removed_at": str,
            "sources": str,  # JSON list: numbers of those that carried it
            "undone_at": str,
            "done_at": str,  # null: its bytes may still stand in free pages, or in documents
        },
        pk="id",
        not_null={"story_id", "story_key", "atom_id", "reason", "legal", "whole", "removed_at"}
        | {"sources"},
        foreign_keys=[("story_id", "stories", "id")],
    )
    _table(db, "removals").create_index(["story_key"])
    db.execute("create index unfinished_removals on removals (id) where done_at is null")
    db.execute(
        "create table removal_keys (digest text not null, removal_id integer not null "
        "references removals(id), primary key (digest, removal_id)) without rowid"
    )
    _table(db, "removal_keys").create_index(["removal_id"])
    _table(db, "removal_prints").create(
        {"id": int, "removal_id": int, "fingerprints": bytes, "numbers": bytes},
        pk="id",
        not_null={"removal_id", "fingerprints", "numbers"},
        foreign_keys=[("removal_id", "removals", "id")],
    )
    # What stands in manifests and no longer in the store.
    _table(db, "erased").create(
        {
            "kind": str,  # capture, snapshot
            "number": int,  # its id
            "digest": str,
            "taken_at": str,
            "removal_id": int,
            "story_key": str,
        },
        pk=("kind", "number"),
        not_null={"digest", "taken_at", "removal_id", "story_key"},
        foreign_keys=[("removal_id", "removals", "id")],
    )
    _table(db, "erased").create_index(["taken_at"])
    _table(db, "erased").create_index(["story_key"])
    # The digest of what is left of a capture of several entries, of which one was taken down.
    _table(db, "captures").add_column("left_digest", str)
    _table(db, "stories").add_column("removed_at", str)
    db.execute("insert or ignore into counters (name, value) values ('removals', 0)")


@migrations()
def m0017_private(db: Database) -> None:
    """Outputs for those who have a token, and the tokens."""
    db.execute("alter table outputs add column private integer not null default 0")
    _table(db, "tokens").create(
        {
            "id": int,
            "output_id": int,
            "name": str,
            "digest": str,  # SHA-256 of the token, which is not kept
            "made_at": str,
            "last_used_at": str,
            "revoked_at": str,
        },
        pk="id",
        not_null={"output_id", "name", "digest", "made_at"},
        foreign_keys=[("output_id", "outputs", "id")],
    )
    _table(db, "tokens").create_index(["output_id"])


@migrations()
def m0018_category_drift(db: Database) -> None:
    """How surely entries were placed day by day, and alarms of categories."""
    db.execute(
        "create table category_days (day text not null, output_id integer not null "
        "references outputs(id), entries integer not null, total real not null, "
        "squares real not null, primary key (day, output_id)) without rowid"
    )
    _table(db, "category_alarms").create(
        {
            "id": int,
            "output_id": int,
            "kind": str,
            "since": str,
            "evidence": str,
            "ended_at": str,
        },
        pk="id",
        not_null={"output_id", "kind", "since", "evidence"},
        foreign_keys=[("output_id", "outputs", "id")],
    )


@migrations()
def m0019_withdrawals(db: Database) -> None:
    """What sources have withdrawn by themselves, and what was decided about it."""
    _table(db, "withdrawals").create(
        {
            "entry_id": int,
            "kind": str,  # tombstone: its feed says so; gone: its page answers 404 or 410
            "since": str,
            "kept_at": str,  # since when it is decided that it stays
        },
        pk="entry_id",
        not_null={"kind", "since"},
        foreign_keys=[("entry_id", "entries", "id")],
    )


@migrations()
def m0020_own_content(db: Database) -> None:
    """What the feed gave as content where the text of the entry's page stands in its place."""
    _table(db, "snapshots").add_column("own_content", str)  # JSON: value, kind, base


@migrations()
def m0021_search(db: Database) -> None:
    """The index of texts, and how far it has come; it is filled after the migration."""
    db.execute(
        "create virtual table search_index using fts5("
        "title, text, outlet, author, content='', tokenize='ascii')"
    )
    db.execute("create table search_state (made_by text not null, reached integer not null)")
    db.execute("insert into search_state (made_by, reached) values ('', 0)")
    db.execute(
        "create table search_outlets (snapshot_id integer primary key, outlet text not null)"
    )
    # Whose present text a found one is, without a look at the text.
    db.execute("create index entries_by_snapshot on entries (snapshot_id, story_id)")


@migrations()
def m0022_text_index(db: Database) -> None:
    """How far texts are indexed that were saved before the index, or before its present form."""
    _table(db, "text_index").create(
        {
            "version": int,  # aggregator.store.fingerprints.FINGERPRINTS_VERSION
            "window_days": int,  # the widest window that is indexed
            "reached": int,  # snapshots from this number on are done, from the newest backwards
            "down_to": int,  # and this is the last to be done
        },
        not_null={"version", "window_days", "reached", "down_to"},
    )
    _table(db, "stories").create_index(["lead_id"])
