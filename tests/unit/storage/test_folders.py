"""The order of the folders on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coderapp.storage.folders import FolderStore
from coderapp.storage.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.under(tmp_path)


def test_kept_in_their_order(paths: Paths) -> None:
    assert FolderStore(paths).load() == []
    FolderStore(paths).save(["Zoo", "Äpfel 🍎", "a/b\\c", "half \ud83d"])
    store = FolderStore(paths)
    assert store.load() == ["Zoo", "Äpfel 🍎", "a/b\\c", "half \ud83d"]
    assert store.problems == []


def test_what_is_no_name_is_passed_over(paths: Paths) -> None:
    paths.folders.write_text(json.dumps({"version": 1, "folders": ["A", 3, None, " ", "B", "A"]}))
    assert FolderStore(paths).load() == ["A", "B"]


@pytest.mark.parametrize("content", [b"", b"\0\0\0", b"[1]", b'{"folders": "A"}', b'{"folders": ["A"'])
def test_a_damaged_file_gives_none_and_is_kept(paths: Paths, content: bytes) -> None:
    paths.folders.write_bytes(content)
    store = FolderStore(paths)
    assert store.load() == []
    if store.problems:
        assert (paths.root / "folders.json.damaged-1").read_bytes() == content
    store.save(["New"])
    assert FolderStore(paths).load() == ["New"]


def test_what_a_later_version_added_stays(paths: Paths) -> None:
    paths.folders.write_text(json.dumps({"version": 2, "folders": ["A"], "colours": {"A": "red"}}))
    store = FolderStore(paths)
    store.load()
    store.save(["A", "B"])
    assert json.loads(paths.folders.read_text())["colours"] == {"A": "red"}
