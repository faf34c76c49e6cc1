"""The program with a user in a hurry: `python -m tests.crash.child DATA_DIR SEED FIRST`, to be killed at any moment.

What the user does comes from SEED; requests are numbered from FIRST. Each thing is reported on stdout, a line of JSON
with its time. SIGTERM ends it as closing the window does. With "look" for SEED it only opens, says what it lists, and
ends in good order.
"""

from __future__ import annotations

import json
import logging
import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit

from coderapp.app.program import Program, make_application
from coderapp.app.signals import SignalListener
from coderapp.core.message import Message, Role
from coderapp.qt.instance import take_or_raise
from coderapp.qt.message_changes import MessageChanges
from coderapp.qt.session import Session, SessionState
from coderapp.storage.keys import MemoryKeyStore
from coderapp.storage.lock import DataFolderLock
from coderapp.storage.paths import Paths
from tests.crash.arranging import Arranging
from tests.crash.ledger import about, checksum

LIFE = 30_000
"""Milliseconds after which it ends by itself, should nobody kill it."""

LOOK = 800
"""Milliseconds between the coming of the list and what is told of it: it is compared with the files meanwhile."""

MOST_LOOK = 10_000
"""Milliseconds after which it is told, list or no list."""

SETTINGS: dict[str, list[Any]] = {
    "text_size": [80, 90, 100, 110, 125],
    "line_numbers": [True, False],
    "wrap_code": [True, False],
    "confirm_links": [True, False],
    "built_in_pace": [0, 100, 300, 5000],
}

LETTERS = "abcdefghij klmnop qrstuvw xyz "


def report(kind: str, **about: Any) -> None:
    """At once and in one piece: the next thing may be the kill."""
    os.write(1, json.dumps({"t": time.monotonic(), "kind": kind, **about}).encode() + b"\n")


