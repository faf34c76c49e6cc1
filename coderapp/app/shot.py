"""Drives the window for a picture: sends a prompt, waits for the answer and its colours, writes the files."""

from __future__ import annotations

import argparse

from PySide6.QtCore import QObject, QTimer, Signal

from coderapp.app.program import Program
from coderapp.core.errors import CoderappError, StorageError
from coderapp.core.message import FinishReason, JsonValue, Message

LOOK_EVERY = 30
"""Milliseconds between two looks whether everything is coloured."""


class Shot(QObject):
    """Signal: `finished()`: the files are written, or `fault` says why not."""

    finished = Signal()

    def __init__(self, program: Program, profile_id: str, size: tuple[int, int], theme: str) -> None:
        super().__init__()
        self.fault: CoderappError | None = None
        self._program = program
        self._profile_id = profile_id
        program.window.show_theme(theme)
        program.window.resize(*size)
        self._look = QTimer(self, interval=LOOK_EVERY)
        self._look.timeout.connect(self._on_look)
        self._deadline = QTimer(self, singleShot=True)

    def start(self, arguments: argparse.Namespace, values: dict[str, JsonValue]) -> None:
        """Call after `Program.begin`: what is queued there comes first."""
        self._arguments = arguments
        self._deadline.timeout.connect(self._on_late)
        self._deadline.start(round(arguments.timeout * 1000))
        self._program.window.painted.connect(lambda: self._send(values))

    def _send(self, values: dict[str, JsonValue]) -> None:
        program, arguments = self._program, self._arguments
        session = program.workspace.current
        session.set_profile(program.profiles.get(self._profile_id))
        for name, value in values.items():
            session.set_parameter(name, value)
        if arguments.system:
            session.set_system_prompt(arguments.system)
        session.answered.connect(self._on_answered)
        composer = program.window.pane.composer
        composer.set_text(arguments.prompt)
        composer.submit()

    def _on_answered(self, message: Message) -> None:
        generation = message.generation
        if generation is not None and generation.finish is FinishReason.FAILED and generation.problem is not None:
            problem = generation.problem
            self.fault = CoderappError(problem.sentence, advice=problem.advice)
        if self._arguments.scroll == "top":
            self._program.window.pane.view.go_to_top()
        self._look.start()

    def _on_look(self) -> None:
        self._program.window.pane.view.viewport().repaint()  # a block asks for its colours when it is painted
        if self._program.highlighter.pending or self._program.formulas.pending:
            return
        self._look.stop()
        if not self._program.window.grab().save(self._arguments.out, "PNG"):
            self._fail(StorageError(f"{self._arguments.out} could not be written."))
        elif self._arguments.json:
            conversation = self._program.workspace.current.conversation
            self._program.keeper.write_json(conversation, self._arguments.json, self.finished.emit, self._fail)
        else:
            self.finished.emit()

    def _on_late(self) -> None:
        self._fail(CoderappError(f"There was no answer within {self._arguments.timeout:g} seconds."))

    def _fail(self, fault: CoderappError) -> None:
        self.fault = self.fault or fault
        self.finished.emit()
