"""Code and messages as pictures: to the clipboard, or to a file."""

from __future__ import annotations

import os
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from coderapp.core.errors import CoderappError, in_words
from coderapp.core.message import Message, Role
from coderapp.qt.background import InThread
from coderapp.qt.books import StateBook
from coderapp.qt.file_saver import FileSaver
from coderapp.qt.theme import Theme
from coderapp.text.blocks import CodeBlock
from coderapp.text.languages import suggested_file_name
from coderapp.widgets.notice_bar import NoticeBar

FOLDER = "save_folder"
"""The name of the last folder in the window's state."""

FILTERS = ("PNG picture (*.png)", "SVG drawing (*.svg)")


class Picturing(QObject):
    """Pictures have the colours of the window's theme at the time."""

    def __init__(
        self,
        theme: Callable[[], Theme],
        in_thread: InThread,
        saver: FileSaver,
        state: StateBook,
        notices: NoticeBar,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._theme = theme
        self._in_thread = in_thread
        self._saver = saver
        self._state = state
        self._notices = notices
        self._window = window

    def act(self, message: Message, code: CodeBlock | None, save: bool) -> None:
        """Of the block of code where there is one, else of the message."""
        if save:
            self._ask_where(message, code)
            return
        theme = self._theme()

        def work() -> QImage:
            from coderapp.qt.pictures import code_picture, message_picture

            return (code_picture(theme, code) if code else message_picture(theme, message)).image()

        def done(image: QImage) -> None:
            QGuiApplication.clipboard().setImage(image)
            self._notices.tell("Copied as a picture.")

        self._in_thread(work, done)

    def _ask_where(self, message: Message, code: CodeBlock | None) -> None:
        folder = str(self._state.get(FOLDER) or os.path.expanduser("~"))
        stem = "prompt" if message.role is Role.USER else "answer"
        name = f"{suggested_file_name(code.info) if code else stem}.png"
        dialog = QFileDialog(self._window, "Save as a picture", os.path.join(folder, name))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setNameFilters(FILTERS)
        dialog.setDefaultSuffix("png")
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix("svg" if chosen == FILTERS[1] else "png"))
        dialog.selectFile(name)
        dialog.fileSelected.connect(lambda path: self._save(path, message, code))
        dialog.open()

    def _save(self, path: str, message: Message, code: CodeBlock | None) -> None:
        theme = self._theme()
        outlines = path.lower().endswith(".svg")

        def make() -> bytes:
            from coderapp.qt.pictures import code_picture, message_picture

            made = (
                code_picture(theme, code, outlines=outlines)
                if code
                else message_picture(theme, message, outlines=outlines)
            )
            return made.svg() if outlines else made.png()

        def saved() -> None:
            self._state.set(FOLDER, os.path.dirname(path))
            self._notices.tell(f"Saved as {path}.")

        self._saver.save_bytes(path, make, saved, self._on_failed)

    def _on_failed(self, error: CoderappError) -> None:
        self._notices.warn(in_words(error.sentence, error.advice))
