"""Importing from the window: the choice of files, progress, and the summary of what came in."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from coderapp.core.errors import CoderappError, in_words
from coderapp.core.importing import ImportDone
from coderapp.qt.books import StateBook
from coderapp.qt.import_desk import ImportDesk
from coderapp.qt.undo_stack import UndoStack
from coderapp.widgets.notice_bar import NoticeBar
from coderapp.widgets.progress_strip import ProgressStrip

FOLDER = "import_folder"
"""Where files were chosen last, in the window's state."""

FILTER = "Exports of conversations (*.json *.jsonl *.ndjson *.zip);;All files (*)"


class Importing(QObject):
    """`ask` and `ask_folder` open a file dialog, `read` takes files as they are; the rest follows."""

    def __init__(
        self,
        desk: ImportDesk,
        undo: UndoStack,
        is_busy_elsewhere: Callable[[], bool],
        state: StateBook,
        notices: NoticeBar,
        strip: ProgressStrip,
        window: QWidget,
    ) -> None:
        """`is_busy_elsewhere`: whether something else uses the strip."""
        super().__init__(window)
        self._desk = desk
        self._undo = undo
        self._is_busy_elsewhere = is_busy_elsewhere
        self._state = state
        self._notices = notices
        self._strip = strip
        self._window = window
        desk.progressed.connect(strip.show_part)
        desk.succeeded.connect(self._on_succeeded)
        desk.failed.connect(self._on_failed)
        desk.cancelled.connect(self._on_cancelled)

    def ask(self) -> None:
        self._choose("Import conversations", QFileDialog.FileMode.ExistingFiles)

    def ask_folder(self) -> None:
        self._choose("Import a folder of conversations", QFileDialog.FileMode.Directory)

    def read(self, files: Sequence[str]) -> None:
        if not files or not self._is_free():
            return
        self._notices.hide()
        self._strip.begin("Importing", self._desk.cancel)
        self._desk.read(files)

    def _is_free(self) -> bool:
        busy = "import" if self._desk.is_busy else "export" if self._is_busy_elsewhere() else ""
        if busy:
            self._notices.warn(f"An {busy} is under way. Wait for its end, or cancel it.")
        return not busy

    def _choose(self, title: str, mode: QFileDialog.FileMode) -> None:
        if not self._is_free():
            return
        folder = str(self._state.get(FOLDER) or os.path.expanduser("~"))
        chooser = QFileDialog(self._window, title, folder)
        chooser.setFileMode(mode)
        if mode is QFileDialog.FileMode.Directory:
            chooser.setOption(QFileDialog.Option.ShowDirsOnly)
        else:
            chooser.setNameFilter(FILTER)
        chooser.setLabelText(QFileDialog.DialogLabel.Accept, "Import")
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def chosen(paths: list[str]) -> None:
            self._state.set(FOLDER, os.path.dirname(paths[0]))
            self.read(paths)

        chooser.filesSelected.connect(chosen)
        chooser.open()

    # how it ended

    def _on_succeeded(self, done: ImportDone) -> None:
        self._strip.end()
        from coderapp.widgets.dialogs.imported import ImportedDialog

        dialog = ImportedDialog(done, self._window)
        sentence = self._undo.next_undo
        if done.arrived and sentence == done.headline:
            dialog.offer_undo(lambda: self._take_back(sentence))
        dialog.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)  # somebody may be typing by now
        dialog.show()

    def _take_back(self, sentence: str) -> None:
        """Where nothing else was done since: the steps are taken back in their order."""
        if self._undo.next_undo == sentence:
            self._undo.undo()
        else:
            self._notices.warn("Other things were done since. Undo those first (Edit, Undo), or delete what came in.")

    def _on_failed(self, error: CoderappError) -> None:
        self._strip.end()
        self._notices.warn(in_words(error.sentence, error.advice))

    def _on_cancelled(self) -> None:
        self._strip.end()
        self._notices.tell("The import was cancelled; nothing came in.")
