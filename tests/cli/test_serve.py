"""`serve` as a process: it says where it listens, answers, and ends well when told to."""

import os
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection

import pytest

from tests.cli.commands import write_config
from tests.web.builder import Site

BODY = b"<feed>\xe5\x98\x89\xe5\x85\xb4</feed>"


def started(site: Site, listen: str, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "aggregator", "serve", "--listen", listen, *more]
    return subprocess.Popen(
        [*command, "--config", write_config(site)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_end(site: Site, number: signal.Signals) -> None:
    site.add_source("paper")
    site.publish("domestic", BODY)
    process = started(site, "127.0.0.1:0")
    try:
        assert process.stdout is not None
        said = [process.stdout.readline().strip() for _ in range(5)]
        heard = said[0]
        assert heard.startswith("我的订阅: listening on 127.0.0.1:")
        connection = HTTPConnection("127.0.0.1", int(heard.rpartition(":")[2]), timeout=10)
        connection.request("GET", "/feeds/domestic.atom")
        assert connection.getresponse().read() == BODY
        # The connection stays open: an idle client does not hold up the end.
        process.send_signal(number)
        _, err = process.communicate(timeout=10)
        connection.close()
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "feed    http://127.0.0.1:8000/feeds/all.atom" in said
    assert err == ""


def test_it_logs_each_request_when_asked_to(site: Site) -> None:
    site.publish("domestic", BODY)
    process = started(site, "127.0.0.1:0", "-v")
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip().rpartition(":")[2]
        connection = HTTPConnection("127.0.0.1", int(port), timeout=10)
        connection.request("GET", "/feeds/domestic.atom", headers={"If-None-Match": "*"})
        assert connection.getresponse().status == 304
        connection.close()
        process.terminate()
        _, err = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    assert '"GET /feeds/domestic.atom HTTP/1.1" 304' in err


def test_a_taken_port_is_named(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = started(site, f"127.0.0.1:{port}")
        out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: " in err
    assert "--listen" in err
    assert out == ""


@pytest.mark.parametrize("listen", ["8000", "127.0.0.1:http", "127.0.0.1:99999"])
def test_what_is_no_address_is_wrong_use(site: Site, listen: str) -> None:
    process = started(site, listen)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "is not HOST:PORT" in err
