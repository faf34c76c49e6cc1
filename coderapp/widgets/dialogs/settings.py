"""Settings, generated from their table. A change takes effect at once."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QSpinBox, QWidget

from coderapp.core.settings import SETTINGS, Setting, SettingKind
from coderapp.qt.books import SettingsBook
from coderapp.widgets import metrics


class SettingsDialog(QDialog):
    def __init__(self, book: SettingsBook, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._book = book
        form = QFormLayout(self)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for row in SETTINGS:
            editor = self._editor(row)
            editor.setAccessibleName(row.label)
            if row.kind is SettingKind.BOOLEAN:
                form.addRow("", editor)
            else:
                form.addRow(row.label, editor)
            note = QLabel(row.help)
            note.setProperty("kind", "muted")
            note.setWordWrap(True)
            form.addRow("", note)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)
        self.setMinimumWidth(metrics.DIALOG_WIDTH)

    def _editor(self, row: Setting) -> QWidget:
        value = self._book[row.name]
        if row.kind is SettingKind.BOOLEAN:
            check = QCheckBox(row.label)
            check.setChecked(value is True)
            check.toggled.connect(lambda on: self._book.set(row.name, on))
            return check
        if row.kind is SettingKind.INTEGER:
            spin = QSpinBox()
            spin.setRange(row.minimum, row.maximum)
            spin.setSuffix(f" {row.unit}" if row.unit else "")
            spin.setValue(int(value))
            spin.setKeyboardTracking(False)
            spin.valueChanged.connect(lambda number: self._book.set(row.name, number))
            return spin
        box = QComboBox()
        for choice, label in row.choices:
            box.addItem(label, choice)
        box.setCurrentIndex(box.findData(value))
        box.activated.connect(lambda _: self._book.set(row.name, box.currentData()))
        return box
