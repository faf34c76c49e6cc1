"""`coderapp import`, as a script calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coderapp.cli import main
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths
from tests.benchmarks.storage_import import make_export
from tests.unit.exchange import foreign as samples
from tests.unit.storage.test_atomic import small_disk


def export(folder: Path) -> Path:
    path = folder / "conversations.json"
    path.write_text(json.dumps([samples.chatgpt(), samples.chatgpt("c2")]))
    return path


def test_what_it_says_and_what_it_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, data = export(tmp_path), tmp_path / "data"
    arguments = ["import", str(file), "--data-dir", str(data), "--folder", "Old"]
    assert main([*arguments, "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("Would import 2 conversations with 16 messages.\n")
    assert not data.exists()
    assert main([*arguments, "--verbose"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Imported 2 conversations with 16 messages.\nFrom ChatGPT (2).\n")
    assert "weird_new_thing kept as raw text" in told
    assert [head.folder for head in ConversationStore(Paths(data)).list()] == ["Old", "Old"]
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("Nothing new: 2 conversations had been imported before.")


def test_what_can_not_be_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data-dir", str(tmp_path / "data")]
    assert main(["import", str(tmp_path / "absent.json"), *data]) == 1
    assert "There is no file" in capsys.readouterr().err
    stray = tmp_path / "package.json"
    stray.write_text('{"name": "x"}')
    assert main(["import", str(stray), *data]) == 1
    assert "No conversations in: package.json." in capsys.readouterr().out
    assert not (tmp_path / "data" / "incoming").exists()
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    assert main(["import", str(export(tmp_path)), "--data-dir", str(blocked)]) == 1
    assert "coderapp import:" in capsys.readouterr().err


def test_what_was_exported_comes_in_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    ours = tmp_path / "ours.json"
    ours.write_text(json.dumps(samples.ours()))
    assert main(["import", str(export(tmp_path)), str(ours), "--data-dir", first]) == 0
    out = str(tmp_path / "all.zip")
    assert main(["export", "--all", "--format", "json", "--out", out, "--data-dir", first]) == 0
    assert main(["import", out, "--data-dir", second]) == 0
    before, after = (ConversationStore(Paths(Path(folder))) for folder in (first, second))
    assert [before.load(head.id) for head in before.list()] == [after.load(head.id) for head in after.list()]
    assert main(["import", out, "--data-dir", first]) == 0
    assert "Nothing new: 3 conversations had been imported before." in capsys.readouterr().out


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    large = tmp_path / "large.json"
    make_export(large, 1)
    with small_disk() as disk:
        data = disk / "data"
        assert main(["import", str(export(tmp_path)), "--data-dir", str(data)]) == 0
        before = {path: path.read_bytes() for path in data.rglob("*.json")}
        assert main(["import", str(large), "--data-dir", str(data)]) == 1
        assert "Make room on the disk" in capsys.readouterr().err
        assert {path: path.read_bytes() for path in data.rglob("*.json")} == before
        assert not (data / "incoming").exists()
