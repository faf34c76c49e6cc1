"""The program on a disk that fills up, in a folder that it may not change, among damaged files: what the user sees of
it, and what is there afterwards.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from coderapp.core.message import FinishReason
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths
from tests.helpers.desktop import Desktop, desktop, keep_profile, openai_profile
from tests.helpers.talker import Gate, Talker, says
from tests.unit.storage.test_faults import faulty

ROOM = 4 * 1024 * 1024
BLOCK = 4096


class SmallDisk:
    """A disk of its own, which can be filled and emptied."""

    def __init__(self, folder: Path) -> None:
        self.paths = Paths.under(folder / "data")
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        with self._ballast.open("ab", buffering=0) as file:
            try:
                while file.write(bytes(BLOCK)):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def make_room(self) -> None:
        self._ballast.unlink()


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    mount = shutil.which("mount")
    with tempfile.TemporaryDirectory(prefix="coderapp-small-") as name:
        options = ["-t", "tmpfs", "-o", f"size={ROOM}", "none", name]
        if mount is None or os.geteuid() != 0:
            pytest.skip("mounting a small disk needs root")
        if subprocess.run([mount, *options], check=False, capture_output=True).returncode != 0:
            pytest.skip("no disk can be mounted here")
        try:
            yield SmallDisk(Path(name))
        finally:
            subprocess.run(["umount", "-l", name], check=True)


@contextmanager
def sentences(desk: Desktop) -> Iterator[list[str]]:
    told: list[str] = []
    desk.program.workspace.notice.connect(told.append)
    yield told


def on_disk(paths: Paths, name: str) -> list[tuple[str, str]]:
    store = ConversationStore(paths)
    conversation = store.load(name)
    assert store.take_problems() == []
    store.close()
    return [(message.role.value, message.text) for message in conversation.path()]


LONG = "The first half. " + "And so it goes on. " * 600


def asked(desk: Desktop, prompt: str) -> None:
    desk.type(prompt)
    desk.press(Qt.Key.Key_Return)


def test_a_disk_that_is_full_in_mid_answer(qtbot: QtBot, disk: SmallDisk, server: Talker) -> None:
    keep_profile(disk.paths, openai_profile(server.openai_url))
    with desktop(qtbot, disk.paths) as desk, sentences(desk) as told:
        desk.ask("Before")
        gate = Gate()
        server.behave(says(LONG, "The next answer.", gate=gate, before_gate=16))
        asked(desk, "In the middle")
        desk.streaming("The first")
        disk.fill()
        gate.open()
        assert desk.answered().text == LONG
        desk.until(lambda: desk.shown_text().endswith(LONG.strip()))
        desk.until(lambda: "the disk is full" in desk.notice)
        assert "Make room" in desk.notice
        desk.ask("And now?")
        desk.session.set_draft("a draft")
        assert desk.last.text == "The next answer.", "the request went out"
        assert desk.finish() is FinishReason.STOP
        about = [sentence for sentence in told if "/conversations/" in sentence]
        assert 1 <= len(about) <= 2, told  # once for the answer, once more for the next prompt
        name = desk.session.conversation.id
        disk.make_room()
        server.behave(says("Fine again."))
        desk.ask("Is there room?")
        desk.until(lambda: any("could be saved again" in sentence for sentence in told))
        expected = [(message.role.value, message.text) for message in desk.messages]
        assert len(expected) == 8
        desk.program.workspace.new()
        desk.until(lambda: not (disk.paths.conversations / f"{name}.journal").exists())
        assert on_disk(disk.paths, name) == expected


def test_room_that_comes_in_mid_answer_saves_it_then(qtbot: QtBot, disk: SmallDisk, server: Talker) -> None:
    keep_profile(disk.paths, openai_profile(server.openai_url))
    prompt = "Nothing of this can be saved. " * 3000
    with desktop(qtbot, disk.paths) as desk, sentences(desk) as told:
        gate = Gate()
        desk.until(lambda: desk.program.is_settled)
        disk.fill()
        server.behave(says(LONG, gate=gate, before_gate=16))
        desk.session.send(prompt)
        desk.streaming("The first")
        desk.until(lambda: any("the disk is full" in sentence for sentence in told))
        disk.make_room()
        gate.open()
        desk.answered()
        desk.until(lambda: any("could be saved again" in sentence for sentence in told))
        name = desk.session.conversation.id
        desk.until(lambda: disk.paths.conversations.joinpath(f"{name}.json").exists())
    assert on_disk(disk.paths, name) == [("user", prompt), ("assistant", LONG)]


def test_what_the_window_keeps_on_a_full_disk(qtbot: QtBot, disk: SmallDisk, server: Talker) -> None:
    """Settings, folders, profiles, the state of the window: told in a sentence, and as they were on disk."""
    keep_profile(disk.paths, openai_profile(server.openai_url))
    with desktop(qtbot, disk.paths) as desk, sentences(desk) as told:
        desk.ask("Before")
        disk.fill()
        profiles = disk.paths.profiles.read_bytes()
        desk.session.set_about(title="x" * 20_000)
        desk.until(lambda: any("the disk is full" in sentence for sentence in told))
        assert disk.paths.profiles.read_bytes() == profiles
    for path in (disk.paths.settings, disk.paths.state, disk.paths.folders):
        if path.exists():
            assert isinstance(json.loads(path.read_bytes()), dict), path


def test_an_error_of_the_disk_at_a_prompt(qtbot: QtBot, paths: Paths, server: Talker) -> None:
    """The prompt stays on screen, a sentence says that it is not on disk, and the request goes out: who waits for an
    answer gets it. With the next prompt all is saved.
    """
    keep_profile(paths, openai_profile(server.openai_url))
    with desktop(qtbot, paths) as desk, sentences(desk) as told:
        desk.ask("Before")
        with faulty(1, 10**6, errno.EIO):
            asked(desk, "At a bad moment")
            assert desk.answered().text == "Fine."
            assert "At a bad moment" in desk.shown_text()
            desk.until(lambda: "the disk reports an error" in desk.notice)
        desk.ask("Later")
        name = desk.session.conversation.id
        expected = [(message.role.value, message.text) for message in desk.messages]
        assert len(expected) == 6
        assert sum("the disk reports an error" in sentence and name in sentence for sentence in told) <= 2, told
    assert on_disk(paths, name) == expected


def test_hundreds_of_damaged_files_are_one_sentence(qtbot: QtBot, paths: Paths, server: Talker) -> None:
    keep_profile(paths, openai_profile(server.openai_url))
    paths.conversations.mkdir(parents=True)
    for number in range(300):
        (paths.conversations / f"20261122-{number:06}-ab12cd.json").write_bytes(b"\0" * 4096)
    with desktop(qtbot, paths) as desk, sentences(desk) as told:
        desk.until(lambda: any(sentence.startswith("300 conversations") for sentence in told))
        assert len(told) <= 2, told
        assert desk.ask("Does it work?").text == "Fine."
    assert len(list(paths.conversations.glob("20261122-0*.json"))) == 300
    assert all(path.read_bytes() == b"\0" * 4096 for path in paths.conversations.glob("20261122-0*.json"))
