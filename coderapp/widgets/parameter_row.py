"""One parameter in the sidebar: ticked or not, its value, its default, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, QSize, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from coderapp.core.message import JsonValue
from coderapp.core.parameters import Parameter
from coderapp.qt import icons
from coderapp.qt.theme import Theme
from coderapp.widgets import metrics
from coderapp.widgets.parameter_editors import ModelEditor, ParameterEditor, ToolsEditor, editor_for

_STARTING_VALUES: Mapping[str, JsonValue] = {"max_tokens": 1024, "seed": 1, "stream": True}


class ParameterRow(QWidget):
    """Signals: `value_set(name, value)`, `value_unset(name)`, `models_wanted()`, `tools_wanted()`."""

    value_set = Signal(str, object)
    value_unset = Signal(str)
    models_wanted = Signal()
    tools_wanted = Signal()

    def __init__(self, row: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row = row
        self._default: JsonValue = row.default
        self.editor: ParameterEditor = editor_for(row)
        self._check = QCheckBox(row.label)
        self._check.setToolTip(f"{row.help}\n\nTicked: sent. Not ticked: not sent, the server's default applies.")
        self._check.setAccessibleName(f"Send {row.label}")
        self._note = QLabel()
        self._note.setProperty("kind", "muted")
        self._note.setWordWrap(True)
        self._reset = QToolButton()
        self._reset.setToolTip(f"Reset {row.label}: do not send it")
        self._reset.setAccessibleName(f"Reset {row.label}")
        self._reset.setIconSize(QSize(metrics.ICON - 3, metrics.ICON - 3))
        keep = self._reset.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self._reset.setSizePolicy(keep)
        self._build()
        self._check.toggled.connect(self._on_toggled)
        self._check.installEventFilter(self)
        self._reset.clicked.connect(lambda: self.value_unset.emit(row.name))
        self.editor.edited.connect(self._on_edited)
        if isinstance(self.editor, ModelEditor):
            self.editor.list_wanted.connect(self.models_wanted)
        if isinstance(self.editor, ToolsEditor):
            self.editor.choosing_wanted.connect(self.tools_wanted)

    def _build(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(metrics.GAP_SMALL // 2)
        first.addWidget(self._check, 1)
        first.addWidget(self._reset)
        first.addWidget(self.editor.field)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(2)
        rows.addLayout(first)
        if self.editor.layout() is not None:
            rows.addWidget(self.editor)
        rows.addWidget(self._note)

    def show_models(self, names: tuple[str, ...]) -> None:
        if isinstance(self.editor, ModelEditor):
            self.editor.show_models(names)

    def set_theme(self, theme: Theme) -> None:
        self._reset.setIcon(icons.icon("reset", theme.text_muted))

    def show_set(self, value: JsonValue) -> None:
        self._show(checked=True, value=value)
        self._note.setText(f"sent  ·  default {self.row.default_text}")

    def show_unset(self, default: JsonValue, default_text: str) -> None:
        self._default = default
        self._show(checked=False, value=default)
        self._note.setText(f"not sent  ·  default {default_text}")

    def show_held(self, value: JsonValue, needs: str) -> None:
        """Set, but without effect: what it needs is not on."""
        self._show(checked=True, value=value)
        self._note.setText(f"not sent  ·  needs {needs}")

    def show_by_profile(self, value: JsonValue) -> None:
        """Not set here, and sent all the same because the profile says so."""
        self._default = value
        self._show(checked=False, value=value)
        self._note.setText("sent, as the profile says")

    def _show(self, *, checked: bool, value: JsonValue) -> None:
        with QSignalBlocker(self._check):
            self._check.setChecked(checked)
        self._reset.setVisible(checked)
        self.editor.show_value(value)
        self.editor.mark_sent(checked)

    def _on_toggled(self, checked: bool) -> None:
        if not checked:
            self.value_unset.emit(self.row.name)
            return
        if isinstance(self.editor, ToolsEditor):
            self.editor.choosing_wanted.emit()
        elif self._starting_value() is None:
            self.editor.setFocus()
        else:
            self.value_set.emit(self.row.name, self._starting_value())
            return
        with QSignalBlocker(self._check):
            self._check.setChecked(False)

    def _starting_value(self) -> JsonValue:
        """What a tick sets: the default where it is known, else something sensible to change."""
        if self._default is not None:
            return self._default
        return _STARTING_VALUES.get(self.row.name)

    def _on_edited(self, value: JsonValue) -> None:
        if value is None:
            self.value_unset.emit(self.row.name)
        else:
            self.value_set.emit(self.row.name, value)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._check and event.type() is QEvent.Type.MouseButtonDblClick:
            self.value_unset.emit(self.row.name)
            return True
        return super().eventFilter(watched, event)
