"""Saved decisions → rows, and rows → what the shells show; SQLite is the one implementation."""

from aggregator.store.errors import StoreError, StoreInUse, StoreTooNew
from aggregator.store.open import open_reader, open_store
from aggregator.store.protocols import Store, StoreReader
from aggregator.store.publishing import LATEST_ARCHIVES

__all__ = [
    "LATEST_ARCHIVES",
    "Store",
    "StoreError",
    "StoreInUse",
    "StoreReader",
    "StoreTooNew",
    "open_reader",
    "open_store",
]
