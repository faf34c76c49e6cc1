"""Editors for parameters, one for each kind in the table: they show a value and report what the user enters."""

from __future__ import annotations

import json
import math

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from coderapp.core.message import JsonValue
from coderapp.core.parameters import Kind, Parameter
from coderapp.widgets import metrics

STEPS = 1000
"""Positions of a slider whose scale is not the value's own."""


class CalmSpinBox(QDoubleSpinBox):
    """A wheel that passes over the panel must not change a value: only the focused field follows it."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class CalmSlider(QSlider):
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class CalmComboBox(QComboBox):
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class ParameterEditor(QWidget):
    """Signals: `edited(value)`: the user entered another value. `field`: the exact field, for the row's first line;
    what else belongs to the editor is laid out in this widget, below it.
    """

    edited = Signal(object)
    field: QWidget

    def __init__(self, row: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row = row

    def show_value(self, value: JsonValue) -> None:
        """Shows a value without reporting it; None where the default is not known."""
        raise NotImplementedError

    def mark_sent(self, sent: bool) -> None:
        """Shows whether the value goes out."""


class NumberEditor(ParameterEditor):
    """An exact field and, for a bounded range, a slider: linear, or by powers where the range spans thousands."""

    def __init__(self, row: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(row, parent)
        self._whole = row.kind is Kind.INTEGER
        low, high = row.minimum or 0.0, row.maximum if row.maximum is not None else 1e9
        self._low, self._high = low, high
        self._by_power = high - low > 10_000
        box = CalmSpinBox()
        self._unknown = low - 1 if row.default is None else low
        box.setRange(self._unknown, high)
        if row.default is None:
            box.setSpecialValueText("–")
        box.setDecimals(0 if self._whole else 2)
        box.setSingleStep(row.step)
        box.setKeyboardTracking(False)
        box.setAlignment(Qt.AlignmentFlag.AlignRight)
        box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        box.setFixedWidth(metrics.FIELD_WIDTH)
        box.setAccessibleName(row.label)
        self.field = self._box = box
        self._slider: CalmSlider | None = None
        if high < 1e9:
            self._slider = CalmSlider(Qt.Orientation.Horizontal)
            self._slider.setRange(0, STEPS if self._by_power else round((high - low) / row.step))
            self._slider.setAccessibleName(f"{row.label} slider")
            layout = QHBoxLayout(self)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.addWidget(self._slider)
            self._slider.valueChanged.connect(self._on_slid)
        self._touched = False
        box.valueChanged.connect(self._on_typed)
        box.lineEdit().textEdited.connect(self._on_touched)
        box.editingFinished.connect(self._on_entered)

    def show_value(self, value: JsonValue) -> None:
        number = float(value) if isinstance(value, int | float) else self._unknown
        with QSignalBlocker(self._box):
            self._box.setValue(number)
        self._slide_to(number)

    def mark_sent(self, sent: bool) -> None:
        if self._slider is not None:
            self._slider.setProperty("sent", "true" if sent else "false")
            self._slider.style().unpolish(self._slider)
            self._slider.style().polish(self._slider)

    def _slide_to(self, number: float) -> None:
        if self._slider is not None:
            with QSignalBlocker(self._slider):
                self._slider.setValue(self._position(number))

    def _position(self, number: float) -> int:
        if self._by_power:
            base = max(self._low, 1.0)
            return round(STEPS * math.log(max(number, base) / base) / math.log(self._high / base))
        return round((number - self._low) / self.row.step)

    def _number(self, position: int) -> float:
        if self._by_power:
            base = max(self._low, 1.0)
            number = base * math.exp(position / STEPS * math.log(self._high / base))
            digits = 10.0 ** max(0, int(math.log10(number)) - 1)
            return min(self._high, max(self._low, round(number / digits) * digits))
        return self._low + position * self.row.step

    def _on_slid(self, position: int) -> None:
        number = self._number(position)
        shown = max(self._box.value(), self._low)
        if number == shown and (before := self._position(shown)) != position:
            # Small whole numbers lie more than a step of the scale apart.
            number = min(max(shown + (1 if position > before else -1), self._low), self._high)
        with QSignalBlocker(self._box):
            self._box.setValue(number)
        self._report(number)

    def _on_touched(self) -> None:
        self._touched = True

    def _on_entered(self) -> None:
        """A number that stood there already was typed: it is to be sent all the same."""
        if self._touched and self._box.value() >= self._low:
            self._on_typed(self._box.value())

    def _on_typed(self, number: float) -> None:
        self._touched = False
        number = max(number, self._low)
        self._slide_to(number)
        self._report(number)

    def _report(self, number: float) -> None:
        self.edited.emit(int(number) if self._whole else round(number, 6))


class ChoiceEditor(ParameterEditor):
    """On or off, or one of a few words."""

    def __init__(self, row: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(row, parent)
        self._box = CalmComboBox()
        self.field = self._box
        choices: tuple[tuple[str, JsonValue], ...]
        choices = (("on", True), ("off", False)) if row.kind is Kind.BOOLEAN else tuple((c, c) for c in row.choices)
        for label, value in choices:
            self._box.addItem(label, value)
        self._box.setAccessibleName(row.label)
        self._box.setMinimumWidth(metrics.FIELD_WIDTH)
        self._box.activated.connect(lambda _: self.edited.emit(self._box.currentData()))

    def show_value(self, value: JsonValue) -> None:
        with QSignalBlocker(self._box):
            self._box.setCurrentIndex(-1 if value is None else self._box.findData(value))


class ModelEditor(ParameterEditor):
    """A name, typed or picked from the server's list. Signal: `list_wanted()`: the list was opened and is empty."""

    list_wanted = Signal()

    def __init__(self, row: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(row, parent)
        self._box = CalmComboBox()
        self._box.setEditable(True)
        self._box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._box.setAccessibleName(row.label)
        self._box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._box.setMinimumContentsLength(10)
        self.field = QWidget()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box, 1)
        self._fetch = QPushButton("List")
        self._fetch.setToolTip("Ask the server which models it has")
        layout.addWidget(self._fetch)
        self._fetch.clicked.connect(self.list_wanted)
        self._box.activated.connect(lambda _: self._report())
        line = self._box.lineEdit()
        if line is not None:
            line.editingFinished.connect(self._report)
        self._shown = ""
        self._sent = False

    def mark_sent(self, sent: bool) -> None:
        self._sent = sent

    def show_value(self, value: JsonValue) -> None:
        self._shown = str(value or "")
        with QSignalBlocker(self._box):
            self._box.setEditText(self._shown)

    def show_models(self, names: tuple[str, ...]) -> None:
        with QSignalBlocker(self._box):
            self._box.clear()
            self._box.addItems(list(names))
            self._box.setEditText(self._shown)
        if self._fetch.hasFocus() or self._box.hasFocus():
            self._box.showPopup()

    def _report(self) -> None:
        name = self._box.currentText().strip()
        if name and name != self._shown:
            self._shown = name
            self.edited.emit(name)
        elif not name and self._sent:
            self.edited.emit(None)
        elif not name:
            self.show_value(self._shown)


