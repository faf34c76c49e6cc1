"""The middle of the window: who answers, the conversation, the composer, and what just happened."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from coderapp.core.conversation import UNTITLED
from coderapp.core.message import FilePart, Message, Role
from coderapp.core.profile import Profile, ProfileKind
from coderapp.qt import icons
from coderapp.qt.theme import Theme
from coderapp.qt.tips import plain_tip
from coderapp.widgets import metrics
from coderapp.widgets.composer import Composer
from coderapp.widgets.empty_state import EmptyState
from coderapp.widgets.notice_bar import NoticeBar

if TYPE_CHECKING:
    from coderapp.qt.session import Session, SessionState
    from coderapp.widgets.conversation.tools import ViewTools
    from coderapp.widgets.conversation.view import ConversationView
    from coderapp.widgets.find_bar import FindBar
    from coderapp.widgets.progress_strip import ProgressStrip


class ConversationPane(QFrame):
    """Shows a Session. Signals: `history_toggled()`, `parameters_toggled()`, `profile_chosen(id)`,
    `profiles_wanted()`: the list of profiles is to be edited; `view_made(ConversationView)`; `branch_chosen(message
    id)`: the active path is to lead there.
    """

    history_toggled = Signal()
    parameters_toggled = Signal()
    profile_chosen = Signal(str)
    profiles_wanted = Signal()
    view_made = Signal(object)
    branch_chosen = Signal(str)

    def __init__(
        self,
        theme: Theme,
        view_tools: Callable[[], ViewTools],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("conversationPane")
        self._session: Session | None = None
        self._profiles: tuple[Profile, ...] = ()
        self._theme = theme
        self._view_tools = view_tools
        self.empty = EmptyState()
        self.composer = Composer(theme)
        self.notices = NoticeBar(theme, self)
        self._overlays: list[QWidget] = [self.notices]
        self._title = QLabel()
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._picker = QComboBox()
        self._picker.setAccessibleName("Profile")
        self._picker.setToolTip("Who answers")
        self._picker.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._left = _bar_button("Conversations (Ctrl+B)")
        self._right = _bar_button("Parameters (Ctrl+Shift+B)")
        self._branches = _bar_button("Branches (Ctrl+Shift+T)")
        self._branches.setObjectName("branches")
        self._branches.hide()
        self._down = QToolButton(self)
        self._down.setToolTip("Go to the end (End)")
        self._down.setAccessibleName("Go to the end")
        self._down.setFixedSize(metrics.BUTTON + 6, metrics.BUTTON + 6)
        self._down.hide()
        self._stack = QStackedWidget()
        self._build()
        self._connect()
        self.set_theme(theme)

    def _build(self) -> None:
        bar = QFrame()
        bar.setObjectName("paneBar")
        bar.setFixedHeight(metrics.BAR_HEIGHT)
        row = QHBoxLayout(bar)
        row.setContentsMargins(metrics.GAP, 0, metrics.GAP, 0)
        row.setSpacing(metrics.GAP)
        row.addWidget(self._left)
        row.addWidget(self._title, 1)
        row.addWidget(self._branches)
        row.addWidget(self._picker)
        row.addWidget(self._right)
        self._stack.addWidget(self.empty)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(bar)
        rows.addWidget(self._stack, 1)
        rows.addWidget(self.composer)
        self.setMinimumWidth(metrics.PANE_LEAST)

    def _connect(self) -> None:
        self._left.clicked.connect(self.history_toggled)
        self._right.clicked.connect(self.parameters_toggled)
        self._branches.clicked.connect(self.show_branches)
        self._picker.activated.connect(self._on_picked)
        self.empty.chosen.connect(self._on_suggestion)
        self.notices.changed.connect(self._place_overlays)
        self.composer.sent.connect(self._on_sent)
        self.composer.stop_requested.connect(self.stop)
        self.composer.draft_changed.connect(self._on_draft)
        self.composer.typing_began.connect(self._on_typing)
        self.composer.editing_ended.connect(self._show_draft)
        self.composer.complained.connect(self.notices.warn)

    @cached_property
    def view(self) -> ConversationView:
        """Made when it is first needed, at the latest right after the first paint."""
        from coderapp.widgets.conversation.view import ConversationView

        view = ConversationView(self._theme, self._view_tools())
        self._stack.addWidget(view)
        self._down.clicked.connect(view.follow)
        view.following_changed.connect(self._on_following)
        view.arrived_unseen.connect(self._on_unseen)
        view.copied.connect(self.notices.tell)
        QWidget.setTabOrder(self._right, view)  # made last, it would be reached last
        QWidget.setTabOrder(view, self.composer)
        if self._session is not None:
            view.set_model(self._session.model)
        self.__dict__["view"] = view  # who hears of it asks for it
        self.view_made.emit(view)
        return view

    def _on_following(self, following: bool) -> None:
        self._show_down("", "Go to the end (End)")
        self._down.setVisible(not following)

    def _on_unseen(self) -> None:
        if not self._down.text():
            self._show_down("New text below", "There is new text below (End)")

    def _show_down(self, text: str, tip: str) -> None:
        """The way to the end, with words where there is something new."""
        self._down.setText(text)
        self._down.setToolTip(tip)
        self._down.setAccessibleName(text or "Go to the end")
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if text else Qt.ToolButtonStyle.ToolButtonIconOnly
        self._down.setToolButtonStyle(style)
        wide = self._down.fontMetrics().horizontalAdvance(text) + 10 if text else 0
        self._down.setFixedSize(metrics.BUTTON + 6 + wide, metrics.BUTTON + 6)
        self._place_overlays()

    @cached_property
    def find_bar(self) -> FindBar:
        """Made when something is first looked for."""
        from coderapp.widgets.find_bar import FindBar

        bar = FindBar(self._theme)
        bar.hide()
        rows = self.layout()
        assert isinstance(rows, QVBoxLayout)
        rows.insertWidget(1, bar)
        finding = self.view.finding
        bar.query_changed.connect(finding.look_for)
        bar.step.connect(finding.step)
        bar.closed.connect(self._on_find_closed)
        finding.result.connect(bar.show_result)
        finding.fault.connect(bar.show_fault)
        return bar

    @cached_property
    def progress(self) -> ProgressStrip:
        """Made when something first takes long."""
        from coderapp.widgets.progress_strip import ProgressStrip

        strip = ProgressStrip(self)
        strip.changed.connect(self._place_overlays)
        self._overlays.append(strip)
        return strip

    def open_find(self) -> None:
        """Opens the bar to find text with."""
        if self._session is not None and self._session.model.rows:
            selected = self.view.selected_text() if self.view.selection_is_short else ""
            self.find_bar.open(selected)

    def show_message(self, message_id: str, words: tuple[str, ...] = ()) -> None:
        """Scrolls to a message of the active path and marks words in it, in the bar to find text with."""
        assert self._session is not None
        row = self._session.model.index_of(message_id)
        if row < 0:
            return
        self.view.go_to_place(message_id, -1, float(metrics.GAP))
        if _only_thought(self._session.model.rows[row].message, words):
            self.view.open_thoughts(row)
        if words:
            self.view.finding.prefer(message_id)
            self.find_bar.show_words(words)
        self.view.setFocus()

    def show_branches(self) -> None:
        """The tree of the conversation, where it is one."""
        if self._session is None or not self._session.conversation.has_branches:
            self.notices.tell("No branches here: another answer, or an edited prompt, makes one.")
            return
        from coderapp.widgets.branch_map import BranchMap

        shown = BranchMap(self._theme, self)
        shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        shown.chosen.connect(self.branch_chosen)
        shown.open_below(self._branches, self._session.conversation, self._session.conversation.leaf_id)

    def find_step(self, step: int) -> None:
        """To the next hit, or the one before; opens the bar where it is closed."""
        if "find_bar" in self.__dict__ and self.find_bar.isVisible():
            self.view.finding.step(step)
        else:
            self.open_find()

    def stop_finding(self) -> None:
        """What is being looked through is not waited for."""
        if self._has_view:
            self.view.finding.stop()

    def _on_find_closed(self) -> None:
        self.view.finding.clear()
        self.view.setFocus()

    @property
    def _has_view(self) -> bool:
        return "view" in self.__dict__

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        if self._has_view:
            self.view.set_theme(theme)
        self.composer.set_theme(theme)
        self.notices.set_theme(theme)
        if "find_bar" in self.__dict__:
            self.find_bar.set_theme(theme)
        self._left.setIcon(icons.icon("panel-left", theme.text))
        self._branches.setIcon(icons.icon("branches", theme.text))
        self._right.setIcon(icons.icon("panel-right", theme.text))
        self._down.setIcon(icons.icon("down", theme.text))
        self._down.setStyleSheet(
            f"QToolButton {{ background: {theme.surface_alt}; border: 1px solid {theme.border_strong};"
            f" border-radius: {(metrics.BUTTON + 6) // 2}px; }}"
        )

    def set_reading(self, *, wrap: bool, numbered: bool, zoom: float) -> None:
        """How the conversation is set: see the settings of these names."""
        if self._has_view:
            self.view.set_wrap_code(wrap)
            self.view.set_line_numbers(numbered)
            self.view.set_zoom(zoom)

    def copy_selection(self) -> None:
        self.view.copy_selection()

    def select_all(self) -> None:
        self.view.select_all()

    def focus_view(self) -> None:
        self.view.setFocus()

    # the session

    @property
    def session(self) -> Session | None:
        return self._session

    def show_session(self, session: Session) -> None:
        if session is self._session:
            self._show_title()
            return
        if self._session is not None:
            self.composer.report_draft()
            self._session.state_changed.disconnect(self._on_state)
            self._session.changed.disconnect(self._on_changed)
            self._session.model.was_reset.disconnect(self._on_rows)
            self._session.model.rows_replaced.disconnect(self._on_rows)
        self._session = session
        if "find_bar" in self.__dict__ and self.find_bar.isVisible():
            self.find_bar.dismiss()
        session.state_changed.connect(self._on_state)
        session.changed.connect(self._on_changed)
        session.model.was_reset.connect(self._on_rows)
        session.model.rows_replaced.connect(self._on_rows)
        if self._has_view:
            if session.model.rows:
                self._stack.setCurrentWidget(self.view)  # first: the rows are then measured for the width that it gets
            self.view.set_model(session.model)
        self.composer.set_read_only(session.conversation.read_only)
        self._show_draft()
        self._on_changed()
        self._on_rows()
        self._on_state(session.state)
        self.composer.setFocus()

    def _on_rows(self) -> None:
        assert self._session is not None
        rows = self._session.model.rows
        last = next((row for row in reversed(rows) if row.message.role is Role.USER), None)
        self.composer.set_last_prompt(last.message.text if last else "")
        self._stack.setCurrentWidget(self.view if rows else self.empty)
        self._branches.setVisible(self._session.conversation.has_branches)

    def _on_changed(self) -> None:
        self._show_title()
        self._show_picker()

    def _show_title(self) -> None:
        assert self._session is not None
        title = self._session.conversation.title or UNTITLED
        room = max(60, self._title.width())
        self._title.setText(self._title.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, room))
        self._title.setToolTip(plain_tip(title))

    def _on_state(self, state: SessionState) -> None:
        self.composer.set_busy(self._session is not None and not self._session.is_idle)

    def _show_draft(self) -> None:
        if self._session is not None:
            conversation = self._session.conversation
            self.composer.show_draft(conversation.draft, conversation.draft_files)

    def _on_sent(self, text: str, files: tuple[FilePart, ...]) -> None:
        assert self._session is not None
        editing = self.composer.editing
        if self._has_view:
            self.view.follow()
        if editing:
            self._session.resend(editing, text, files)
        else:
            self._session.send(text, files)

    def _on_draft(self, text: str, files: tuple[FilePart, ...]) -> None:
        if self._session is not None:
            self._session.set_draft(text, files)

    def _on_typing(self) -> None:
        if self._session is not None:
            self._session.prepare()

    def _on_suggestion(self, prompt: str) -> None:
        if self._session is not None and not self._session.conversation.read_only:
            self._session.send(prompt)
            self.composer.setFocus()

    def stop(self) -> None:
        if self._session is not None:
            self._session.stop()

    # profiles

    def show_profiles(self, profiles: tuple[Profile, ...]) -> None:
        self._profiles = profiles
        if self._session is not None:
            self._show_picker()

    def _show_picker(self) -> None:
        assert self._session is not None
        chosen = self._session.profile
        with QSignalBlocker(self._picker):
            self._picker.clear()
            for profile in self._profiles:
                self._picker.addItem(profile.name, profile.id)
            self._picker.insertSeparator(self._picker.count())
            self._picker.addItem("Profiles…", "")
            self._picker.setCurrentIndex(self._picker.findData(chosen.id))
        self.empty.show_about(about(chosen))

    def _on_picked(self, index: int) -> None:
        profile_id = self._picker.itemData(index)
        if profile_id:
            self.profile_chosen.emit(profile_id)
        else:
            self._show_picker()
            self.profiles_wanted.emit()

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and "find_bar" in self.__dict__ and self.find_bar.isVisible():
            self.find_bar.dismiss()  # the focus may be in the conversation, after a search
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_overlays()
        if self._session is not None:
            self._show_title()

    def _place_overlays(self) -> None:
        """The notice, the progress of long work and the way to the end, over the foot of the conversation."""
        bottom = self._stack.geometry().bottom()
        width = min(metrics.COLUMN_WIDTH, self.width() - 2 * metrics.COLUMN_MARGIN)
        for overlay in self._overlays:
            if not overlay.isHidden():
                height = max(overlay.heightForWidth(width), overlay.sizeHint().height())
                bottom -= height
                overlay.setGeometry((self.width() - width) // 2, bottom, width, height)
                overlay.raise_()
                bottom -= metrics.GAP_SMALL
        self._down.move((self.width() - self._down.width()) // 2, bottom - self._down.height() - metrics.GAP)
        self._down.raise_()


def _only_thought(message: Message, words: tuple[str, ...]) -> bool:
    """Whether some of the words stand in what a model thought, and nowhere else in the message."""
    if not message.reasoning or not words:
        return False
    said = "\n".join([message.text, *(call.arguments for call in message.tool_calls)]).casefold()
    thought = message.reasoning.casefold()
    return any(word.casefold() in thought and word.casefold() not in said for word in words)


def about(profile: Profile) -> str:
    """Who answers, for the empty conversation."""
    match profile.kind:
        case ProfileKind.BUILT_IN:
            return "The built-in sample model answers: a small library of snippets, with no key and no network."
        case ProfileKind.PIXLAB:
            return "PixLab CODER answers."
        case _:
            model = f" with {profile.model}" if profile.model else ""
            return f"{profile.name} answers{model}."


def _bar_button(tip: str) -> QToolButton:
    button = QToolButton()
    button.setToolTip(tip)
    button.setAccessibleName(tip.partition(" (")[0])
    button.setIconSize(QSize(metrics.ICON, metrics.ICON))
    return button
