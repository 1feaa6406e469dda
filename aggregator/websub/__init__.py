"""W3C WebSub: changed documents → subscribers that are told at once, and pushes → the corridor."""

from __future__ import annotations

from aggregator.websub.service import WebSub

__all__ = ["WebSub"]
