"""Small dialogs: a link's address before it opens, a raw reply, the tools of a conversation, keys of the keyboard."""

from __future__ import annotations

import json
from collections.abc import Callable

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from coderapp.core.errors import ParameterError
from coderapp.core.message import JsonValue
from coderapp.core.parameters import BY_NAME
from coderapp.widgets import metrics
from coderapp.widgets.lifetime import while_alive


class _Dialog(QDialog):
    def __init__(self, title: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(metrics.DIALOG_WIDTH)
        self.rows = QVBoxLayout(self)


class LinkDialog(_Dialog):
    """Shows where a link leads; Open hands it to the browser. Signal: `ask_no_more()`."""

    ask_no_more = Signal()

    def __init__(self, address: str, parent: QWidget | None = None) -> None:
        super().__init__("Open link", parent)
        label = QLabel("This link from the answer leads to:")
        where = QLabel(address)
        where.setTextFormat(Qt.TextFormat.PlainText)
        where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        where.setWordWrap(True)
        where.setAccessibleName("Address")
        always = QCheckBox("Open links without asking from now on")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        copy = buttons.addButton("Copy address", QDialogButtonBox.ButtonRole.ActionRole)
        open_ = buttons.addButton("Open in the browser", QDialogButtonBox.ButtonRole.AcceptRole)
        open_.setProperty("kind", "primary")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(address))
        buttons.rejected.connect(self.reject)
        buttons.accepted.connect(self.accept)
        self._address = address
        self._always = always
        self.accepted.connect(self._on_accepted)
        for widget in (label, where, always, buttons):
            self.rows.addWidget(widget)
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setFocus()

    def _on_accepted(self) -> None:
        if self._always.isChecked():
            self.ask_no_more.emit()
        open_address(self._address)


def open_address(address: str) -> None:
    url = QUrl(address)
    if url.scheme().lower() in ("http", "https", "mailto"):
        QDesktopServices.openUrl(url)


class TextDialog(_Dialog):
    """Text to read and copy, e.g. a reply as it came."""

    def __init__(self, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        edit = QPlainTextEdit(text)
        edit.setReadOnly(True)
        edit.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        edit.setAccessibleName(title)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(text))
        buttons.rejected.connect(self.reject)
        self.rows.addWidget(edit, 1)
        self.rows.addWidget(buttons)
        self.resize(metrics.DIALOG_WIDTH + 140, 420)


class ToolsDialog(_Dialog):
    """Chooses tools from the endpoint's own and edits them as JSON. Signal: `chosen(list or None)`."""

    chosen = Signal(object)

    def __init__(
        self,
        current: list[JsonValue],
        fetch: Callable[[Callable[[list[JsonValue]], None], Callable[[str], None]], None],
        parent: QWidget | None = None,
    ) -> None:
        """`fetch(done, failed)` asks the endpoint for its tools."""
        super().__init__("Tools", parent)
        self._note = QLabel("Asking the endpoint for its tools…")
        self._note.setWordWrap(True)
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        self._note.setProperty("kind", "muted")
        self._list = QListWidget()
        self._list.setAccessibleName("The endpoint's tools")
        self._json = QPlainTextEdit()
        self._json.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._json.setAccessibleName("Tools as JSON")
        self._error = QLabel()
        self._error.setTextFormat(Qt.TextFormat.PlainText)
        self._error.setProperty("kind", "error")
        self._error.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel | QDialogButtonBox.StandardButton.Ok)
        buttons.accepted.connect(self._on_ok)
        buttons.rejected.connect(self.reject)
        self.rows.addWidget(self._note)
        self.rows.addWidget(self._list, 1)
        self.rows.addWidget(QLabel("What is sent (OpenAI's function format; may be edited):"))
        self.rows.addWidget(self._json, 2)
        self.rows.addWidget(self._error)
        self.rows.addWidget(buttons)
        self.resize(metrics.DIALOG_WIDTH + 120, 560)
        self._show_json(current)
        self._list.itemChanged.connect(self._on_ticked)
        fetch(while_alive(self, self._on_fetched), while_alive(self, self._note.setText))

    def _show_json(self, tools: list[JsonValue]) -> None:
        self._json.setPlainText(json.dumps(tools, indent=2, ensure_ascii=False) if tools else "")

    def _tools(self) -> list[JsonValue]:
        """Raises ValueError where the text is not a JSON list."""
        text = self._json.toPlainText().strip()
        found = json.loads(text) if text else []
        if not isinstance(found, list):
            raise ValueError("a list of tools is expected")
        return found

    def _on_fetched(self, tools: list[JsonValue]) -> None:
        self._note.setText(
            "Tick the tools that the model may call:" if tools else "The endpoint has no tools of its own."
        )
        try:
            current = {tool_name(tool) for tool in self._tools()}
        except ValueError:
            current = set()
        self._list.blockSignals(True)
        for tool in tools:
            item = QListWidgetItem(f"{tool_name(tool)}: {_description(tool)}")
            item.setData(Qt.ItemDataRole.UserRole, tool)
            item.setCheckState(Qt.CheckState.Checked if tool_name(tool) in current else Qt.CheckState.Unchecked)
            self._list.addItem(item)
        self._list.blockSignals(False)

    def _on_ticked(self, item: QListWidgetItem) -> None:
        tool = item.data(Qt.ItemDataRole.UserRole)
        try:
            tools = [known for known in self._tools() if tool_name(known) != tool_name(tool)]
        except ValueError as error:
            self._error.setText(f"The JSON below can't be read: {error}.")
            return
        if item.checkState() is Qt.CheckState.Checked:
            tools.append(tool)
        self._show_json(tools)

    def _on_ok(self) -> None:
        try:
            tools = self._tools()
            checked = BY_NAME["tools"].validate(tools) if tools else None
        except ParameterError as error:
            self._error.setText(f"{error.sentence}.")
        except ValueError as error:
            self._error.setText(f"The JSON can't be read: {error}.")
        else:
            self.chosen.emit(checked)
            self.accept()


def tool_name(tool: JsonValue) -> str:
    function = tool.get("function") if isinstance(tool, dict) else None
    return str(function.get("name", "")) if isinstance(function, dict) else ""


def _description(tool: JsonValue) -> str:
    function = tool.get("function") if isinstance(tool, dict) else None
    return str(function.get("description", "")) if isinstance(function, dict) else ""
