from __future__ import annotations

import errno
import os
import resource
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coderapp.core.errors import StorageError
from coderapp.storage import atomic
from coderapp.storage.atomic import clean_up, keep_copy, write_atomically
from coderapp.storage.errors import DiskFault, DiskFull, FolderMissing, NoPermission, ReadOnly, from_os

NOBODY = 65534
ROOM = 64 * 1024


def test_a_file_is_replaced_and_private(folder: Path) -> None:
    path = folder / "new" / "deep" / "file.json"
    write_atomically(path, b"first")
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["file.json"]


def test_a_link_stays_a_link(folder: Path) -> None:
    (folder / "target").write_bytes(b"old")
    (folder / "link").symlink_to("target")
    write_atomically(folder / "link", b"new")
    assert (folder / "link").is_symlink()
    assert (folder / "target").read_bytes() == b"new"


def test_a_writer_that_is_interrupted_leaves_no_litter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    (folder / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(folder / "file", b"new")
    assert os.listdir(folder) == ["file"]
    assert (folder / "file").read_bytes() == b"old"


def test_a_write_that_takes_a_piece_at_a_time_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: whole(descriptor, bytes(data)[:3]))
    write_atomically(folder / "file", b"0123456789")
    assert (folder / "file").read_bytes() == b"0123456789"


@contextmanager
def small_disk() -> Iterator[Path]:
    """A disk with little room: a tmpfs where mounting is allowed, else a limit on the size of files."""
    with tempfile.TemporaryDirectory(prefix="coderapp-small-") as name:
        mount = shutil.which("mount")
        options = ["-t", "tmpfs", "-o", f"size={ROOM}", "none", name]
        if (
            mount
            and os.geteuid() == 0
            and subprocess.run([mount, *options], check=False, capture_output=True).returncode == 0
        ):
            try:
                yield Path(name)
            finally:
                subprocess.run(["umount", "-l", name], check=True)
            return
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, limits[1]))
        try:
            yield Path(name)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_keeps_the_old_file_and_no_litter() -> None:
    with small_disk() as folder:
        path = folder / "file.json"
        write_atomically(path, b"old")
        with pytest.raises(DiskFull, match=r"file\.json could not be saved: .*(full|larger)") as caught:
            write_atomically(path, b"x" * ROOM * 2)
        assert "Make room" in caught.value.advice
        assert path.read_bytes() == b"old"
        assert os.listdir(folder) == ["file.json"]
        write_atomically(path, b"new")
        assert path.read_bytes() == b"new"


def test_a_limit_on_file_size_is_a_full_disk(folder: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, limits[1]))
    try:
        with pytest.raises(DiskFull, match="larger than is allowed"):
            write_atomically(folder / "file", b"x" * ROOM * 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(folder) == []


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Root may write everywhere; nobody may not."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(was)


def test_a_folder_that_is_not_ours(folder: Path) -> None:
    (folder / "file").write_bytes(b"old")
    folder.chmod(0o555)
    try:
        with as_ordinary_user(), pytest.raises(NoPermission, match="there is no permission") as caught:
            write_atomically(folder / "file", b"new")
    finally:
        folder.chmod(0o755)
    assert "--data-dir" in caught.value.advice
    assert (folder / "file").read_bytes() == b"old"
    assert os.listdir(folder) == ["file"]


def test_a_file_where_the_folder_should_be(folder: Path) -> None:
    (folder / "conversations").write_bytes(b"")
    with pytest.raises(StorageError, match=r"conversations/x\.json could not be saved"):
        write_atomically(folder / "conversations" / "x.json", b"new")


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, DiskFull, "the disk is full"),
        (errno.EDQUOT, DiskFull, "quota"),
        (errno.EROFS, ReadOnly, "read-only"),
        (errno.EACCES, NoPermission, "permission"),
        (errno.EPERM, NoPermission, "permission"),
        (errno.EIO, DiskFault, "the disk reports an error"),
        (errno.ENOENT, FolderMissing, "not there"),
        (errno.EMFILE, StorageError, "too many open files"),
        (None, StorageError, "strange"),
    ],
)
def test_each_cause_has_its_own_sentence(number: int | None, kind: type[StorageError], words: str) -> None:
    error = OSError("strange") if number is None else OSError(number, os.strerror(number))
    made = from_os(error, "could not be saved", Path("/data/settings.json"))
    assert type(made) is kind
    assert made.sentence.startswith("/data/settings.json could not be saved: ")
    assert words in made.sentence
    assert made.sentence.endswith(".")
    assert made.advice


def test_stale_temporary_files_go_and_fresh_ones_stay(folder: Path) -> None:
    for name, age in (
        (".a.json.12-0.tmp", 120.0),
        (".b.json.12-1.tmp", 0.0),
        (".c.json.12-2.tmp", -1e6),
        ("d.tmp", 1e6),
    ):
        (folder / name).write_bytes(b"")
        at = (folder / name).stat().st_mtime - age
        os.utime(folder / name, (at, at))
    assert clean_up(folder) == 2
    assert sorted(os.listdir(folder)) == [".b.json.12-1.tmp", "d.tmp"]
    assert clean_up(folder / "missing") == 0


def test_a_damaged_file_is_copied_once(folder: Path) -> None:
    path = folder / "x.json"
    assert keep_copy(path, b"one").name == "x.json.damaged-1"
    assert keep_copy(path, b"one").name == "x.json.damaged-1"
    assert keep_copy(path, b"two").name == "x.json.damaged-2"
    assert (folder / "x.json.damaged-1").read_bytes() == b"one"


def test_copies_have_an_end(folder: Path) -> None:
    for number in range(1, atomic.MOST_COPIES + 1):
        (folder / f"x.json.damaged-{number}").write_bytes(b"other")
    with pytest.raises(StorageError, match="no copy could be put beside it"):
        keep_copy(folder / "x.json", b"new")
