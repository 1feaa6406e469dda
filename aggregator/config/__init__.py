"""feeds.yaml → Config; every mistake in it → a message a person can act on."""

from aggregator.config.load import included_lists, load_config, parse_config
from aggregator.config.plan import config_warnings, plan_changes
from aggregator.config.problems import ConfigError, Problem
from aggregator.config.renames import match_outputs, match_sources
from aggregator.config.secrets import secrets_of, shown_url

__all__ = [
    "ConfigError",
    "Problem",
    "config_warnings",
    "included_lists",
    "load_config",
    "match_outputs",
    "match_sources",
    "parse_config",
    "plan_changes",
    "secrets_of",
    "shown_url",
]
