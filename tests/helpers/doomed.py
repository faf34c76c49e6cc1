"""A program that asks one question through its window, to be killed in mid-answer: `python -m tests.helpers.doomed`.

Prints "asking" when the prompt was sent, "streaming" when the first words of the answer are on screen.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit

from coderapp.app.program import Program, make_application
from coderapp.qt.session import SessionState
from coderapp.storage.paths import Paths

LIFE = 30_000
"""Milliseconds after which it ends by itself, should nobody kill it."""


def main(data_dir: str, prompt: str) -> int:
    application = make_application(sys.argv)
    program = Program(Paths.under(data_dir))

    def ask() -> None:
        edit = program.window.pane.composer.findChild(QPlainTextEdit, "composerEdit")
        assert isinstance(edit, QPlainTextEdit)
        program.workspace.current.state_changed.connect(tell)
        QTest.keyClicks(edit, prompt)
        QTest.keyClick(edit, Qt.Key.Key_Return)
        print("asking", flush=True)

    def tell(state: SessionState) -> None:
        if state is SessionState.STREAMING:
            print("streaming", flush=True)

    QTimer.singleShot(LIFE, application.quit)
    program.begin()
    program.window.painted.connect(ask)  # after what the program itself does then
    application.exec()
    program.end()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
