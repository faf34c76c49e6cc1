"""The window: three panes side by side, the menus, and who hears whom."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QCloseEvent,
    QKeySequence,
    QMoveEvent,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QWidget

from coderapp import __version__
from coderapp.core.errors import CoderappError, Remedy
from coderapp.core.message import JsonValue, Message, Role
from coderapp.core.settings import BY_NAME as SETTINGS
from coderapp.qt import icons, theme
from coderapp.qt.books import ProfileBook, SettingsBook, StateBook
from coderapp.qt.endpoint_desk import EndpointDesk
from coderapp.qt.file_saver import FileSaver
from coderapp.qt.message_changes import MessageChanges
from coderapp.qt.search_model import Searching
from coderapp.qt.workspace import Workspace
from coderapp.widgets import history_actions, metrics
from coderapp.widgets.conversation_pane import ConversationPane
from coderapp.widgets.file_drop import FileDrop
from coderapp.widgets.history_sidebar import HistorySidebar
from coderapp.widgets.hit_opening import HitOpening
from coderapp.widgets.panes import Panes
from coderapp.widgets.parameter_panel import ParameterPanel
from coderapp.widgets.reading_places import ReadingPlaces
from coderapp.widgets.search_all import SearchAll
from coderapp.widgets.undo_actions import UndoActions

if TYPE_CHECKING:
    from coderapp.qt.export_desk import ExportDesk
    from coderapp.qt.import_desk import ImportDesk
    from coderapp.qt.session import Session
    from coderapp.text.blocks import CodeBlock
    from coderapp.widgets.conversation.tools import ViewTools
    from coderapp.widgets.conversation.view import ConversationView
    from coderapp.widgets.exporting import Exporting
    from coderapp.widgets.importing import Importing
    from coderapp.widgets.picturing import Picturing


PLACE_AFTER = 700
"""Milliseconds after scrolling until the place is noted."""

ZOOMS = (50, 67, 80, 90, 100, 110, 125, 150, 175, 200, 250, 300)
"""Per cent."""


@dataclass(frozen=True, slots=True)
class WindowParts:
    """What the window shows and works on."""

    workspace: Workspace
    settings: SettingsBook
    profiles: ProfileBook
    state: StateBook
    desk: EndpointDesk
    view_tools: Callable[[], ViewTools]
    saver: FileSaver
    library: Searching
    exports: Callable[[], ExportDesk]
    imports: Callable[[], ImportDesk]


class MainWindow(QMainWindow):
    """Signals: `closed()`; `painted()`: for the first time."""

    closed = Signal()
    painted = Signal()

    def __init__(self, parts: WindowParts) -> None:
        super().__init__()
        self.setWindowTitle("coderapp")
        self._parts = parts
        self._theme = theme.chosen(str(parts.settings["theme"]))
        self._session: Session | None = None
        self._was_painted = False
        self._dialogs: dict[str, QWidget] = {}
        self._places = ReadingPlaces(parts.state)
        self._changes = MessageChanges(parts.workspace, self)
        self._apply_theme()
        self.history = HistorySidebar(self._theme, parts.workspace.history)
        self.pane = ConversationPane(self._theme, parts.view_tools)
        self._organizing = history_actions.HistoryActions(
            self.history, parts.workspace, parts.state, lambda: self._panes.show_history(True), self
        )
        self.panel = ParameterPanel(self._theme)
        self._search = SearchAll(self._theme, parts.library, parts.state, self.history, self)
        self._panes = Panes(self.history, self.pane, self.panel, parts.state)
        self.setCentralWidget(self._panes)
        self.setMinimumSize(metrics.WINDOW_LEAST_WIDTH, metrics.WINDOW_LEAST_HEIGHT)
        self._make_menus()
        self._connect()
        self._restore_state()
        self._apply_settings()
        self.pane.show_profiles(parts.profiles.profiles)

    # building

    def _make_menus(self) -> None:
        bar = self.menuBar()
        file = bar.addMenu("&File")
        _add(file, "&New conversation", self._parts.workspace.new, QKeySequence.StandardKey.New)
        file.addSeparator()
        _add(file, "&Import…", self.show_import, "Ctrl+O")
        _add(file, "Import a &folder…", self.show_import_folder)
        _add(file, "&Export…", self.show_export, "Ctrl+Shift+E")
        file.addSeparator()
        _add(file, "&Settings…", self.show_settings, "Ctrl+,")
        _add(file, "&Profiles…", self.show_profiles, "Ctrl+Shift+P")
        file.addSeparator()
        _add(file, "&Quit", self.close, QKeySequence.StandardKey.Quit)
        edit = bar.addMenu("&Edit")
        self._undo = UndoActions(self._parts.workspace.undo, self.pane.notices, edit, self)
        edit.addSeparator()
        _add(edit, "&Copy selection", self.pane.copy_selection, "Ctrl+Shift+C")
        _add(edit, "Select &all of the conversation", self.pane.select_all, "Ctrl+Shift+A")
        edit.addSeparator()
        _add(edit, "&Find…", self.pane.open_find, QKeySequence.StandardKey.Find)
        _add(edit, "&Search all conversations…", self.search_all, "Ctrl+Shift+F")
        _add(edit, "Find &next", lambda: self.pane.find_step(1), "F3")
        _add(edit, "Find &previous", lambda: self.pane.find_step(-1), "Shift+F3")
        talk = bar.addMenu("&Conversation")
        self._stop = _add(talk, "&Stop the answer", self.pane.stop)
        self._stop.setShortcuts([QKeySequence("Ctrl+."), QKeySequence("Esc")])
        self._again = _add(talk, "Answer &again", self._on_again, "Ctrl+R")
        self._edit = _add(talk, "&Edit the last prompt", self._on_edit_last, "Ctrl+E")
        _add(talk, "&Branches…", self.pane.show_branches, "Ctrl+Shift+T")
        talk.addSeparator()
        self._organizing.fill(talk)
        view = bar.addMenu("&View")
        self._show_history = _check(view, "&Conversations", self.toggle_history, "Ctrl+B")
        self._show_panel = _check(view, "&Parameters", self.toggle_parameters, "Ctrl+Shift+B")
        view.addSeparator()
        bigger = _add(view, "&Larger text", lambda: self._zoom(1))
        bigger.setShortcuts([QKeySequence("Ctrl++"), QKeySequence("Ctrl+=")])
        _add(view, "S&maller text", lambda: self._zoom(-1), "Ctrl+-")
        _add(view, "&Normal text size", lambda: self._zoom(0), "Ctrl+0")
        view.addSeparator()
        _add(view, "Go to the &prompt", self.pane.composer.setFocus, "Ctrl+L")
        _add(view, "Go to the c&onversation", self.pane.focus_view, "Ctrl+Shift+L")
        view.addSeparator()
        self._add_themes(view.addMenu("&Theme"))
        about = bar.addMenu("&Help")
        _add(about, "&Keyboard shortcuts", self._on_shortcuts, "F1")
        _add(about, "&About coderapp", self._on_about)

    def _add_themes(self, menu: QMenu) -> None:
        group = QActionGroup(menu)
        for value, label in SETTINGS["theme"].choices:
            action = QAction(label, menu, checkable=True)
            action.setData(value)
            action.triggered.connect(lambda _=False, chosen=value: self._parts.settings.set("theme", chosen))
            group.addAction(action)
            menu.addAction(action)
        self._themes = group

    def _connect(self) -> None:
        parts, pane, panel = self._parts, self.pane, self.panel

        def current() -> Session:
            return parts.workspace.current

        parts.workspace.shown.connect(self._on_shown)
        parts.workspace.notice.connect(pane.notices.warn)
        parts.workspace.aside.connect(pane.notices.mention)
        parts.workspace.trash.told.connect(pane.notices.tell)
        parts.settings.changed.connect(self._apply_settings)
        parts.profiles.changed.connect(self._on_profiles)
        self._organizing.add_command("Export…", self.show_export)
        for taking in (self.history, pane.empty):
            FileDrop(taking).dropped.connect(self.import_files)
        pane.history_toggled.connect(self.toggle_history)
        pane.parameters_toggled.connect(self.toggle_parameters)
        pane.profile_chosen.connect(self._on_profile_chosen)
        pane.profiles_wanted.connect(self.show_profiles)
        pane.view_made.connect(self._on_view_made)
        pane.branch_chosen.connect(self._changes.lead_to)
        pane.branch_chosen.connect(pane.show_message)
        panel.value_set.connect(lambda name, value: current().set_parameter(name, value))
        panel.value_unset.connect(lambda name: current().unset_parameter(name))
        panel.reset_requested.connect(lambda: current().unset_all())
        panel.system_prompt_changed.connect(lambda text: current().set_system_prompt(text))
        panel.models_wanted.connect(self._on_models_wanted)
        panel.tools_wanted.connect(self._on_tools_wanted)
        opening = HitOpening(parts.workspace, self._changes, pane, self)
        self._search.opened.connect(opening.open)
        self._search.left.connect(pane.composer.setFocus)
        self._panes.changed.connect(self._on_panes)

    def _on_view_made(self, view: ConversationView) -> None:
        self._apply_reading_settings()
        self._place_timer = QTimer(self, singleShot=True, interval=PLACE_AFTER)
        self._place_timer.timeout.connect(self._keep_place)
        view.verticalScrollBar().valueChanged.connect(lambda _: self._place_timer.start())

        def current() -> Session:
            return self._parts.workspace.current

        view.regenerate_requested.connect(lambda name: current().regenerate(name))
        view.retry_requested.connect(lambda name: current().regenerate(name))
        view.branch_requested.connect(self._changes.step_branch)
        view.star_requested.connect(self._changes.star)
        view.continue_requested.connect(self._changes.continue_from)
        view.edit_requested.connect(self._on_edit)
        view.remedy_requested.connect(self._on_remedy)
        view.raw_requested.connect(self._on_raw)
        view.link_activated.connect(self._on_link)
        view.save_code_requested.connect(self._on_save_code)
        view.picture_requested.connect(self._on_picture)

    # the session

    def _keep_place(self) -> None:
        """Where the user reads in the conversation that is shown."""
        shown = self.pane.session
        if shown is not None and shown is self._session:
            self._places.keep(shown.conversation.id, self.pane.view.reading_place())

    def _on_shown(self, session: Session) -> None:
        self._keep_place()
        if self._session is not session:
            if self._session is not None:
                self._session.changed.disconnect(self._on_changed)
                self._session.state_changed.disconnect(self._on_state)
            self._session = session
            session.changed.connect(self._on_changed)
            session.state_changed.connect(self._on_state)
            shown = id(session)
            session.destroyed.connect(lambda _=None: self._on_session_gone(shown))
        new = self.pane.session is not session
        self.pane.show_session(session)
        if new and (place := self._places.of(session.conversation.id)):
            self.pane.view.go_to_place(*place)
        self.history.show_open(session.conversation.id)
        self._parts.state.set("open_conversation", session.conversation.id)
        self._on_changed()
        self._on_state()

    def _on_session_gone(self, which: int) -> None:
        if id(self._session) == which:
            self._session = None

    def _on_changed(self) -> None:
        if self._session is None:
            return
        conversation = self._session.conversation
        self.panel.show_conversation(conversation.parameters, conversation.system_prompt, self._session.profile)
        self.setWindowTitle(f"{conversation.title} - coderapp" if conversation.title else "coderapp")
        self.history.show_open(conversation.id)

    def _on_state(self) -> None:
        idle = self._session is None or self._session.is_idle
        may_ask = self._session is None or self._session.may_ask
        self._stop.setEnabled(not idle)
        self._again.setEnabled(may_ask)
        self._edit.setEnabled(may_ask)

    def _on_profiles(self) -> None:
        self.pane.show_profiles(self._parts.profiles.profiles)
        self._on_changed()

    def _on_profile_chosen(self, profile_id: str) -> None:
        if self._session is not None:
            self._session.set_profile(self._parts.profiles.get(profile_id))
            self._parts.profiles.set_default(profile_id)

    # what the view asks for

    def _on_edit(self, message_id: str) -> None:
        if self._session is not None and self._session.may_ask:
            self.pane.composer.report_draft()
            message = self._session.conversation.messages[message_id]
            self.pane.composer.edit_message(message_id, message.text, message.files)

    def _on_edit_last(self) -> None:
        prompts = [message for message in self._path() if message.role is Role.USER]
        if prompts:
            self._on_edit(prompts[-1].id)

    def _on_again(self) -> None:
        answers = [message for message in self._path() if message.role is Role.ASSISTANT]
        if answers and self._session is not None:
            self._session.regenerate(answers[-1].id)

    def _path(self) -> list[Message]:
        return list(self._session.conversation.path()) if self._session else []

    def _on_remedy(self, message_id: str, remedy: Remedy) -> None:
        if remedy in (Remedy.EDIT_KEY, Remedy.EDIT_PROFILE):
            self.show_profiles(focus_key=remedy is Remedy.EDIT_KEY)
        elif remedy is Remedy.EDIT_PARAMETERS:
            self._panes.show_panel(True)
            generation = self._session.conversation.messages[message_id].generation if self._session else None
            if generation and generation.problem and generation.problem.parameter:
                self.panel.focus_parameter(generation.problem.parameter)

    def _on_raw(self, message_id: str) -> None:
        from coderapp.widgets.dialogs.simple import TextDialog

        generation = self._session.conversation.messages[message_id].generation if self._session else None
        if generation and generation.problem:
            TextDialog("Raw reply", generation.problem.raw, self).open()

    def _on_link(self, address: str) -> None:
        from coderapp.widgets.dialogs.simple import LinkDialog, open_address

        if self._parts.settings["confirm_links"] is not True:
            open_address(address)
            return
        dialog = LinkDialog(address, self)
        dialog.ask_no_more.connect(lambda: self._parts.settings.set("confirm_links", False))
        dialog.open()

    def _on_save_code(self, code: str, suggested: str) -> None:
        from PySide6.QtWidgets import QFileDialog

        folder = str(self._parts.state.get("save_folder") or os.path.expanduser("~"))
        dialog = QFileDialog(self, "Save code", os.path.join(folder, suggested))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.selectFile(suggested)

        def save(path: str) -> None:
            def saved() -> None:
                self._parts.state.set("save_folder", os.path.dirname(path))
                self.pane.notices.tell(f"Saved as {path}.")

            self._parts.saver.save(path, code, saved, self._warn)

        dialog.fileSelected.connect(save)
        dialog.open()

    def _on_picture(self, message_id: str, code: CodeBlock | None, save: bool) -> None:
        if self._session is not None and (message := self._session.conversation.messages.get(message_id)):
            self.picturing.act(message, code, save)

    @cached_property
    def picturing(self) -> Picturing:
        """Made when a picture is first wanted."""
        from coderapp.widgets.picturing import Picturing

        parts = self._parts
        in_thread = parts.view_tools().in_thread
        return Picturing(lambda: self._theme, in_thread, parts.saver, parts.state, self.pane.notices, self)

    def _warn(self, error: CoderappError) -> None:
        self.pane.notices.warn(f"{error.sentence} {error.advice}".strip())

    # what the panel asks for

    def _on_models_wanted(self) -> None:
        if self._session is not None:
            self._parts.desk.models(self._session.profile, None, self.panel.show_models, self.pane.notices.warn)

    def _on_tools_wanted(self) -> None:
        from coderapp.widgets.dialogs.simple import ToolsDialog

        session = self._session
        if session is None:
            return
        current = session.conversation.parameters.get("tools")
        desk = self._parts.desk
        dialog = ToolsDialog(
            current if isinstance(current, list) else [],
            lambda done, failed: desk.tools(session.profile, done, failed),
            self,
        )

        def chosen(tools: JsonValue) -> None:
            if tools:
                session.set_parameter("tools", tools)
            else:
                session.unset_parameter("tools")

        dialog.chosen.connect(chosen)
        dialog.open()

    # menus

    def show_settings(self) -> None:
        from coderapp.widgets.dialogs.settings import SettingsDialog

        SettingsDialog(self._parts.settings, self).open()

    def show_profiles(self, *, focus_key: bool = False) -> None:
        from coderapp.widgets.dialogs.profiles import ProfilesDialog

        shown = self._session.profile.id if self._session else ""
        dialog = ProfilesDialog(self._parts.profiles, self._parts.desk, shown, self)
        dialog.open()
        if focus_key:
            dialog.focus_key()

    def _on_shortcuts(self) -> None:
        from coderapp.widgets.dialogs.simple import TextDialog

        lines = []
        for menu in self.menuBar().findChildren(QMenu):
            for action in menu.actions():
                keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                if keys:
                    lines.append(f"{keys:<24}{action.iconText().replace('&', '')}")
        lines += [
            *history_actions.KEYS,
            f"{'Esc':<24}Stop the answer (in the prompt)",
            f"{'Up':<24}The last prompt again (in an empty prompt)",
            f"{'Tab, Enter':<24}Reach and use a button (in the conversation)",
            f"{'Down, Up':<24}The next block, the one before (in the conversation)",
            f"{'Shift+arrows':<24}Select (in the conversation)",
        ]
        TextDialog("Keyboard shortcuts", "\n".join(lines), self).open()

    def _on_about(self) -> None:
        from PySide6.QtWidgets import QMessageBox

        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle("About coderapp")
        box.setIconPixmap(icons.pixmap("coderapp", "#000000", self.devicePixelRatioF(), 64))
        box.setText(
            f"coderapp {__version__}\n\nTalks to code-generating language models.\n\n"
            "MIT licence. Uses Qt through PySide6 under the LGPL."
        )
        box.open()

    def search_all(self) -> None:
        self._panes.show_history(True)
        self._search.begin()

    def show_export(self, ids: Sequence[str] = ()) -> None:
        """`ids`: conversations that were selected for it."""
        self.exporting.ask(ids)

    @cached_property
    def exporting(self) -> Exporting:
        """Made when something is first exported."""
        from coderapp.widgets.exporting import Exporting

        parts, pane = self._parts, self.pane
        shown = parts.workspace

        def is_importing() -> bool:
            return parts.imports().is_busy

        return Exporting(
            parts.exports(),
            is_importing,
            shown.history,
            lambda: shown.current.conversation,
            parts.state,
            pane.notices,
            pane.progress,
            self,
        )

    def show_import(self) -> None:
        self.importing.ask()

    def show_import_folder(self) -> None:
        self.importing.ask_folder()

    def import_files(self, paths: Sequence[str]) -> None:
        self.importing.read(paths)

    @cached_property
    def importing(self) -> Importing:
        """Made when something is first imported."""
        from coderapp.widgets.importing import Importing

        parts, pane = self._parts, self.pane

        def is_exporting() -> bool:
            return parts.exports().is_busy

        return Importing(
            parts.imports(), parts.workspace.undo, is_exporting, parts.state, pane.notices, pane.progress, self
        )

    # panes and themes

    def toggle_history(self) -> None:
        self._panes.show_history(not self._panes.shows_history)

    def toggle_parameters(self) -> None:
        self._panes.show_panel(not self._panes.shows_panel)

    def _on_panes(self) -> None:
        self._show_history.setChecked(self._panes.shows_history)
        self._show_panel.setChecked(self._panes.shows_panel)
        self._keep_state()

    def _apply_settings(self, _name: str = "") -> None:
        settings = self._parts.settings
        self.pane.composer.set_enter_sends(settings["send_with"] == "enter")
        self._apply_reading_settings()
        for action in self._themes.actions():
            action.setChecked(action.data() == settings["theme"])
        self._use(theme.chosen(str(settings["theme"])))

    def _apply_reading_settings(self) -> None:
        settings = self._parts.settings
        size = settings["text_size"]
        self.pane.set_reading(
            wrap=settings["wrap_code"] is True,
            numbered=settings["line_numbers"] is True,
            zoom=(size if isinstance(size, int) else 100) / 100,
        )

    def _zoom(self, step: int) -> None:
        """To the next of the usual sizes; 0: back to 100 %."""
        now = self._parts.settings["text_size"]
        sizes = [size for size in ZOOMS if (size > now if step > 0 else size < now)] if isinstance(now, int) else []
        if step and not sizes:
            return
        self._parts.settings.set("text_size", (min(sizes) if step > 0 else max(sizes)) if step else 100)

    def show_theme(self, setting: str) -> None:
        """Shows another theme than the setting's, without keeping it."""
        self._use(theme.chosen(setting))

    def _use(self, chosen: theme.Theme) -> None:
        if chosen != self._theme:
            self._theme = chosen
            self._apply_theme()
            for part in (self.history, self.pane, self.panel, self._search):
                part.set_theme(chosen)

    def _apply_theme(self) -> None:
        QApplication.setPalette(theme.palette(self._theme))
        for field in theme.FIELDS:
            # The stub wants bytes, which the binding of 6.11 refuses; it takes a str.
            QApplication.setPalette(theme.field_palette(self._theme), field)  # type: ignore[arg-type]
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.setStyleSheet(theme.style_sheet(self._theme))

    # sizes and places

    def _restore_state(self) -> None:
        state = self._parts.state
        self.resize(metrics.WINDOW_WIDTH, metrics.WINDOW_HEIGHT)
        geometry = state.get("geometry")
        if isinstance(geometry, str):
            self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))
            room = self.screen().availableSize()  # it may have been larger then, or less enlarged
            self.resize(min(self.width(), room.width()), min(self.height(), room.height()))
        self._panes.restore()
        self._on_panes()

    def _keep_state(self) -> None:
        if self.isVisible():
            self._parts.state.set("geometry", bytes(self.saveGeometry().toBase64().data()).decode())
            self._panes.keep()

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        before = event.oldSize().width()
        chosen = before < 0 and self._panes.are_known
        self._panes.adapt(self.width(), narrowed=not chosen and (before < 0 or event.size().width() < before))

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self._keep_state()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self.painted.emit)  # when the rest of the window is painted too

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._panes.are_known:
            self._panes.set_first_sizes(self.width())
        self.pane.composer.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._keep_state()
        self._keep_place()
        self.pane.stop_finding()
        self.pane.composer.report_draft()
        event.accept()
        self.closed.emit()


def _add(menu: QMenu, text: str, act: Callable[[], object], keys: QKeySequence.StandardKey | str = "") -> QAction:
    action = menu.addAction(text)
    action.triggered.connect(lambda _=False: act())
    if keys:
        action.setShortcut(QKeySequence(keys))
    return action


def _check(menu: QMenu, text: str, act: Callable[[], object], keys: str) -> QAction:
    action = _add(menu, text, act, keys)
    action.setCheckable(True)
    return action
