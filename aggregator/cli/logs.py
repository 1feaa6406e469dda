"""Options about logging → the root logger set up for a terminal or for a log collector."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

FORMATS = ("text", "json")
_TOKEN = re.compile(r"([?&]token=)[^&\s]*")


class TextFormatter(logging.Formatter):
    """One readable line a message: time, level where it matters, message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, in local time; a traceback follows where there is one."""
        moment = datetime.fromtimestamp(record.created).astimezone()
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        line = f"{moment:%H:%M:%S} {level}{record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The object: time (RFC 3339, UTC), level, logger, message, exception if any."""
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


class WithoutTokens(logging.Filter):
    """Takes the tokens of private feeds out of the addresses in the access log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record through, without its tokens."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                _TOKEN.sub(r"\1***", one) if isinstance(one, str) else one for one in record.args
            )
        return True


def set_up_logging(verbose: int, log_format: str) -> None:
    """Log to standard error: warnings; with -v what happens; with -vv every detail."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    ours = logging.getLogger("aggregator")
    ours.setLevel(level)
    # It warns whenever a job is still at work when its next tick comes, which is ordinary here.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.getLogger("uvicorn.access").addFilter(WithoutTokens())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
