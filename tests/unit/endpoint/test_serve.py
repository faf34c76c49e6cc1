"""`coderapp serve` as a process: ready line, keys, signals, the parent's end; and the parts of it in this process."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from coderapp.core import resources
from coderapp.endpoint import parent, serve, server
from coderapp.endpoint.app import Endpoint, EndpointSettings
from coderapp.endpoint.hosts import HostGuard
from coderapp.endpoint.model import SampleModel
from coderapp.endpoint.server import EndpointServer, bind

ROOT = Path(__file__).resolve().parents[3]
SERVE = """
import argparse, sys
from coderapp.endpoint import serve
assert not {"starlette", "uvicorn", "asyncio", "httpx"} & set(sys.modules), "serve must be light to import"
parser = argparse.ArgumentParser()
serve.add_arguments(parser)
sys.exit(serve.run(parser.parse_args()))
"""

pytestmark = pytest.mark.slow


@contextmanager
def started(
    *arguments: str, stdin: str = "", **environment: str
) -> Generator[tuple[subprocess.Popen[str], dict[str, str]]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(stdin)
        process.stdin.flush()
        line = process.stdout.readline()
        yield process, json.loads(line) if line else {}
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def is_open(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_it_serves_and_ends_at_once_on_a_signal(name: str) -> None:
    with started("--tokens-per-second", "5") as (process, ready):
        assert ready.keys() == {"url", "key"}
        assert len(ready["key"]) >= 24
        headers = {"WWW-Authenticate": ready["key"]}
        body = {"messages": "login form", "stream": True}
        with (
            httpx.Client(trust_env=False) as client,
            client.stream("POST", f"{ready['url']}/coder", json=body, headers=headers) as reply,
        ):
            lines = reply.iter_lines()
            assert next(lines).startswith("data: ")
            began = time.monotonic()
            process.send_signal(getattr(signal, name))
            assert process.wait(5) == 0
            assert time.monotonic() - began < 1
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_the_key_comes_from_standard_input() -> None:
    with started("--key", "-", stdin="from-stdin\n") as (_, ready):
        assert ready["key"] == "from-stdin"


def test_the_key_comes_from_the_environment() -> None:
    with started(CODERAPP_ENDPOINT_KEY="from-environment") as (process, ready):
        assert ready["key"] == "from-environment"
        assert "from-environment" not in Path(f"/proc/{process.pid}/cmdline").read_text()


def test_it_ends_with_its_parent() -> None:
    middle = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {SERVE!r}], stdout=subprocess.PIPE, text=True)
print(child.pid, child.stdout.readline(), end="", flush=True)
sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", middle], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    pid, _, line = process.stdout.readline().partition(" ")
    url = json.loads(line)["url"]
    assert is_open(url)
    process.kill()
    process.communicate()
    ended = time.monotonic()
    while is_running(int(pid)):
        assert time.monotonic() - ended < 1.0
        time.sleep(0.02)
    assert not is_open(url)


def test_it_ends_with_the_process_that_it_is_told_to_watch() -> None:
    other = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    with started("--parent-pid", str(other.pid)) as (process, _):
        other.communicate()
        ended = time.monotonic()
        process.wait(3)
        assert time.monotonic() - ended < 1.0


def test_a_port_that_is_taken() -> None:
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    with started("--port", str(port)) as (process, ready):
        assert not ready
        assert process.wait(5) == 1
        assert process.stderr is not None
        assert f"can't listen on 127.0.0.1 port {port}" in process.stderr.read()
    listener.close()


# --------------------------------------------------------------------------------------------------- in this process


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    serve.add_arguments(parser)
    return parser.parse_args(arguments)


def test_options() -> None:
    args = parsed()
    assert (args.host, args.port, args.key, args.tokens_per_second, args.parent_pid) == ("127.0.0.1", 0, None, 0, None)
    args = parsed("--port", "80", "--tokens-per-second", "2.5", "--parent-pid", "0")
    assert (args.port, args.tokens_per_second, args.parent_pid) == (80, 2.5, 0)


@pytest.mark.parametrize(
    "arguments", [("--port", "x"), ("--port", "70000"), ("--tokens-per-second", "-1"), ("--tokens-per-second", "x")]
)
def test_options_that_are_wrong(arguments: tuple[str, str]) -> None:
    with pytest.raises(argparse.ArgumentError, match="is a number"):
        parsed(*arguments)


def test_an_empty_standard_input_holds_no_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert serve.run(parsed("--key", "-")) == 2
    assert "holds no key" in capsys.readouterr().err


def test_a_key_must_fit_a_header(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve.main(key="schlüssel") == 2
    assert "ASCII" in capsys.readouterr().err


def test_a_library_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server, "resource_path", lambda *names: tmp_path)
    assert serve.main(parent_pid=0) == 1
    assert "the installation is not complete" in capsys.readouterr().err


def test_a_host_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve.main(host="no-such-host.invalid") == 1
    assert "can't listen on no-such-host.invalid" in capsys.readouterr().err


def test_the_whole_life_in_this_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setenv("CODERAPP_ENDPOINT_KEY", "inherited")

    def end_it() -> None:
        while signal.getsignal(signal.SIGTERM) is kept[signal.SIGTERM]:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_it, daemon=True).start()
    try:
        assert serve.main(parent_pid=0) == 0
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    assert json.loads(capsys.readouterr().out)["key"] == "inherited"
    assert "CODERAPP_ENDPOINT_KEY" not in os.environ


def test_a_stop_before_the_start(small_model: SampleModel) -> None:
    running = EndpointServer(Endpoint(small_model, EndpointSettings("k")), bind("127.0.0.1", 0))
    running.stop()
    running.run_here()


def test_addresses_of_version_six(small_model: SampleModel) -> None:
    listener = bind("::1", 0)
    running = EndpointServer(Endpoint(small_model, EndpointSettings("k", "::1")), listener)
    assert running.listening.url.startswith("http://[::1]:")
    listener.close()


def test_the_callback_for_a_parent_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    exits: list[int] = []
    gone = threading.Event()
    monkeypatch.setattr(parent, "_LAST_RESORT", 0)
    monkeypatch.setattr(os, "_exit", exits.append)
    other = subprocess.Popen([sys.executable, "-c", ""])
    other.wait()
    thread = parent.watch_parent(other.pid, gone.set)
    assert thread is not None
    thread.join(3)
    assert gone.is_set()
    assert exits == [1]


def test_parents_that_are_not_watched() -> None:
    assert parent.watch_parent(0, lambda: None) is None
    assert parent._posix_test(-1) is None


def test_parents_that_run() -> None:
    for pid in (None, os.getppid(), os.getpid()):
        is_alive = parent._posix_test(pid)
        assert is_alive is None or is_alive()


def test_a_process_of_somebody_else_counts_as_running(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, number: int) -> None:
        raise PermissionError

    is_alive = parent._posix_test(os.getpid())
    monkeypatch.setattr(os, "kill", refuse)
    assert is_alive is not None
    assert is_alive()


@pytest.mark.parametrize(
    ("listens_on", "named", "ours"),
    [
        ("0.0.0.0", "192.168.1.7:99", True),
        ("0.0.0.0", f"{socket.gethostname()}:99", True),
        ("0.0.0.0", "evil.example:99", False),
        ("::", "[fe80::1]:99", True),
        ("192.168.1.7", "192.168.1.7", True),
        ("192.168.1.7", "192.168.1.8", False),
        ("127.0.0.1", "localhost:98", False),
    ],
)
def test_hosts_that_are_ours(listens_on: str, named: str, ours: bool) -> None:
    async def app(*_: Any) -> None:
        return

    assert HostGuard(app, listens_on)._is_ours(named, {"server": ("x", 99)}) is ours


def test_resources_are_found() -> None:
    assert resources.resource_path("snippets").is_dir()


_STUCK = """
import signal, sys, threading
from coderapp.endpoint import parent
if sys.argv[1] == "parent":
    def gone():
        raise RuntimeError("the loop is closed")
    threading.excepthook = lambda args: None
    parent._posix_test = lambda pid: lambda: False
    parent.watch_parent(1, gone)
else:
    parent.end_at_last(0, threading.Event(), 0.2)
threading.Event().wait(20)
sys.exit(7)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the parent is looked for in another way")
@pytest.mark.parametrize(("how", "status"), [("parent", 1), ("signal", 0)])
def test_a_process_that_can_not_end_in_good_order_is_ended(how: str, status: int) -> None:
    ended = subprocess.run([sys.executable, "-c", _STUCK, how], cwd=ROOT, timeout=10, check=False)
    assert ended.returncode == status


def test_a_process_that_ended_its_serving_goes_on() -> None:
    code = _STUCK.replace("threading.Event(), 0.2", "done, 0.2").replace("else:", "else:\n    done = threading.Event()")
    code = code.replace("threading.Event().wait(20)", "done.set(); threading.Event().wait(0.5)")
    ended = subprocess.run([sys.executable, "-c", code, "signal"], cwd=ROOT, timeout=10, check=False)
    assert ended.returncode == 7
