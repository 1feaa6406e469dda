"""The store on SQLite: every part of it in one class over one connection."""

from __future__ import annotations

from aggregator.store.captures import CaptureRows
from aggregator.store.categories import CategoryRows
from aggregator.store.corrections import CorrectionRows
from aggregator.store.drift import DriftRows
from aggregator.store.erasing import ErasingRows
from aggregator.store.fingerprinting import FingerprintingRows
from aggregator.store.history import HistoryRows
from aggregator.store.hub import HubRows
from aggregator.store.kept import KeptPageRows
from aggregator.store.manifests import ManifestRows
from aggregator.store.push import PushRows
from aggregator.store.queries import QueryRows
from aggregator.store.related import RelatedRows
from aggregator.store.serving import ServingRows
from aggregator.store.tokens import TokenRows
from aggregator.store.withdrawals import WithdrawalRows


class SqliteStore(
    KeptPageRows,
    CorrectionRows,
    FingerprintingRows,
    CategoryRows,
    DriftRows,
    QueryRows,
    ErasingRows,
    HubRows,
    ManifestRows,
    PushRows,
    CaptureRows,
    ServingRows,
    RelatedRows,
    HistoryRows,
    TokenRows,
    WithdrawalRows,
):
    """Implements every Protocol of protocols.py. One thread at a time may use it."""

    def close(self) -> None:
        """Close the connection; harmless when it is closed already."""
        self._db.close()
