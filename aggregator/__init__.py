"""Polls feeds and pages, keeps every version of every article, republishes them by category."""

__version__ = "0.1.0"
