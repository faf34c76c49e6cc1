"""One holder for each data folder; nobody is refused for nothing."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from coderapp.storage import lock
from coderapp.storage.lock import DataFolderLock, FolderInUse, Holder
from coderapp.storage.paths import Paths

HOLD = """
import sys
from coderapp.storage.lock import DataFolderLock
from coderapp.storage.paths import Paths
with DataFolderLock(Paths.under(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.under(tmp_path / "data")


def test_a_second_one_is_refused_with_a_sentence(paths: Paths) -> None:
    with DataFolderLock(paths) as first:
        assert first.is_held
        with pytest.raises(FolderInUse) as refused:
            DataFolderLock(paths).take()
        assert (
            str(refused.value) == f"The data folder {paths.root} is in use by another coderapp (process {os.getpid()})."
        )
        assert "--data-dir" in refused.value.advice
    with DataFolderLock(paths) as second:
        assert second.is_held


def test_a_holder_says_where_it_listens_to_its_owner_alone(paths: Paths) -> None:
    with DataFolderLock(paths) as first:
        first.note(Holder(os.getpid(), 4711, "secret"))
        assert stat.S_IMODE(paths.lock.stat().st_mode) == 0o600
        with pytest.raises(FolderInUse) as refused:
            DataFolderLock(paths).take()
        assert refused.value.holder == Holder(os.getpid(), 4711, "secret")
    assert paths.lock.read_bytes() == b""


def test_other_folders_are_free(paths: Paths, tmp_path: Path) -> None:
    with DataFolderLock(paths), DataFolderLock(Paths.under(tmp_path / "other")) as other:
        assert other.is_held


@pytest.mark.parametrize("left", [b"", b'{"pid": 1, "port": 80, "token": "x"}', b"\0" * 200, b"[[[[", b'{"pid": "x"}'])
def test_a_file_that_was_left_behind_means_nothing(paths: Paths, left: bytes) -> None:
    paths.root.mkdir()
    paths.lock.write_bytes(left)
    with DataFolderLock(paths) as first:
        assert first.is_held
        paths.lock.write_bytes(left)  # and in use, whatever stands there
        with pytest.raises(FolderInUse):
            DataFolderLock(paths).take()


def test_the_kernel_lets_go_when_the_holder_is_killed(paths: Paths) -> None:
    command = [sys.executable, "-c", HOLD, str(paths.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(FolderInUse) as refused:
            DataFolderLock(paths).take()
        assert refused.value.holder.pid == holder.pid
        holder.kill()
        holder.wait()
    with DataFolderLock(paths) as mine:
        assert mine.is_held


def test_the_lock_is_not_handed_down_to_children(paths: Paths) -> None:
    with DataFolderLock(paths):
        child = subprocess.Popen(
            [sys.executable, "-c", "print('running', flush=True); input()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False,
        )  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == b"running\n"
    try:
        with DataFolderLock(paths) as again:
            assert again.is_held
    finally:
        child.communicate(b"\n")


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO])
def test_without_locks_nobody_is_refused(paths: Paths, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(lock, "_lock", refuse)
    with DataFolderLock(paths) as one, DataFolderLock(paths) as two:
        assert not one.is_held
        assert not two.is_held


def test_where_no_folder_can_be_made_it_goes_on_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with DataFolderLock(Paths.under(tmp_path / "file")) as one:
        assert not one.is_held


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user who can be refused")
def test_a_folder_that_takes_no_writes(paths: Paths) -> None:
    paths.root.mkdir()
    paths.root.chmod(0o500)
    with DataFolderLock(paths) as one:
        assert not one.is_held
    paths.root.chmod(0o700)
    paths.lock.touch(0o400)
    with DataFolderLock(paths) as one:
        assert one.is_held
        with pytest.raises(FolderInUse):
            DataFolderLock(paths).take()
