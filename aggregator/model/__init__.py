"""The nouns that travel between the stages: what was configured, fetched, said and decided.

All are frozen and slotted, sequences are tuples, and every datetime is aware and in UTC.
The names are Atom's (RFC 4287); FIELD_NAMES records what every other format calls them.
"""

from __future__ import annotations

from aggregator.model.answered import (
    Fetched,
    FetchFailed,
    FetchOutcome,
    FetchRequest,
    Freshness,
    NotModified,
)
from aggregator.model.configured import (
    Category,
    Config,
    FetchSettings,
    PageRecipe,
    PublishSettings,
    Source,
)
from aggregator.model.credited import (
    NO_PROVENANCE,
    Boilerplate,
    BoilerplateKind,
    Credit,
    Provenance,
)
from aggregator.model.decided import (
    CategoryDecision,
    Decided,
    DecidedBy,
    EntryUpdate,
    KeyedEntry,
    KnownEntry,
    New,
    PollUpdate,
    Revised,
    Same,
    SavedPoll,
)
from aggregator.model.kept import (
    Carrier,
    ConfiguredSource,
    DocumentRecord,
    OutputRecord,
    PublishedStory,
    Snapshot,
    SourceHealth,
    SourceRecord,
    StoryDetails,
    UndecidedEntry,
)
from aggregator.model.remembered import (
    Alarm,
    PageRecord,
    PollState,
)
from aggregator.model.said import (
    FIELD_NAMES,
    Document,
    Enclosure,
    Entry,
    Known,
    Note,
    Origin,
    ParsedFeed,
    Tag,
    Text,
    UpdateHints,
)

__all__ = [
    "FIELD_NAMES",
    "NO_PROVENANCE",
    "Alarm",
    "Boilerplate",
    "BoilerplateKind",
    "Carrier",
    "Category",
    "CategoryDecision",
    "Config",
    "ConfiguredSource",
    "Credit",
    "Decided",
    "DecidedBy",
    "Document",
    "DocumentRecord",
    "Enclosure",
    "Entry",
    "EntryUpdate",
    "FetchFailed",
    "FetchOutcome",
    "FetchRequest",
    "FetchSettings",
    "Fetched",
    "Freshness",
    "KeyedEntry",
    "Known",
    "KnownEntry",
    "New",
    "NotModified",
    "Note",
    "Origin",
    "OutputRecord",
    "PageRecipe",
    "PageRecord",
    "ParsedFeed",
    "PollState",
    "PollUpdate",
    "Provenance",
    "PublishSettings",
    "PublishedStory",
    "Revised",
    "Same",
    "SavedPoll",
    "Snapshot",
    "Source",
    "SourceHealth",
    "SourceRecord",
    "StoryDetails",
    "Tag",
    "Text",
    "UndecidedEntry",
    "UpdateHints",
]
