"""The program as a person runs it: a folder with feeds.yaml, commands as processes, a daemon."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

# Loopback is asked directly, whatever proxy this machine has configured.
_OPENER = build_opener(ProxyHandler({}))
PATIENCE_S = 120.0


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Program:
    """A folder with a feeds.yaml, and the commands run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.config = folder / "feeds.yaml"

    @property
    def base(self) -> str:
        """Where the daemon serves."""
        return f"http://127.0.0.1:{self.port}"

    def configure(self, sources: str, categories: str = "", more: str = "") -> None:
        """Write feeds.yaml with these YAML blocks, whole at once as editors do."""
        text = (
            f"title: 我的订阅\nbase_url: {self.base}\ntimezone: Asia/Shanghai\n"
            f"store: sqlite:store.db\nlisten: 127.0.0.1:{self.port}\n"
            "fetch: {allow_private: [127.0.0.0/8]}\n"
            f"{more}\ncategories:\n{categories or '  - {id: domestic, title: 国内}'}\n"
            f"sources:\n{sources}\n"
        )
        aside = self.config.with_suffix(".new")
        aside.write_text(text, encoding="utf-8")
        aside.replace(self.config)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            self._command(*arguments),
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=120,  # a machine that builds beside is slow, not wrong
            check=False,
        )

    def poll(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """`poll --json`: the lines, by source."""
        done = self.run("poll", "--json", *arguments)
        assert done.returncode in (0, 1), done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return {line["source"]: line for line in lines}

    def document(self, name: str) -> bytes:
        """A published document, from the disk."""
        return (self.folder / "public" / "feeds" / name).read_bytes()

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """A GET to the daemon: status, headers (lower case), body."""
        from urllib.error import HTTPError
        from urllib.request import Request

        request = Request(
            self.base + path, headers={name.replace("_", "-"): v for name, v in headers.items()}
        )
        try:
            with _OPENER.open(request, timeout=10) as answer:
                found = {name.lower(): value for name, value in answer.headers.items()}
                return answer.status, found, answer.read()
        except HTTPError as error:
            with error:
                found = {name.lower(): value for name, value in error.headers.items()}
                return error.code, found, error.read()

    @contextmanager
    def daemon(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """`run`, for the length of the block; ended by SIGTERM if it has not ended."""
        with subprocess.Popen(
            self._command("run", "-v", *arguments),
            cwd=self.folder,
            env=self._environment(),
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                self.wait_until(lambda: self._answers(process))
                yield process
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                process.communicate(timeout=15)

    def _answers(self, process: subprocess.Popen[str]) -> bool:
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def wait_until(self, true: Callable[[], bool]) -> None:
        """Ask until it is true; fails after PATIENCE_S."""
        end = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < end, "it did not come true in time"
            select.select([], [], [], 0.05)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "aggregator", *arguments]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "XDG_CACHE_HOME": str(self.folder / "cache")}
