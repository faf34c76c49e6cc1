"""Exporting from the window: the dialog, the choice of a file, progress, and how it ended."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from coderapp.core.conversation import UNTITLED, Conversation
from coderapp.core.errors import CoderappError, in_words
from coderapp.core.exporting import ExportDone, ExportFormat
from coderapp.qt.books import StateBook
from coderapp.qt.export_desk import ExportDesk
from coderapp.qt.history_model import HistoryModel
from coderapp.widgets.notice_bar import NoticeBar
from coderapp.widgets.progress_strip import ProgressStrip

if TYPE_CHECKING:
    from coderapp.widgets.dialogs.export import ExportWish, Scope

STATE = "export"
"""The name of the last choices in the window's state."""

FOLDER = "export_folder"


class Exporting(QObject):
    """`ask` opens the dialog; the rest follows."""

    def __init__(
        self,
        desk: ExportDesk,
        is_importing: Callable[[], bool],
        history: HistoryModel,
        current: Callable[[], Conversation | None],
        state: StateBook,
        notices: NoticeBar,
        strip: ProgressStrip,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk = desk
        self._is_importing = is_importing
        self._history = history
        self._current = current
        self._state = state
        self._notices = notices
        self._strip = strip
        self._window = window
        desk.progressed.connect(strip.show_part)
        desk.succeeded.connect(self._on_succeeded)
        desk.failed.connect(self._on_failed)
        desk.cancelled.connect(self._on_cancelled)

    def ask(self, ids: Sequence[str] = ()) -> None:
        """`ids`: conversations that were selected; without them the one that is shown comes first."""
        if self._desk.is_busy:
            self._notices.warn("An export is under way. Wait for its end, or cancel it.")
            return
        if self._is_importing():
            self._notices.warn("An import is under way. Export when it has ended.")
            return
        scopes, chosen = self._scopes(ids)
        if not scopes:
            self._notices.warn("There is no conversation to export yet. Send a prompt first.")
            return
        from coderapp.widgets.dialogs.export import ExportDialog

        last = self._state.get(STATE)
        dialog = ExportDialog(scopes, last if isinstance(last, dict) else {}, chosen, self._window)
        dialog.wanted.connect(lambda wish: self._choose_target(wish, dialog))
        dialog.open()

    def _scopes(self, ids: Sequence[str]) -> tuple[list[Scope], int]:
        """What can be exported, and which of it is meant."""
        from coderapp.widgets.dialogs.export import Scope

        found: list[Scope] = []
        shown = self._current()
        if len(ids) > 1:
            found.append(Scope(f"The {len(ids)} selected conversations", tuple(ids)))
        elif ids and (shown is None or ids[0] != shown.id) and (entry := self._history.get(ids[0])) is not None:
            title = entry.title
            found.append(Scope(f"The selected one: “{title}”", tuple(ids), title))
        if shown is not None and self._desk.can_export(shown):
            title = shown.title or UNTITLED
            found.append(Scope(f"The one shown: “{title}”", (shown.id,), title))
        if count := len(self._history.entries()):
            words = "Every conversation (1)" if count == 1 else f"All {count:,} conversations"
            found.append(Scope(words, ()))
        return found, 0

    # where to

    def _choose_target(self, wish: ExportWish, dialog: QWidget) -> None:
        self._state.set(STATE, wish.as_state())
        several = len(wish.scope.ids) != 1
        code = wish.options.format is ExportFormat.CODE
        folder = str(self._state.get(FOLDER) or os.path.expanduser("~"))
        name = self._desk.suggested_name(wish.scope.title, wish.options.format, several=several)
        if wish.folder and (several or code):
            self._choose_folder(wish, folder, os.path.splitext(name)[0], dialog)
            return
        chooser = QFileDialog(self._window, "Export to", os.path.join(folder, name))
        chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        suffix = ".zip" if several or code else wish.options.format.suffix
        kind = "ZIP archive" if suffix == ".zip" else wish.options.format.label
        chooser.setNameFilter(f"{kind.partition(' (')[0]} (*{suffix})")
        chooser.setDefaultSuffix(suffix[1:])
        chooser.selectFile(name)

        def chosen(path: str) -> None:
            dialog.close()
            self._start(wish, path if not (several or code) or path.lower().endswith(".zip") else f"{path}.zip", path)

        chooser.fileSelected.connect(chosen)
        chooser.open()

    def _choose_folder(self, wish: ExportWish, folder: str, name: str, dialog: QWidget) -> None:
        """A new folder with a name of its own in the one that is chosen."""
        chooser = QFileDialog(self._window, "Make the new folder in", folder)
        chooser.setFileMode(QFileDialog.FileMode.Directory)
        chooser.setOption(QFileDialog.Option.ShowDirsOnly)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def chosen(parent: str) -> None:
            dialog.close()
            target = os.path.join(parent, f"{name} {time.strftime('%H%M%S')}")
            self._start(wish, target, target)

        chooser.fileSelected.connect(chosen)
        chooser.open()

    def _start(self, wish: ExportWish, target: str, chosen: str) -> None:
        self._state.set(FOLDER, os.path.dirname(chosen))
        self._notices.hide()
        self._strip.begin("Exporting", self._desk.cancel)
        self._desk.export(wish.scope.ids, target, wish.options)

    # how it ended

    def _on_succeeded(self, done: ExportDone) -> None:
        self._strip.end()
        if done.problems:
            more = f" And {len(done.problems) - 1} more." if len(done.problems) > 1 else ""
            self._notices.warn(f"Exported to {done.path}, with gaps: {done.problems[0]}{more}")
            return
        where = done.path if os.path.isdir(done.path) else os.path.dirname(done.path)
        self._notices.offer(
            f"Exported to {done.path}.",
            "Open the folder",
            lambda: _open_folder(where),
        )

    def _on_failed(self, error: CoderappError) -> None:
        self._strip.end()
        self._notices.warn(in_words(error.sentence, error.advice))

    def _on_cancelled(self) -> None:
        self._strip.end()
        self._notices.tell("The export was cancelled; nothing was written.")


def _open_folder(path: str) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(path))
