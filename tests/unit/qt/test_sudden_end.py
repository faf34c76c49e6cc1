"""Whatever the user did: a program that ends at any point leaves conversations that can be read, and what was sent."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication, QDeadlineTimer, QEvent, QEventLoop, QThread
from PySide6.QtWidgets import QApplication

from coderapp.api.scripted import Script, ScriptedClient, answer
from coderapp.core.conversation import ROOT, Conversation
from coderapp.core.events import Finished, ReasoningDelta, TextDelta
from coderapp.core.message import FinishReason, Message, Role
from coderapp.core.profile import Profile, ProfileKind
from coderapp.core.secret import Secret
from coderapp.qt.background import Worker
from coderapp.qt.books import ProfileBook
from coderapp.qt.connector import Connector
from coderapp.qt.conversation_keeper import ConversationKeeper, entry_of
from coderapp.qt.endpoint_process import EndpointProcess
from coderapp.qt.keyring_worker import KeyringWorker
from coderapp.qt.message_changes import MessageChanges
from coderapp.qt.session import Session
from coderapp.qt.stream_worker import StreamWorker
from coderapp.qt.workspace import Workspace
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.keys import MemoryKeyStore
from coderapp.storage.paths import Paths
from coderapp.storage.records import streaming

MINE = Profile("mine", "Mine", ProfileKind.OPENAI, base_url="http://127.0.0.1/v1")

SLOW: Script = [(0.0, ReasoningDelta("Well, ")), *((0.01, TextDelta(f"word{n} ")) for n in range(200))]
SCRIPTS: tuple[Script, ...] = (
    answer("Short."),
    SLOW,
    [(0.0, TextDelta("Half \ud83d")), (0.0, TextDelta("\ude00")), (0.0, Finished(FinishReason.LENGTH))],
    answer("A longer answer with several words in it.", delay=0.002),
    SLOW,
    answer("```python\nprint(1)\n```\n"),
)


def wait(milliseconds: int) -> None:
    """Lets events and threads run on."""
    deadline = QDeadlineTimer(milliseconds)
    while not deadline.hasExpired():
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
        QThread.usleep(200)


class Bench:
    """A program without a window. Every action takes a number, and does nothing where it makes no sense."""

    def __init__(self, paths: Paths) -> None:
        self.client = ScriptedClient(*SCRIPTS)
        self.disk = Worker("storage")
        self.keeper = ConversationKeeper(self.disk, lambda: ConversationStore(paths))
        self.streams = StreamWorker(lambda: self.client)
        keys = MemoryKeyStore()
        keys.set("mine", Secret("k"))
        self.keys = KeyringWorker(keys, lambda _: None)
        self.endpoint = EndpointProcess(0)
        self.connector = Connector(self.endpoint, self.keys)
        self.workspace = Workspace(
            keeper=self.keeper, profiles=ProfileBook([MINE], "mine"), connector=self.connector, streams=self.streams
        )
        self.changes = MessageChanges(self.workspace, self.workspace)
        self.troubles: list[str] = []
        self.keeper.trouble.connect(self.troubles.append)
        self.workspace.begin("")

    def drop(self, *, finish: bool) -> None:
        """Ends without a goodbye: as a kill does, what waits to be written is not (or only that is)."""
        self.disk.stop(finish=finish)
        self.keys.stop()
        self.streams.stop()
        self.endpoint.stop()
        for made in (self.workspace, self.keeper, self.connector, self.streams, self.keys, self.endpoint, self.disk):
            made.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    # what there is

    @property
    def session(self) -> Session:
        return self.workspace.current

    def _one(self, number: int) -> str:
        known = sorted(entry.id for entry in self.workspace.history.entries())
        return known[number % len(known)] if known else ""

    def _message(self, number: int, role: Role | None = None) -> Message | None:
        path = [m for m in self.session.conversation.path() if role is None or m.role is role]
        return path[number % len(path)] if path else None

    # what can be done

    def ask(self, number: int) -> None:
        self.session.send(f"Prompt {number} of {len(self.session.conversation)}")

    def ask_again(self, number: int) -> None:
        if (message := self._message(number, Role.ASSISTANT)) is not None:
            self.session.regenerate(message.id)

    def edit(self, number: int) -> None:
        if (message := self._message(number, Role.USER)) is not None:
            self.session.resend(message.id, f"Edited {number}")

    def stop(self, number: int) -> None:
        self.session.stop()

    def draft(self, number: int) -> None:
        self.session.set_draft("" if number % 4 == 0 else f"Draft {number}")

    def star(self, number: int) -> None:
        if (message := self._message(number)) is not None:
            self.changes.star(message.id, number % 2 == 0)

    def branch(self, number: int) -> None:
        if (message := self._message(number)) is not None:
            self.changes.step_branch(message.id, 1)

    def continue_from(self, number: int) -> None:
        if (message := self._message(number)) is not None:
            self.changes.continue_from(message.id)

    def set_parameter(self, number: int) -> None:
        self.session.set_parameter("temperature", number / 10)

    def set_system_prompt(self, number: int) -> None:
        self.session.set_system_prompt(f"System {number}")

    def new(self, number: int) -> None:
        self.workspace.new()

    def open(self, number: int) -> None:
        if name := self._one(number):
            self.workspace.open(name)

    def rename(self, number: int) -> None:
        self.workspace.organizer.rename(self._one(number), f"Title {number}")

    def pin(self, number: int) -> None:
        self.workspace.organizer.pin([self._one(number)], number % 2 == 0)

    def move(self, number: int) -> None:
        self.workspace.organizer.move([self._one(number), self._one(number + 1)], f"Folder {number % 2}")

    def duplicate(self, number: int) -> None:
        self.workspace.organizer.duplicate([self._one(number)])

    def delete(self, number: int) -> None:
        self.workspace.organizer.delete([self._one(number)])

    def undo(self, number: int) -> None:
        self.workspace.undo.undo()

    def redo(self, number: int) -> None:
        self.workspace.undo.redo()

    def wait(self, number: int) -> None:
        wait(1 << (number % 6))


ACTIONS = (
    "ask", "ask", "ask", "wait", "wait", "wait", "ask_again", "edit", "stop", "draft", "star", "branch", "new", "open",
    "continue_from", "set_parameter", "set_system_prompt", "rename", "pin", "move", "duplicate", "delete", "undo",
    "redo",
)  # fmt: skip


@contextmanager
def bench() -> Iterator[tuple[Bench, Paths]]:
    with tempfile.TemporaryDirectory() as folder:
        paths = Paths.under(folder)
        yield Bench(paths), paths


def check_legal(conversation: Conversation) -> None:
    assert set(conversation.parents) == set(conversation.messages)
    seen = {ROOT}
    for parent, children in conversation.children.items():
        assert parent == ROOT or parent in conversation.messages
        assert len(set(children)) == len(children)
        assert all(conversation.parents[child] == parent for child in children)
    for name, message in conversation.messages.items():  # a parent before its children
        assert conversation.parents[name] in seen
        seen.add(name)
        assert not streaming(message)
        if message.role is Role.ASSISTANT:
            assert conversation.messages[conversation.parents[name]].role is Role.USER
    assert all(child in conversation.children[parent] for parent, child in conversation.chosen.items())
    assert conversation.starred <= set(conversation.messages)


def read_all(paths: Paths) -> dict[str, Conversation]:
    """Those in the trash too. Nothing may be complained of, or be there twice."""
    store = ConversationStore(paths)
    store.clean_up()
    found = {head.id: store.load(head.id) for head in store.list()}
    for trashed in store.trashed():
        assert trashed.head.id not in found
        store.restore(trashed.trashed)
        found[trashed.head.id] = store.load(trashed.head.id)
    assert store.take_problems() == []
    store.close()
    return found


def check(bench: Bench, paths: Paths) -> dict[str, Conversation]:
    assert bench.troubles == []
    found = read_all(paths)
    for conversation in found.values():
        check_legal(conversation)
    prompts = {m.text for each in found.values() for m in each.messages.values() if m.role is Role.USER}
    for request in bench.client.requests:
        assert request.messages[-1].text in prompts
    again = read_all(paths)
    assert again.keys() == found.keys()
    for name, conversation in again.items():
        assert abs(conversation.updated - found[name].updated) < 0.001  # the JSON is less exact than the journal
        conversation.updated = found[name].updated
        for field in fields(Conversation):
            assert getattr(conversation, field.name) == getattr(found[name], field.name), field.name
    return found


steps = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 40)), min_size=3, max_size=25)


@settings(max_examples=20, deadline=None)
@given(steps)
def test_what_waits_is_lost_and_the_rest_is_legal(qapp: QApplication, taken: list[tuple[str, int]]) -> None:
    with bench() as (program, paths):
        try:
            for name, number in taken:
                getattr(program, name)(number)
        finally:
            program.drop(finish=False)
        check(program, paths)


@settings(max_examples=20, deadline=None)
@given(steps)
def test_what_was_given_to_the_disk_is_what_was_seen(qapp: QApplication, taken: list[tuple[str, int]]) -> None:
    with bench() as (program, paths):
        try:
            for name, number in taken:
                getattr(program, name)(number)
            sessions = [program.workspace.session_of(entry.id) for entry in program.workspace.history.entries()]
            seen = [session.conversation for session in sessions if session is not None]
        finally:
            program.drop(finish=True)
        found = check(program, paths)
        for conversation in seen:
            kept = found[conversation.id]
            assert kept.draft == conversation.draft
            assert kept.parameters == conversation.parameters
            assert kept.system_prompt == conversation.system_prompt
            assert kept.starred == conversation.starred
            assert kept.parents == conversation.parents
            assert list(kept.path()) != [] or not conversation.messages
            assert [m.id for m in kept.path()] == [m.id for m in conversation.path()]
            for name, message in conversation.messages.items():
                if not streaming(message):
                    assert kept.messages[name].text == message.text
                    assert kept.messages[name].reasoning == message.reasoning


def test_a_list_that_was_read_before_knows_less_than_what_is_open(qapp: QApplication) -> None:
    with bench() as (program, _):
        try:
            program.ask(1)
            conversation = program.session.conversation
            before = entry_of(conversation)
            program.workspace.organizer.tag([conversation.id], ["first"])
            program.workspace._on_listed([before])  # as at the start, when the user is at work already
            program.workspace.organizer.tag([conversation.id], ["second"])
            assert conversation.tags == ("first", "second")
        finally:
            program.drop(finish=True)
