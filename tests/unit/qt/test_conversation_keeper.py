"""Conversations on disk as the window sees it: faults, and how they are made good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from coderapp.core.conversation import Conversation
from coderapp.core.message import Message, Role, TextPart
from coderapp.qt.background import Worker
from coderapp.qt.conversation_keeper import ConversationKeeper
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.errors import DiskFull
from coderapp.storage.paths import Paths


class SometimesFull(ConversationStore):
    """A store whose disk has no room while `full` is set."""

    full = False

    def _check(self) -> None:
        if self.full:
            raise DiskFull("The disk is full.")

    def create(self, conversation: Conversation) -> None:
        self._check()
        super().create(conversation)

    def add_message(
        self, conversation_id: str, message: Message, parent: str | None = None, *, sync: bool = True
    ) -> None:
        self._check()
        super().add_message(conversation_id, message, parent, sync=sync)


class Bench:
    def __init__(self, folder: Path, bot: QtBot) -> None:
        self.paths = Paths.under(folder)
        self.store = SometimesFull(self.paths)
        self.worker = Worker("storage")
        self.keeper = ConversationKeeper(self.worker, lambda: self.store)
        self.told: list[str] = []
        self.keeper.trouble.connect(self.told.append)
        self._bot = bot

    def ask(self, conversation: Conversation, text: str) -> None:
        """As a session does; waits until it is known whether the prompt is on disk."""
        saved: list[int] = []
        self.keeper.ensure(conversation)
        prompt = Message(self.keeper.new_message_id(), Role.USER, (TextPart(text),), 1.0)
        answer = Message(self.keeper.new_message_id(), Role.ASSISTANT, (TextPart(f"re {text}"),), 2.0)
        conversation.add(prompt)
        conversation.add(answer)
        self.keeper.add_messages(conversation, [prompt, answer], lambda: saved.append(1))
        self.keeper.finish_message(conversation, answer)
        self._bot.waitUntil(lambda: bool(saved))

    def on_disk(self, conversation: Conversation) -> list[str]:
        """The texts that another run of the program finds."""
        self.worker.stop()
        return [message.text for message in ConversationStore(self.paths).load(conversation.id).path()]


@pytest.fixture
def bench(tmp_path: Path, qtbot: QtBot) -> Iterator[Bench]:
    made = Bench(tmp_path / "data", qtbot)
    yield made
    made.worker.stop()


def test_a_full_disk_is_named_once_and_what_was_said_meanwhile_is_saved_with_the_next_prompt(bench: Bench) -> None:
    conversation = bench.keeper.new_conversation()
    bench.store.full = True
    bench.ask(conversation, "one")
    assert [sentence.startswith("The disk is full.") for sentence in bench.told] == [True]
    bench.store.full = False
    bench.ask(conversation, "two")
    assert bench.on_disk(conversation) == ["one", "re one", "two", "re two"]


def test_a_disk_that_fills_up_in_mid_conversation(bench: Bench) -> None:
    conversation = bench.keeper.new_conversation()
    bench.ask(conversation, "one")
    bench.store.full = True
    bench.ask(conversation, "two")
    bench.ask(conversation, "three")
    full = [sentence for sentence in bench.told if "disk is full" in sentence]
    assert len(full) in (1, 2)
    others = [sentence for sentence in bench.told if sentence not in full]
    assert all("could be saved again" in sentence for sentence in others), "never that the conversation is not there"
    bench.store.full = False
    bench.keeper.release(conversation)
    assert bench.on_disk(conversation) == ["one", "re one", "two", "re two", "three", "re three"]


def test_the_json_that_is_asked_for_is_what_is_on_screen(bench: Bench, tmp_path: Path, qtbot: QtBot) -> None:
    conversation = bench.keeper.new_conversation()
    bench.store.full = True
    bench.ask(conversation, "one")
    written: list[int] = []
    bench.keeper.write_json(conversation, str(tmp_path / "c.json"), lambda: written.append(1), lambda _: None)
    qtbot.waitUntil(lambda: bool(written))
    assert "re one" in (tmp_path / "c.json").read_text(encoding="utf-8")


def test_only_a_blank_conversation_of_this_run_is_put_away(bench: Bench, qtbot: QtBot) -> None:
    blank = bench.keeper.new_conversation()
    assert bench.keeper.discard(blank), "it was never on disk"
    bench.keeper.ensure(blank)
    assert bench.keeper.discard(blank)
    earlier = bench.keeper.new_conversation()
    ConversationStore(bench.paths).create(earlier)
    loaded: list[Conversation] = []
    bench.keeper.load(earlier.id, loaded.append, lambda error: pytest.fail(error.sentence))
    qtbot.waitUntil(lambda: bool(loaded))
    assert not bench.keeper.discard(loaded[0])
    assert bench.on_disk(earlier) == []
