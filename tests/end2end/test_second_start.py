"""Two programs on one data folder, as real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coderapp.storage.lock import DataFolderLock, FolderInUse
from coderapp.storage.paths import Paths

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}


def command(paths: Paths, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "coderapp", "--data-dir", str(paths.root), *arguments]


def start(paths: Paths, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(paths, *arguments),
        cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


@contextmanager
def first(paths: Paths) -> Iterator[subprocess.Popen[bytes]]:
    """The program with its window; it listens."""
    with subprocess.Popen(command(paths), cwd=ROOT, env=ENVIRONMENT) as running:
        try:
            deadline = time.monotonic() + 15
            while not _listens(paths, running.pid):
                assert time.monotonic() < deadline
                assert running.poll() is None
                time.sleep(0.02)
            yield running
        finally:
            if running.poll() is None:
                running.kill()


def _listens(paths: Paths, pid: int) -> bool:
    try:
        said = json.loads(paths.lock.read_bytes())
    except (OSError, ValueError):
        return False
    return bool(said["pid"] == pid and said["port"])


@pytest.mark.slow
def test_a_second_start_raises_the_first_and_a_killed_one_is_in_nobodys_way(paths: Paths) -> None:
    with first(paths) as running:
        second = start(paths)
        assert (second.returncode, second.stderr) == (0, "")
        assert second.stdout == "coderapp is open already: its window was brought to the front.\n"

        running.send_signal(signal.SIGSTOP)  # it does not answer
        third = start(paths)
        assert third.returncode == 1
        assert f"is in use by another coderapp (process {running.pid})" in third.stderr
        assert "--data-dir" in third.stderr
        imported = start(paths, "import", __file__)
        assert imported.returncode == 1
        assert f"(process {running.pid})" in imported.stderr
        assert start(paths, "export", "--list").returncode == 0
        running.kill()
        running.wait(10)
    assert b"token" in paths.lock.read_bytes()  # left behind
    with first(paths) as running:
        running.terminate()
        assert running.wait(10) == 0
    assert paths.lock.read_bytes() == b""


@pytest.mark.slow
def test_of_two_that_start_together_one_opens(paths: Paths) -> None:
    starts = [
        subprocess.Popen(command(paths), cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    try:
        deadline = time.monotonic() + 20
        while all(one.poll() is None for one in starts):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        ended = next(one for one in starts if one.poll() is not None)
        other = next(one for one in starts if one is not ended)
        assert other.poll() is None
        with pytest.raises(FolderInUse) as refused:
            DataFolderLock(paths).take()
        assert refused.value.holder.pid == other.pid
        # On a busy machine the first may still be starting after two seconds: then its process is named.
        out, err = ended.communicate(timeout=5)
        assert (ended.returncode == 0 and b"brought to the front" in out) or str(other.pid).encode() in err
        other.terminate()
        assert other.wait(10) == 0
    finally:
        for one in starts:
            if one.poll() is None:
                one.kill()
            one.communicate()
