"""A readable text → what it credits: outlet, byline, dateline, each with its place; boilerplate."""

from aggregator.provenance.outlets import NO_OUTLETS, Outlets, learn_outlets, outlets_of
from aggregator.provenance.read import read_provenance

__all__ = ["NO_OUTLETS", "Outlets", "learn_outlets", "outlets_of", "read_provenance"]
