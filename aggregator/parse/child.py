"""Frames with a document's text on standard input → frames with what the tolerant reader says.

Run as `python -m aggregator.parse.child CPU_SECONDS MEMORY_BYTES`; started by `reader`, one
document at a time. A frame is 4 bytes of length, big-endian, and that many bytes of JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any, BinaryIO

from aggregator.parse.errors import ParseError


def serve(frames: BinaryIO, answers: BinaryIO, cpu_seconds: int) -> None:
    """Answer every frame until the input ends, each within `cpu_seconds` of processor time.

    The limit is the kernel's: past it this process dies, and `reader` starts another.
    """
    from aggregator.parse.tolerant import read_tolerantly
    from aggregator.parse.wire import to_json

    _write_frame(answers, b"")  # ready
    while (frame := _read_frame(frames)) is not None:
        _limit_cpu(cpu_seconds)
        answer: dict[str, Any]
        try:
            answer = {"read": to_json(*read_tolerantly(json.loads(frame)))}
        except ParseError as error:
            answer = {"error": [error.reason, error.message, error.line]}
        except (MemoryError, RecursionError) as error:
            kind = type(error).__name__
            answer = {"error": ["too-expensive", f"too much for the reader ({kind})", None]}
        try:
            body = json.dumps(answer).encode("ascii")
        except MemoryError:
            body = json.dumps({"error": ["too-expensive", "too much to tell", None]}).encode()
        _write_frame(answers, body)


def _read_frame(frames: BinaryIO) -> bytes | None:
    head = frames.read(4)
    if len(head) < 4:
        return None
    return frames.read(int.from_bytes(head, "big"))


def _write_frame(answers: BinaryIO, body: bytes) -> None:
    answers.write(len(body).to_bytes(4, "big") + body)
    answers.flush()


def _limit_cpu(seconds: int) -> None:
    """Let this process use `seconds` more than it has used so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + seconds + 1
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (until, hard))


def main(arguments: list[str]) -> None:
    """Set the limits and serve."""
    cpu_seconds, memory_bytes = (int(argument) for argument in arguments)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, sys.stdout.buffer, cpu_seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
