"""Where prompts are written: a text field that grows, with the button that sends or stops."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from coderapp.core.attachments import MOST_FILE_BYTES, free_name, size_words
from coderapp.core.errors import CoderappError
from coderapp.core.message import FilePart
from coderapp.qt import icons
from coderapp.qt.theme import Theme
from coderapp.widgets import metrics
from coderapp.widgets.composer_edit import PromptEdit

if TYPE_CHECKING:
    from coderapp.widgets.composer_chips import Attachments
    from coderapp.widgets.composer_offer import PasteOffer

DRAFT_AFTER = 600
"""Milliseconds from a key until a draft is reported, whether more keys follow or not."""

LONG_DRAFT = 100_000
"""Characters from which a draft is reported only after a pause in typing: it is written whole each time."""

MOST_FILES = 20
MOST_CHARACTERS = 50_000_000
"""What all files of a prompt may have together."""

EDITING = "Editing an earlier prompt. Sending it begins a new branch; Esc cancels."

PASTED_NAME = "pasted.txt"

FileRead = Callable[[str, Callable[[FilePart], None], Callable[[CoderappError], None]], None]
"""Reads the file at a path off the UI thread; calls back in it."""


class Composer(QWidget):
    """Signals: `sent(text, files)`: a prompt, or an edited one where `editing` is set; `stop_requested()`;
    `draft_changed(text, files)`; `typing_began()`: the first key of a prompt; `editing_ended()`: an edit was sent or
    given up; `complained(sentence)`: a file could not be attached.
    """

    sent = Signal(object, object)  # texts are passed as they are: Qt would copy them
    stop_requested = Signal()
    draft_changed = Signal(object, object)
    complained = Signal(str)
    typing_began = Signal()
    editing_ended = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.editing = ""
        """The id of the message whose text is edited; "" for a new prompt."""
        self._busy = False
        self._read_only = ""
        self._read_file: FileRead | None = None
        self._place = 0  # counts the drafts that were shown: a file that comes late belongs to another one
        self._look: tuple[object, ...] = ()
        self._last_prompt = ""
        self._quiet = False
        self._edit = PromptEdit()
        self._edit.setAccessibleName("Prompt")
        self._theme = theme
        self._button = QToolButton()
        self._button.setObjectName("sendButton")
        self._button.setIconSize(QSize(metrics.ICON, metrics.ICON))
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._banner = QLabel(EDITING)
        self._banner.setProperty("kind", "muted")
        self._banner.setTextFormat(Qt.TextFormat.PlainText)
        self._banner.hide()
        self._frame = QFrame()
        self._frame.setObjectName("composerFrame")
        self._draft_timer = QTimer(self, singleShot=True, interval=DRAFT_AFTER)
        self._build()
        self.set_theme(theme)
        self._connect()

    def _build(self) -> None:
        self._inside = QVBoxLayout(self._frame)
        self._inside.setContentsMargins(metrics.GAP, metrics.GAP_SMALL, metrics.GAP_SMALL + 2, metrics.GAP_SMALL)
        self._inside.setSpacing(metrics.GAP_SMALL)
        inside = QHBoxLayout()
        inside.addWidget(self._edit, 1)
        inside.addWidget(self._button, 0, Qt.AlignmentFlag.AlignBottom)
        self._inside.addLayout(inside)
        outside = QVBoxLayout(self)
        margin = metrics.COMPOSER_MARGIN
        outside.setContentsMargins(metrics.COLUMN_MARGIN, metrics.GAP_SMALL, metrics.COLUMN_MARGIN, margin)
        outside.setSpacing(metrics.GAP_SMALL)
        column = QWidget()
        column.setMaximumWidth(metrics.COLUMN_WIDTH)
        rows = QVBoxLayout(column)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(metrics.GAP_SMALL)
        rows.addWidget(self._banner)
        rows.addWidget(self._frame)
        centred = QHBoxLayout()
        centred.addStretch(1)
        centred.addWidget(column, 1000)
        centred.addStretch(1)
        outside.addLayout(centred)
        self.setFocusProxy(self._edit)

    def _connect(self) -> None:
        self._edit.submitted.connect(self.submit)
        self._edit.recall_requested.connect(self._recall)
        self._edit.escaped.connect(self._on_escape)
        self._edit.focus_changed.connect(self._on_focus)
        self._edit.textChanged.connect(self._on_text)
        self._edit.content.settled.connect(self._show_button)
        self._edit.long_text_given.connect(self._on_long_text)
        self._edit.files_given.connect(self.attach_files)
        self._button.clicked.connect(self._on_button)
        self._draft_timer.timeout.connect(self.report_draft)

    @cached_property
    def _attachments(self) -> Attachments:
        from coderapp.widgets.composer_chips import Attachments

        made = Attachments(self._theme)
        made.changed.connect(self._on_attachments)
        made.left.connect(self._edit.setFocus)
        self._inside.insertWidget(self._inside.count() - 1, made)
        return made

    @property
    def _has_attachments(self) -> bool:
        return "_attachments" in self.__dict__

    @cached_property
    def _offer(self) -> PasteOffer:
        from coderapp.widgets.composer_offer import PasteOffer

        made = PasteOffer()
        made.attached.connect(self.attach_text)
        made.pasted.connect(self._edit.content.insert)
        made.settled.connect(self._edit.setFocus)
        self._inside.insertWidget(0, made)
        return made

    def _drop_offer(self) -> None:
        if "_offer" in self.__dict__:
            self._offer.drop()

    # what the window says

    def set_file_reader(self, read: FileRead) -> None:
        """Without one, files that are dropped are not taken."""
        self._read_file = read

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        if self._has_attachments:
            self._attachments.set_theme(theme)
        self._show_button()

    def set_enter_sends(self, enter_sends: bool) -> None:
        self._edit.enter_sends = enter_sends
        combination = "Enter" if enter_sends else "Shift+Enter"
        self._edit.setPlaceholderText(f"Ask for code… ({combination} sends)")

    def set_busy(self, busy: bool) -> None:
        """While an answer is on its way the button stops it; the text can be written meanwhile."""
        self._busy = busy
        self._show_button()

    def set_read_only(self, sentence: str) -> None:
        """Takes no prompts, and says why; with "" it takes them again."""
        self._read_only = sentence
        self._banner.setText(sentence or EDITING)
        self._banner.setWordWrap(bool(sentence))
        self._banner.setVisible(bool(sentence or self.editing))
        self._frame.setVisible(not sentence)

    def set_last_prompt(self, prompt: str) -> None:
        """What Up brings back into an empty field."""
        self._last_prompt = prompt

    def set_text(self, text: str) -> None:
        """Replaces the text; the cursor stands at its end."""
        self._edit.content.replace(text)

    def show_draft(self, text: str, files: tuple[FilePart, ...] = ()) -> None:
        """Another conversation's draft; not reported as a change."""
        self._end_editing()
        self._drop_offer()
        self._show(text, files)
        self._draft_timer.stop()

    def edit_message(self, message_id: str, text: str, files: tuple[FilePart, ...] = ()) -> None:
        self.editing = message_id
        self._banner.show()
        self._drop_offer()
        self._show(text, files)
        self._edit.setFocus()

    def _show(self, text: str, files: tuple[FilePart, ...]) -> None:
        self._place += 1
        if files or self._has_attachments:
            self._attachments.set_files(files)
            self._order_tabs()
        self._quiet = True
        self.set_text(text)
        self._quiet = False
        self._show_button()

    @property
    def files(self) -> tuple[FilePart, ...]:
        """What is attached."""
        return self._attachments.files if self._has_attachments else ()

    def attach_text(self, text: str) -> None:
        """Attaches text that has no file."""
        self._attach(FilePart(PASTED_NAME, "text/plain", text))

    def attach_files(self, paths: list[str]) -> None:
        """Reads text files and attaches them, each as soon as it is there."""
        if self._read_file is None:
            self.complained.emit("Files can't be attached here.")
            return
        place = self._place

        def read(file: FilePart) -> None:
            if place == self._place:
                self._attach(file)
            else:
                self.complained.emit(f"{file.name} was not attached: the prompt is another one by now.")

        for path in paths[:MOST_FILES]:
            self._read_file(path, read, lambda error: self.complained.emit(f"{error.sentence} {error.advice}".strip()))
        if len(paths) > MOST_FILES:
            self._tell_too_many()

    def _attach(self, file: FilePart) -> None:
        files = self.files
        if len(files) >= MOST_FILES:
            self._tell_too_many()
        elif len(file.text) > MOST_FILE_BYTES or sum(len(each.text) for each in (*files, file)) > MOST_CHARACTERS:
            most = size_words(MOST_FILE_BYTES), size_words(MOST_CHARACTERS)
            self.complained.emit(f"{file.name} was not attached: a file may have {most[0]}, all together {most[1]}.")
        else:
            name = free_name(file.name, (each.name for each in files))
            self._attachments.add(FilePart(name, file.media_type, file.text))

    def _tell_too_many(self) -> None:
        self.complained.emit(f"A prompt takes at most {MOST_FILES} files; the others were not attached.")

    def text(self) -> str:
        return self._edit.content.text()

    @property
    def is_in_use(self) -> bool:
        """Whether a key came in the last DRAFT_AFTER milliseconds, or long text is on its way in."""
        return self._draft_timer.isActive() or self._edit.content.is_busy

    def report_draft(self) -> None:
        """Reports the text at once, where it waits to be."""
        if self._draft_timer.isActive():
            self._draft_timer.stop()
        if not self.editing:
            self.draft_changed.emit(self.text(), self.files)

    # inside

    def _show_button(self) -> None:
        ready = self._busy or bool(self.files) or not self._edit.content.seems_blank()
        look = (self._busy, ready, self._theme)
        if look == self._look:  # this comes with each key, and a style sheet costs a millisecond
            return
        self._look = look
        name, tip = ("stop", "Stop (Esc)") if self._busy else ("send", "Send")
        self._button.setIcon(icons.icon(name, self._theme.accent_text, self._theme.text_muted))
        self._button.setToolTip(tip)
        self._button.setAccessibleName(tip)
        self._button.setEnabled(ready)
        colour = self._theme.accent if ready else self._theme.border
        self._button.setStyleSheet(
            f"#sendButton {{ background: {colour}; border-radius: 7px; padding: 5px; }}"
            f"#sendButton:focus {{ border: 2px solid {self._theme.text}; padding: 3px; }}"
        )

    def submit(self) -> None:
        """Sends text and files, if there are some and nothing is on its way."""
        text = self.text()
        files = self.files
        if self._busy or self._read_only or not (files or text.strip()):
            return
        self._draft_timer.stop()
        edited = bool(self.editing)
        self.sent.emit(text, files)
        self._last_prompt = text
        self._end_editing()
        self._show("", ())
        if edited:
            self.editing_ended.emit()

    def _recall(self) -> None:
        if self._last_prompt:
            self.set_text(self._last_prompt)

    def _end_editing(self) -> None:
        self.editing = ""
        self._banner.setVisible(bool(self._read_only))

    def _on_button(self) -> None:
        if self._busy:
            self.stop_requested.emit()
        else:
            self.submit()
        self._edit.setFocus()

    def _on_escape(self) -> None:
        if self._busy:
            self.stop_requested.emit()
        elif self.editing:
            self._end_editing()
            self.editing_ended.emit()

    def _on_text(self) -> None:
        if not self._busy:
            self._show_button()
        if self._quiet:
            return
        waits = self._draft_timer.isActive()
        if not waits:
            self.typing_began.emit()
        if not waits or self._edit.document().characterCount() > LONG_DRAFT:
            self._draft_timer.start()

    def _on_long_text(self, text: str) -> None:
        self._offer.offer(text)
        buttons = self._attachments.buttons if self._has_attachments else ()
        QWidget.setTabOrder(self._offer.last_button, (*buttons, self._edit)[0])

    def _on_attachments(self) -> None:
        self._order_tabs()
        self._show_button()
        self.report_draft()

    def _order_tabs(self) -> None:
        """Files come before the text, in their order."""
        chain = [*self._attachments.buttons, self._edit]
        for before, after in pairwise(chain):
            QWidget.setTabOrder(before, after)

    def _on_focus(self, focused: bool) -> None:
        self._frame.setProperty("focused", "true" if focused else "false")
        self._frame.style().unpolish(self._frame)
        self._frame.style().polish(self._frame)
