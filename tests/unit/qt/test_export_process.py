"""Exports from the window, in their real process: progress, cancelling, failures, and what is not on disk."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from coderapp.core.conversation import Conversation
from coderapp.core.errors import CoderappError, StorageError
from coderapp.core.exporting import ExportDone, ExportFormat, ExportOptions
from coderapp.core.message import Message, Role
from coderapp.qt.background import Worker
from coderapp.qt.conversation_keeper import ConversationKeeper
from coderapp.qt.export_desk import ExportDesk
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths
from tests.unit.exchange.samples import message, rich

FIRST = "20261122-170355-ab12cd"
PATIENCE = 15_000


class Full(ConversationStore):
    """On a disk that is full once `full` is set."""

    full = False

    def add_message(
        self, conversation_id: str, message: Message, parent: str | None = None, *, sync: bool = True
    ) -> None:
        if self.full:
            raise StorageError("The disk is full.")
        super().add_message(conversation_id, message, parent, sync=sync)


class Bench:
    """A desk on a data folder, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.paths = Paths.under(folder / "data")
        self.disk, self.files = Worker("storage"), Worker("files")
        self.store = Full(self.paths)
        self.keeper = ConversationKeeper(self.disk, lambda: self.store)
        self.live: list[Conversation] = []
        self.desk = ExportDesk(self.keeper, lambda: self.live, self.files, self.paths.root)
        self.parts: list[float] = []
        self.done: list[ExportDone] = []
        self.failed: list[CoderappError] = []
        self.cancelled = 0
        self.desk.progressed.connect(lambda part, title: self.parts.append(part))
        self.desk.succeeded.connect(self.done.append)
        self.desk.failed.connect(self.failed.append)
        self.desk.cancelled.connect(self._on_cancelled)

    def _on_cancelled(self) -> None:
        self.cancelled += 1

    @property
    def ended(self) -> bool:
        return bool(self.done or self.failed or self.cancelled)

    def close(self) -> None:
        self.desk.stop()
        self.disk.stop()
        self.files.stop()
        self.store.close()


@pytest.fixture
def bench(qtbot: QtBot, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def long(conversation_id: str, count: int = 6000) -> Conversation:
    made = Conversation(conversation_id, 1_795_000_000.0)
    for number in range(count):
        made.add(message(f"m{number}", Role.USER, f"Message {number}\n\n```python\nx = {number}\n```"))
    return made


def test_everything_goes_out_in_a_process(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    bench.store.create(rich(FIRST))
    bench.store.create(rich("20261121-170355-ab12ce"))
    bench.desk.export((), str(tmp_path / "all.zip"), ExportOptions(ExportFormat.PDF))
    bench.desk.export((), str(tmp_path / "other.zip"), ExportOptions())
    assert "under way" in bench.failed.pop().sentence
    qtbot.waitUntil(lambda: bench.ended, timeout=PATIENCE)
    assert not bench.failed
    assert bench.done == [ExportDone(str(tmp_path / "all.zip"), 2)]
    assert not bench.desk.is_busy
    assert bench.parts
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert all(archive.read(name).startswith(b"%PDF-") for name in archive.namelist())


def test_what_can_not_be_saved_can_still_be_exported(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    shown = rich(FIRST)
    bench.keeper.ensure(shown)
    bench.live = [shown]
    qtbot.waitUntil(lambda: bench.keeper.is_stored(shown), timeout=PATIENCE)
    bench.store.full = True
    with qtbot.waitSignal(bench.keeper.trouble, timeout=PATIENCE):
        late = message("late", Role.USER, "only on screen")
        shown.add(late)
        bench.keeper.add_messages(shown, [late], lambda: None)
    bench.desk.export([FIRST], str(tmp_path / "out.md"), ExportOptions())
    qtbot.waitUntil(lambda: bench.ended, timeout=PATIENCE)
    assert not bench.failed
    assert "only on screen" in (tmp_path / "out.md").read_text()


def test_a_cancelled_export_leaves_nothing(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    bench.store.create(long(FIRST))
    bench.desk.export((), str(tmp_path / "out.pdf"), ExportOptions(ExportFormat.PDF))
    qtbot.waitUntil(lambda: bench.ended or any(0.02 < part < 0.9 for part in bench.parts), timeout=PATIENCE)
    assert not bench.ended
    bench.desk.cancel()
    qtbot.waitUntil(lambda: bench.ended, timeout=PATIENCE)
    assert bench.cancelled == 1
    qtbot.waitUntil(lambda: os.listdir(tmp_path) == ["data"], timeout=PATIENCE)
    assert not bench.desk.is_busy


def test_one_that_is_cancelled_before_it_began_never_begins(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    bench.store.create(rich(FIRST))
    bench.desk.export((), str(tmp_path / "out.md"), ExportOptions())
    bench.desk.cancel()
    qtbot.waitUntil(lambda: bench.ended, timeout=PATIENCE)
    assert bench.cancelled == 1
    assert os.listdir(tmp_path) == ["data"]


def test_the_end_of_the_program_ends_it(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    bench.store.create(long(FIRST))
    several = str(tmp_path / "folder")
    bench.store.create(rich("20261121-170355-ab12ce"))
    bench.desk.export((), several, ExportOptions(ExportFormat.PDF))
    qtbot.waitUntil(lambda: bool(bench.parts), timeout=PATIENCE)
    bench.desk.stop()
    bench.files.stop()
    assert os.listdir(tmp_path) == ["data"]
    assert not bench.ended


def test_a_failure_is_the_sentence_of_the_process(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    bench.store.create(rich(FIRST))
    bench.desk.export((), str(tmp_path / "no" / "out.md"), ExportOptions())
    qtbot.waitUntil(lambda: bench.ended, timeout=PATIENCE)
    assert "does not exist" in bench.failed[0].sentence
    assert bench.failed[0].advice
