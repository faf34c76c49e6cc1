"""The real program in the test's process, and hands to work it with."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from coderapp.app.program import Program
from coderapp.core.message import FinishReason, Message
from coderapp.core.profile import Profile, ProfileKind, built_in_profile, pixlab_profile
from coderapp.qt.session import Session, SessionState
from coderapp.storage.keys import MemoryKeyStore
from coderapp.storage.paths import Paths
from coderapp.storage.profiles import ProfileStore
from coderapp.widgets.conversation.hot_spots import Action, HotSpot
from coderapp.widgets.conversation.view import ConversationView

PATIENCE = 20_000
"""Milliseconds that a test waits for what should come at once: the machine is shared."""


def keep_profile(paths: Paths, profile: Profile) -> None:
    """As if the user had added it before, and chosen it."""
    ProfileStore(paths).save([built_in_profile(), pixlab_profile(), profile], profile.id)


def openai_profile(url: str, **fields: Any) -> Profile:
    return replace(Profile("mine", "Mine", ProfileKind.OPENAI, base_url=url), **fields)


def coder_profile(url: str, **fields: Any) -> Profile:
    """PixLab's dialect, at another address; streaming."""
    return replace(Profile("mine", "Mine", ProfileKind.PIXLAB, base_url=url), **fields)


@dataclass
class Desktop:
    """One running program."""

    program: Program
    bot: QtBot

    # what is there

    @property
    def session(self) -> Session:
        return self.program.workspace.current

    @property
    def view(self) -> ConversationView:
        return self.program.window.pane.view

    @property
    def edit(self) -> QPlainTextEdit:
        found = self.program.window.pane.composer.findChild(QPlainTextEdit, "composerEdit")
        assert isinstance(found, QPlainTextEdit)
        return found

    @property
    def messages(self) -> list[Message]:
        """The active path."""
        return list(self.session.conversation.path())

    @property
    def last(self) -> Message:
        return self.messages[-1]

    @property
    def notice(self) -> str:
        return self.program.window.pane.notices.text

    def shown_text(self) -> str:
        """Everything that the view shows of the messages, by way of select all and copy."""
        self.view.setFocus()
        QTest.keyClick(self.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(self.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        return clipboard()

    # what hands do

    def type(self, text: str) -> None:
        QTest.keyClicks(self.edit, text)

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.edit, key, modifiers)

    def ask(self, prompt: str) -> Message:
        """Types a prompt, sends it, and waits for the end of the answer."""
        self.type(prompt)
        self.press(Qt.Key.Key_Return)
        return self.answered()

    def spots(self, action: Action) -> list[HotSpot]:
        self.view.viewport().repaint()
        return [spot for spot in self.view.hot_spots() if spot.action is action]

    def click(self, action: Action, number: int = -1) -> None:
        """Clicks a place in the conversation, by default the last of its kind."""
        spot = self.spots(action)[number]
        click_at(self.view, spot.rect.center().toPoint())

    # waiting

    def until(self, seen: Any) -> None:
        self.bot.waitUntil(seen, timeout=PATIENCE)

    def streaming(self, text: str = "") -> None:
        """Until the answer has begun, and holds `text`."""
        self.until(lambda: self.session.state is SessionState.STREAMING and text in self.shown_text())

    def answered(self) -> Message:
        """Until no answer is on its way, and it has settled."""
        self.until(lambda: self.session.is_idle and bool(self.messages))
        last = self.last
        assert last.generation is not None
        return last

    def finish(self) -> FinishReason | None:
        generation = self.last.generation
        assert generation is not None
        return generation.finish


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def click_at(view: ConversationView, at: QPoint) -> None:
    QTest.mouseMove(view.viewport(), at)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)


@contextmanager
def desktop(bot: QtBot, paths: Paths, **options: Any) -> Iterator[Desktop]:
    """A program on a data folder, shown and ready; closed as a user closes it. Keys stay in memory unless given."""
    interval = sys.getswitchinterval()
    options.setdefault("keys", MemoryKeyStore())
    program = Program(paths, **options)
    try:
        with bot.waitSignal(program.window.painted, timeout=PATIENCE):
            program.begin()
        bot.waitUntil(lambda: program.window.pane.session is not None, timeout=PATIENCE)
        yield Desktop(program, bot)
    finally:
        program.window.close()
        program.end()
        program.window.deleteLater()
        program.deleteLater()
        for _ in range(2):
            QCoreApplication.processEvents()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        # What the program does to its own process must not outlive it here.
        sys.setswitchinterval(interval)
        gc.enable()
        gc.unfreeze()