class TextsEditor(ParameterEditor):
    """A few texts, one a line. A backslash escapes as in JSON, so that a line's end can be entered as \\n."""

    def __init__(self, row: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(row, parent)
        self.field = QWidget()
        self._edit = QPlainTextEdit()
        self._edit.setPlaceholderText("One a line; \\n is a line's end")
        self._edit.setAccessibleName(row.label)
        self._edit.setTabChangesFocus(True)
        self._edit.setFixedHeight(3 * self._edit.fontMetrics().lineSpacing() + metrics.GAP)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._edit)
        self._edit.textChanged.connect(self._report)

    def show_value(self, value: JsonValue) -> None:
        texts = value if isinstance(value, list) else []
        lines = [json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"') for text in texts]
        if self._texts() != texts:
            with QSignalBlocker(self._edit):
                self._edit.setPlainText("\n".join(lines))

    def _texts(self) -> list[JsonValue]:
        found: list[JsonValue] = []
        for line in self._edit.toPlainText().split("\n"):
            if not line:
                continue
            try:
                found.append(json.loads('"' + line.replace('"', '\\"') + '"'))
            except ValueError:
                found.append(line)
        return found

    def _report(self) -> None:
        self.edited.emit(self._texts() or None)


class ToolsEditor(ParameterEditor):
    """How many tools are set, and a button to the dialog that chooses them. Signal: `choosing_wanted()`."""

    choosing_wanted = Signal()

    def __init__(self, row: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(row, parent)
        self._button = QPushButton("Choose…")
        self._button.setAccessibleName("Choose tools")
        self._button.clicked.connect(self.choosing_wanted)
        self.field = self._button

    def show_value(self, value: JsonValue) -> None:
        count = len(value) if isinstance(value, list) else 0
        self._button.setText(f"{count} chosen…" if count else "Choose…")


def editor_for(row: Parameter) -> ParameterEditor:
    match row.kind:
        case Kind.FLOAT | Kind.INTEGER:
            return NumberEditor(row)
        case Kind.BOOLEAN | Kind.CHOICE:
            return ChoiceEditor(row)
        case Kind.TEXT:
            return ModelEditor(row)
        case Kind.TEXTS:
            return TextsEditor(row)
        case Kind.TOOLS:
            return ToolsEditor(row)
