"""The sidebar of parameters, generated from the table: each row shows its value, its default and whether it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from coderapp.core import parameters
from coderapp.core.profile import Profile, ProfileKind
from coderapp.qt.theme import Theme
from coderapp.widgets import metrics

if TYPE_CHECKING:
    from coderapp.widgets.parameter_row import ParameterRow


class ParameterPanel(QFrame):
    """Signals: `value_set(name, value)`, `value_unset(name)`, `reset_requested()`, `system_prompt_changed(text)`,
    `models_wanted()`, `tools_wanted()`.
    """

    value_set = Signal(str, object)
    value_unset = Signal(str)
    reset_requested = Signal()
    system_prompt_changed = Signal(str)
    models_wanted = Signal()
    tools_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("parameterPanel")
        self._rows: dict[str, ParameterRow] = {}
        self._groups: dict[str, QLabel] = {}
        self._advice = QLabel()
        self._advice.setProperty("kind", "advice")
        self._advice.setWordWrap(True)
        self._sent = QLabel()
        self._sent.setTextFormat(Qt.TextFormat.PlainText)
        self._sent.setProperty("kind", "muted")
        self._sent.setWordWrap(True)
        self._sent.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._system = QPlainTextEdit()
        self._system.setPlaceholderText("Instructions for the whole conversation")
        self._system.setAccessibleName("System prompt")
        self._system.setTabChangesFocus(True)
        self._system.setFixedHeight(4 * self._system.fontMetrics().lineSpacing() + 2 * metrics.GAP)
        self._reset_all = QPushButton("Reset all")
        self._reset_all.setToolTip("Send none of the parameters")
        self._theme = theme
        self._area = QScrollArea()
        self._build()
        self._system.textChanged.connect(lambda: self.system_prompt_changed.emit(self._system.toPlainText()))
        self._reset_all.clicked.connect(self.reset_requested)

    def _fill(self) -> None:
        """The rows, made when there is something to show in them: right after the first paint of the window."""
        from coderapp.widgets.parameter_row import ParameterRow

        contents = QWidget()
        contents.setObjectName("parameterContents")
        column = QVBoxLayout(contents)
        column.setContentsMargins(metrics.PANEL_PADDING, metrics.GAP, metrics.GAP, metrics.PANEL_PADDING)
        column.setSpacing(metrics.GAP)
        column.addWidget(_section("System prompt"))
        column.addWidget(self._system)
        for row in parameters.PARAMETERS:
            if row.group not in self._groups:
                self._groups[row.group] = _section(row.group)
                column.addSpacing(metrics.GAP_SMALL)
                column.addWidget(self._groups[row.group])
            self._rows[row.name] = shown = ParameterRow(row)
            shown.value_set.connect(self.value_set)
            shown.value_unset.connect(self.value_unset)
            shown.models_wanted.connect(self.models_wanted)
            shown.tools_wanted.connect(self.tools_wanted)
            column.addWidget(shown)
            if row.name == "top_p":
                column.addWidget(self._advice)
        column.addSpacing(metrics.GAP_SMALL)
        column.addWidget(_section("Sent with the next prompt"))
        column.addWidget(self._sent)
        column.addStretch(1)
        self.set_theme(self._theme)
        self._area.setWidget(contents)

    def _build(self) -> None:
        area = self._area
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        head = QHBoxLayout()
        head.setContentsMargins(metrics.PANEL_PADDING, 0, metrics.GAP, 0)
        title = QLabel("Parameters")
        title.setProperty("kind", "section")
        head.addWidget(title, 1)
        head.addWidget(self._reset_all)
        bar = QWidget()
        bar.setLayout(head)
        bar.setFixedHeight(metrics.BAR_HEIGHT)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(bar)
        whole.addWidget(area, 1)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for row in self._rows.values():
            row.set_theme(theme)

    def show_conversation(self, values: parameters.Values, system_prompt: str, profile: Profile) -> None:
        """Shows what a conversation has set, as a profile would send it."""
        if not self._rows:
            self._fill()
        if self._system.toPlainText() != system_prompt:
            with QSignalBlocker(self._system):
                self._system.setPlainText(system_prompt)
        shown_groups = set()
        for name, shown in self._rows.items():
            row = shown.row
            visible = profile.kind in row.accepted_by
            shown.setVisible(visible)
            if visible:
                shown_groups.add(row.group)
                self._show_row(shown, values, profile)
            shown.setEnabled(not row.needs or values.get(row.needs) is True or name in values)
        for group, label in self._groups.items():
            label.setVisible(group in shown_groups)
        advised = next(
            (r for r in parameters.PARAMETERS if r.advice and r.name in values and r.advice_beside in values), None
        )
        self._advice.setVisible(advised is not None)
        self._advice.setText(advised.advice if advised else "")
        self._reset_all.setEnabled(bool(values))
        self._sent.setText(sent_summary(values, system_prompt, profile))

    def _show_row(self, shown: ParameterRow, values: parameters.Values, profile: Profile) -> None:
        row = shown.row
        if row.name in values:
            if row.needs and values.get(row.needs) is not True:
                shown.show_held(values[row.name], parameters.BY_NAME[row.needs].label)
            else:
                shown.show_set(values[row.name])
        elif row.name == "stream" and profile.stream:
            shown.show_by_profile(True)
        elif row.name == "model" and profile.model:
            shown.show_by_profile(profile.model)
        elif row.name == "stream":
            shown.show_unset(False, "off")
        elif row.name == "model":
            shown.show_unset(None, "the server's")
        else:
            shown.show_unset(row.default, row.default_text)

    def show_models(self, names: tuple[str, ...]) -> None:
        for shown in self._rows.values():
            shown.show_models(names)

    def focus_parameter(self, name: str) -> None:
        """Brings a parameter's field on screen, e.g. because the server complained of it."""
        shown = self._rows.get(name)
        if shown is not None:
            shown.editor.field.setFocus()


def _section(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("kind", "section")
    return label


def sent_summary(values: parameters.Values, system_prompt: str, profile: Profile) -> str:
    """In words, what the next request's body holds."""
    fields = ["messages" + (" (with the system prompt)" if system_prompt.strip() else "")]
    sent = {
        row.name: values[row.name] for row in parameters.PARAMETERS if parameters.is_sent(row, values, profile.kind)
    }
    if "model" not in sent and profile.model and profile.kind is not ProfileKind.PIXLAB:
        sent["model"] = profile.model
    if "stream" not in sent and profile.stream:
        sent["stream"] = True
    for name, value in sent.items():
        row = parameters.BY_NAME[name]
        wire = row.on_the_wire(value)
        words = f"{len(wire)}" if isinstance(wire, list) else str(wire).lower() if isinstance(wire, bool) else str(wire)
        fields.append(f"{row.field} {words}")
    if profile.kind is ProfileKind.OPENAI and sent.get("stream") is True and profile.include_usage:
        fields.append("stream_options include_usage")
    return ", ".join(fields)
