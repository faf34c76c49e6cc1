"""Hands for the sidebar of parameters: finds controls by the names that a screen reader says."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSlider,
    QToolButton,
    QWidget,
)

from coderapp.widgets.parameter_panel import ParameterPanel

W = TypeVar("W", bound=QWidget)


class PanelHands:
    def __init__(self, panel: ParameterPanel) -> None:
        self.panel = panel

    def find(self, kind: type[W], name: str) -> W:
        found = [widget for widget in self.panel.findChildren(kind) if widget.accessibleName() == name]
        assert len(found) == 1, f"{len(found)} controls are called {name}"
        return found[0]

    def shown(self, label: str) -> bool:
        return self.find(QCheckBox, f"Send {label}").isVisible()

    def is_set(self, label: str) -> bool:
        return self.find(QCheckBox, f"Send {label}").isChecked()

    def number(self, label: str) -> QDoubleSpinBox:
        return self.find(QDoubleSpinBox, label)

    def type_number(self, label: str, text: str) -> None:
        box = self.number(label)
        box.setFocus()
        box.selectAll()
        QTest.keyClicks(box, text)
        QTest.keyClick(box, Qt.Key.Key_Return)

    def slide(self, label: str, key: Qt.Key) -> None:
        QTest.keyClick(self.find(QSlider, f"{label} slider"), key)

    def choose(self, label: str, value: str) -> None:
        """Picks from a list of words with the keyboard."""
        box = self.find(QComboBox, label)
        place = box.findText(value)
        assert place >= 0, f"{label} offers no {value}"
        if place == box.currentIndex():  # what is shown already is chosen by going away and back
            QTest.keyClick(box, Qt.Key.Key_Down if place == 0 else Qt.Key.Key_Up)
        while box.currentIndex() != place:
            QTest.keyClick(box, Qt.Key.Key_Down if place > box.currentIndex() else Qt.Key.Key_Up)

    def type_model(self, name: str) -> None:
        box = self.find(QComboBox, "Model")
        line = box.lineEdit()
        assert line is not None
        line.setFocus()
        line.selectAll()
        QTest.keyClicks(line, name)
        QTest.keyClick(line, Qt.Key.Key_Return)

    def type_text(self, label: str, text: str) -> None:
        edit = self.find(QPlainTextEdit, label)
        edit.setFocus()
        edit.selectAll()
        QTest.keyClick(edit, Qt.Key.Key_Delete)
        for number, line in enumerate(text.split("\n")):
            if number:
                QTest.keyClick(edit, Qt.Key.Key_Return)
            QTest.keyClicks(edit, line)

    def tick(self, label: str) -> None:
        check = self.find(QCheckBox, f"Send {label}")
        QTest.mouseClick(
            check, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(8, check.height() // 2)
        )

    def double_click(self, label: str) -> None:
        """As a mouse does it: two presses, the second one a double click."""
        check = self.find(QCheckBox, f"Send {label}")
        at = QPoint(30, check.height() // 2)
        none = Qt.KeyboardModifier.NoModifier
        QTest.mouseClick(check, Qt.MouseButton.LeftButton, none, at)
        QTest.mouseDClick(check, Qt.MouseButton.LeftButton, none, at)

    def reset(self, label: str) -> None:
        QTest.mouseClick(self.find(QToolButton, f"Reset {label}"), Qt.MouseButton.LeftButton)

    def reset_all(self) -> None:
        button = next(b for b in self.panel.findChildren(QPushButton) if b.text() == "Reset all")
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    @property
    def sent(self) -> str:
        """What the panel says will be sent with the next prompt."""
        return next(label.text() for label in self.panel.findChildren(QLabel) if label.text().startswith("messages"))

    def labels(self) -> list[str]:
        return [label.text() for label in self.panel.findChildren(QLabel) if label.isVisible()]