class User:
    """Does things at random, as long as the program lives."""

    def __init__(self, program: Program, folder: Path, seed: int, first: int) -> None:
        """`folder` gets the files that are imported."""
        self._program = program
        self._workspace = program.workspace
        self._changes = MessageChanges(program.workspace, program)
        self._random = random.Random(seed)
        self._next = first
        self._numbers: dict[str, int] = {}  # of requests, by the id of their answer
        self._timer = QTimer(program, singleShot=True)
        self._timer.timeout.connect(self._act)
        self._arranging = Arranging(program, self._random, self._set, folder, first)
        history = self._arranging
        self._acts: list[tuple[int, Callable[[], None]]] = [
            (14, self._ask), (5, self._ask_again), (4, self._edit), (6, self._stop), (22, self._type),
            (6, self._new), (10, self._open), (4, self._branch), (5, self._star), (8, self._setting),
            (8, self._parameter), (3, self._system_prompt), (2, self._profile), (3, self._resize),
            (4, history.pin), (4, history.archive), (4, history.rename), (3, history.tag), (3, history.delete),
            (2, history.restore), (3, history.undo), (2, history.redo), (3, history.move), (2, history.new_folder),
            (2, history.rename_folder), (1, history.remove_folder), (3, history.duplicate), (2, history.bring_in),
        ]  # fmt: skip
        found = program.window.pane.composer.findChild(QPlainTextEdit, "composerEdit")
        assert isinstance(found, QPlainTextEdit)
        self._edit_field = found
        program.workspace.shown.connect(self._on_shown)
        program.window.closed.connect(self._timer.stop)

    def start(self) -> None:
        self._on_shown(self._workspace.current)
        report("working")
        if self._random.random() < 0.8:
            self._ask()
        self._timer.start(0)

    def _act(self) -> None:
        weights, acts = zip(*self._acts, strict=True)
        self._random.choices(acts, weights)[0]()
        self._timer.start(self._random.choice((0, 2, 5, 10, 20, 40, 80)))

    # what is there

    @property
    def _session(self) -> Session:
        return self._workspace.current

    @property
    def _id(self) -> str:
        return self._session.conversation.id

    def _path(self, role: Role) -> list[Message]:
        return [message for message in self._session.conversation.path() if message.role is role]

    def _on_shown(self, session: Session) -> None:
        if not session.property("watched"):
            session.setProperty("watched", True)
            session.answered.connect(self._on_answered)
            session.state_changed.connect(self._on_state)
        self._set("state:open_conversation", session.conversation.id)

    @staticmethod
    def _on_state(state: SessionState) -> None:
        if state is SessionState.STREAMING:
            report("flowing")

    def _on_answered(self, message: Message) -> None:
        if message.id in self._numbers:
            report("ended", n=self._numbers[message.id], checksum=checksum(message.text), about=about(message))

    @staticmethod
    def _set(name: str, value: Any) -> None:
        """Comes before the deed: the kill may be in between, and then the disk may know more than the report."""
        report("set", name=name, value=value)

    # asking

    def _may_ask(self) -> bool:
        return self._session.is_idle and self._session.may_ask and self._program.window.pane.session is self._session

    def _number(self) -> int:
        """Of the next request, which says it."""
        number = self._next
        self._next += 1
        self._set(f"parameter:{self._id}:seed", number)
        self._session.set_parameter("seed", number)
        return number

    def _told(self, number: int, text: str | None) -> None:
        """What was asked now; the answer to come is in its place already."""
        conversation = self._session.conversation
        if self._session.is_idle:
            return
        answer = conversation.leaf_id
        self._numbers[answer] = number
        report(
            "asked",
            n=number,
            conversation=conversation.id,
            prompt=conversation.parents[answer],
            answer=answer,
            text=text,
        )

    def _ask(self) -> None:
        if not self._may_ask() or self._program.window.pane.composer.editing:
            return
        composer = self._program.window.pane.composer
        number = self._number()
        QTest.keyClicks(self._edit_field, f" P{number};")
        text = composer.text()
        self._set(f"draft:{self._id}", text)
        self._set(f"draft:{self._id}", "")
        composer.submit()
        self._told(number, text)

    def _ask_again(self) -> None:
        answers = self._path(Role.ASSISTANT)
        if answers and self._may_ask():
            number = self._number()
            self._session.regenerate(self._random.choice(answers[-3:]).id)
            self._told(number, None)

    def _edit(self) -> None:
        prompts = self._path(Role.USER)
        if prompts and self._may_ask():
            number = self._number()
            text = f"Otherwise P{number};"
            self._session.resend(self._random.choice(prompts[-3:]).id, text)
            self._told(number, text)

    def _stop(self) -> None:
        self._session.stop()

    # drafts

    def _type(self) -> None:
        if self._program.window.pane.session is not self._session or self._program.window.pane.composer.editing:
            return
        if len(self._edit_field.toPlainText()) > 200:
            self._edit_field.selectAll()
        QTest.keyClicks(self._edit_field, "".join(self._random.choices(LETTERS, k=self._random.randint(1, 12))))
        self._set(f"draft:{self._id}", self._program.window.pane.composer.text())

    # conversations

    def _new(self) -> None:
        self._workspace.new()

    def _open(self) -> None:
        for entry in self._arranging.some():
            self._workspace.open(entry.id)

    def _branch(self) -> None:
        answers = self._path(Role.ASSISTANT)
        if answers:
            self._changes.step_branch(self._random.choice(answers).id, self._random.choice((-1, 1)))

    def _star(self) -> None:
        conversation = self._session.conversation
        if conversation.messages:
            message = self._random.choice(list(conversation.messages)[-8:])
            on = message not in conversation.starred
            star = {f"star:{conversation.id}:{message}": (not on, on)}
            self._arranging.do(star, self._changes.star, message, on)

    # what is set

    def _setting(self) -> None:
        name = self._random.choice(list(SETTINGS))
        value = self._random.choice(SETTINGS[name])
        self._set(f"setting:{name}", value)
        self._program.settings.set(name, value)

    def _parameter(self) -> None:
        value = round(self._random.random(), 2)
        self._set(f"parameter:{self._session.conversation.id}:temperature", value)
        self._session.set_parameter("temperature", value)

    def _system_prompt(self) -> None:
        words = f"System {self._random.randint(0, 999)}"
        self._set(f"system_prompt:{self._session.conversation.id}", words)
        self._session.set_system_prompt(words)

    def _profile(self) -> None:
        name = f"Mine {self._random.randint(0, 999)}"
        self._set("profile:mine", name)
        self._program.profiles.put(replace(self._program.profiles.get("mine"), name=name))

    def _resize(self) -> None:
        self._program.window.resize(self._random.randint(900, 1400), self._random.randint(600, 900))


def main(data_dir: str, seed: str, first: str) -> int:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    paths = Paths.under(data_dir)
    lock = DataFolderLock(paths)
    if not take_or_raise(lock):
        raise RuntimeError("another one has the folder")
    application = make_application(sys.argv)
    program = Program(paths, keys=MemoryKeyStore())
    program.workspace.notice.connect(lambda words: report("notice", words=words))
    listener = SignalListener(program.window.close)
    program.window.closed.connect(lambda: report("closing"))
    program.window.closed.connect(application.quit)
    QTimer.singleShot(LIFE, program.window.close)
    program.begin()
    if seed == "look":
        history = program.workspace.history
        history.modelReset.connect(lambda: history.entries() and QTimer.singleShot(LOOK, lambda: _tell(program)))
        QTimer.singleShot(MOST_LOOK, lambda: _tell(program))
    else:
        user = User(program, paths.root.parent, int(seed), int(first))
        program.window.painted.connect(lambda: QTimer.singleShot(0, user.start))  # after what the program does then
    application.exec()
    program.end()
    listener.close()
    lock.release()
    report("closed")
    return 0


def _tell(program: Program) -> None:
    if not program.window.isVisible():
        return  # it has told already
    report("set", name="listed", value=sorted(entry.id for entry in program.workspace.history.entries()))
    program.window.close()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
