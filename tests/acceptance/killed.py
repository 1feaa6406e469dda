"""A command of the program that is killed as a crash would: `python -m … STEP NUMBER ARGUMENT…`.

STEP is a function of the program (its qualified name), at whose NUMBERth beginning the process
gets SIGKILL; `NAME:end` means its end, and `vacuum` the middle of SQLite's rewriting of the file.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Any

from aggregator.cli.app import main


def die() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


def watch(step: str, number: int) -> None:
    name, _, end = step.partition(":")
    event_wanted = "return" if end else "call"
    left = number

    def on_event(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal left
        if name == "vacuum" and event == "call" and frame.f_code.co_name == "scrub":
            frame.f_locals["self"]._db.set_progress_handler(die, 500)
        if event == event_wanted and frame.f_code.co_qualname == name:
            left -= 1
            if left == 0:
                die()

    sys.setprofile(on_event)


if __name__ == "__main__":
    watch(sys.argv[1], int(sys.argv[2]))
    main(sys.argv[3:])
