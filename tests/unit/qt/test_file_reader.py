"""Files to attach: what is read, and what is refused with a sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from coderapp.core.attachments import MOST_FILE_BYTES
from coderapp.core.errors import CoderappError, StorageError
from coderapp.core.message import FilePart
from coderapp.qt.background import Worker
from coderapp.qt.file_reader import FileReader, read_file


def test_a_text_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffä\r\nb\u2028".encode())
    assert read_file(path) == FilePart("a.txt", "text/plain", "ä\r\nb\u2028")
    page = tmp_path / "page.html"
    page.write_text("<p>")
    assert read_file(page).media_type == "text/html"


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a\0b", "ä".encode("latin-1")])
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    with pytest.raises(StorageError, match=r"a\.bin was not attached: it is no text in UTF-8"):
        read_file(path)


def test_folders_pipes_and_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="it is a folder"):
        read_file(tmp_path)
    with pytest.raises(StorageError, match="could not be read: no such file"):
        read_file(tmp_path / "gone")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(StorageError, match="no ordinary file"):
            read_file(tmp_path / "pipe")


def test_too_large_a_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big"
    with path.open("wb") as file:
        file.truncate(MOST_FILE_BYTES + 1)
    with pytest.raises(StorageError, match=r"it has 20\.0 MB, and 20\.0 MB is the most"):
        read_file(path)


def test_it_reads_in_a_thread(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    worker = Worker("files")
    reader = FileReader(worker)
    got: list[FilePart] = []
    refused: list[CoderappError] = []
    reader.read(str(tmp_path / "a.txt"), got.append, refused.append)
    reader.read(str(tmp_path / "b.txt"), got.append, refused.append)
    qtbot.waitUntil(lambda: bool(refused), timeout=5000)
    worker.stop()
    assert got == [FilePart("a.txt", "text/plain", "text")]
