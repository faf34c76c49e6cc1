"""The real program on a temporary data folder, in a window of 1000 by 800, and what the measurements do with it."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QPlainTextEdit

from coderapp.app.program import Program, make_application
from coderapp.core.events import Finished, StreamEvent, TextDelta
from coderapp.core.message import FinishReason
from coderapp.core.profile import Profile, ProfileKind
from coderapp.storage.keys import MemoryKeyStore
from coderapp.storage.paths import Paths
from coderapp.widgets.conversation.arrivals import Arrivals
from tests.benchmarks.measuring import Painted, pump_until, rest
from tests.benchmarks.texts import marks

if TYPE_CHECKING:
    from coderapp.api.client import Client
    from coderapp.qt.session import Session
    from coderapp.widgets.conversation.view import ConversationView

WIDTH, HEIGHT = 1000, 800
LONG = "20231114-221320-0a1b2c"
"""The name of the stored conversation of many messages."""


class Stage:
    """One running program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.painted = Painted(self.view.viewport())
        arrivals = self.view.findChild(Arrivals)
        assert isinstance(arrivals, Arrivals)
        self._arrivals = arrivals

    @property
    def session(self) -> Session:
        return self.program.workspace.current

    @property
    def view(self) -> ConversationView:
        return self.program.window.pane.view

    @property
    def edit(self) -> QPlainTextEdit:
        """The composer's field."""
        found = self.program.window.pane.composer.findChild(QPlainTextEdit, "composerEdit")
        assert isinstance(found, QPlainTextEdit)
        return found

    @property
    def backlog(self) -> bool:
        """Whether the view has been given text that it has not taken in yet."""
        return not self._arrivals.is_idle

    @property
    def answer(self) -> str:
        """The text of the last message, once it has settled."""
        return list(self.session.conversation.path())[-1].text

    def settled(self) -> bool:
        """Whether the answer has ended and all of it is laid out and coloured."""
        return self.session.is_idle and not self.backlog and not self.program.highlighter.pending

    def wait_painted(self) -> None:
        """Until something was painted, now or because of what is on its way."""
        self.view.viewport().update()
        before = self.painted.count
        pump_until(lambda: self.painted.count > before)

    def new(self) -> None:
        """Shows a new conversation."""
        self.program.workspace.new()
        rest(0.05)

    def open_long(self) -> None:
        """Opens the stored conversation and waits until it is on screen."""
        self.program.workspace.open(LONG)
        pump_until(lambda: self.session.conversation.id == LONG)
        self.wait_painted()

    def losses(self, sent: str) -> dict[str, Any]:
        """`lost`: characters of `sent` that the conversation lacks, and those of the marks in it that are not in what
        the view shows; `not_shown` names some of these.
        """
        got = self.answer
        lost = 0 if got == sent else max(1, abs(len(sent) - len(got)))
        wanted, view = marks(sent), self.view
        not_shown: list[str] = []
        shown: list[str] = []
        if wanted:
            view.select_all()
            shown = marks(view.selected_text())
            not_shown = sorted(set(wanted) - set(shown))
            if shown[-len(wanted) :] != wanted:
                lost += max(1, sum(len(mark) for mark in not_shown))
        return {"lost": lost, **({"not_shown": not_shown[:8], "shown_marks": len(shown)} if not_shown else {})}


class Feed:
    """An answer whose events the measurement gives to the session itself, with no network between."""

    def __init__(self, stage: Stage, prompt: str = "Write.") -> None:
        self._streams = stage.program.streams
        self._job = 0
        self._streams.events_arrived.connect(self._note)
        stage.session.send(prompt)
        pump_until(lambda: self._job > 0)
        self._streams.events_arrived.disconnect(self._note)

    def _note(self, job: int, _events: list[StreamEvent]) -> None:
        self._job = job

    def text(self, text: str) -> None:
        self._streams.events_arrived.emit(self._job, [TextDelta(text)])

    def end(self) -> None:
        self._streams.cancel(self._job)
        self._streams.events_arrived.emit(self._job, [Finished(FinishReason.STOP)])


def silent_client() -> Client:
    """Begins answers and says nothing: for `Feed`."""
    from coderapp.api.scripted import ScriptedClient
    from coderapp.core.events import Started

    return ScriptedClient([(0.0, Started("benchmark", "model")), (1e6, Finished(FinishReason.STOP))])


@contextmanager
def stage(
    *, url: str = "http://127.0.0.1:9/v1", client: Callable[[], Client] | None = None, folder: str = ""
) -> Generator[Stage]:
    """A program that has been shown and has loaded everything; ended as a user ends it. `client` None is the real one.

    `folder`: a data folder that is there already.
    """
    application = make_application(["coderapp"])
    profile = Profile("bench", "Benchmark", ProfileKind.OPENAI, base_url=url)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
        paths = Paths.under(Path(folder or made))
        options: dict[str, Any] = {} if client is None else {"client": client}
        program = Program(paths, extra_profile=profile, fresh=True, keys=MemoryKeyStore(), **options)
        program.window.resize(WIDTH, HEIGHT)
        program.begin()
        try:
            pump_until(lambda: program.window.pane.session is not None)
            pump_until(lambda: program.is_settled)
            yield Stage(program)
        finally:
            program.window.close()
            program.end()
            program.window.deleteLater()
            for _ in range(2):
                QCoreApplication.processEvents()
                QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
            gc.enable()
    del application
