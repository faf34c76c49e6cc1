"""What is to be exported, and as what. The file is chosen afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from coderapp.core.exporting import ExportFormat, ExportOptions
from coderapp.widgets import metrics

TITLE_WIDTH = 380


@dataclass(frozen=True, slots=True)
class Scope:
    """Something that can be exported: `label` as it stands in the dialog, `ids` of its conversations, none for all of
    them. `title` is that of a single one.
    """

    label: str
    ids: tuple[str, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class ExportWish:
    """`folder`: several conversations go to a folder instead of an archive."""

    scope: Scope
    options: ExportOptions
    folder: bool

    def as_state(self) -> dict[str, object]:
        """What is remembered for the next time."""
        options = self.options
        return {
            "format": options.format.value,
            "branches": options.branches,
            "reasoning": options.reasoning,
            "details": options.details,
            "folder": self.folder,
        }


class ExportDialog(QDialog):
    """Signal: `wanted(ExportWish)`."""

    wanted = Signal(ExportWish)

    def __init__(
        self, scopes: list[Scope], last: Mapping[str, object], chosen: int = 0, parent: QWidget | None = None
    ) -> None:
        """`scopes` must not be empty; `chosen` is the index of the one to begin with; `last` is an earlier wish as
        state.
        """
        super().__init__(parent)
        self.setWindowTitle("Export")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(metrics.DIALOG_WIDTH - 100)
        self._scopes = scopes
        self._choices = QButtonGroup(self)
        form = QFormLayout(self)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setVerticalSpacing(metrics.PANEL_PADDING)
        form.setHorizontalSpacing(metrics.GAP_LARGE)
        form.addRow("Conversations", self._scope_box(chosen))
        self._format = QComboBox()
        self._format.setAccessibleName("Format")
        self._format.setObjectName("exportFormat")
        for row in ExportFormat:
            self._format.addItem(row.label, row.value)
        self._note = QLabel()
        self._note.setProperty("kind", "muted")
        self._note.setWordWrap(True)
        form.addRow("Format", _column(self._format, self._note))
        self._branches = QCheckBox("All branches, not only the one shown")
        self._reasoning = QCheckBox("Thoughts of the model")
        self._details = QCheckBox("System prompt, parameters, tokens and times")
        form.addRow("Include", _column(self._branches, self._reasoning, self._details, lowered=True))
        self._as = QComboBox()
        self._as.addItem("One ZIP archive", False)
        self._as.addItem("A new folder", True)
        self._as.setAccessibleName("Write to")
        form.addRow("Write to", self._as)
        self._form = form
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._export = buttons.addButton("Export…", QDialogButtonBox.ButtonRole.AcceptRole)
        self._export.setProperty("kind", "primary")
        buttons.accepted.connect(self._on_export)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setAutoDefault(False)
        self._export.setDefault(True)  # only now is it the dialog's
        self._restore(last)
        self._format.currentIndexChanged.connect(self._show_what_fits)
        self._choices.idToggled.connect(lambda *_: self._show_what_fits())
        self._show_what_fits()
        self._format.setFocus()

    def _scope_box(self, chosen: int) -> QWidget:
        buttons = []
        for number, scope in enumerate(self._scopes):
            button = QRadioButton()
            text = button.fontMetrics().elidedText(scope.label, Qt.TextElideMode.ElideMiddle, TITLE_WIDTH)
            button.setText(text.replace("&", "&&"))
            button.setAccessibleName(scope.label)
            button.setChecked(number == chosen)
            self._choices.addButton(button, number)
            buttons.append(button)
        return _column(*buttons, lowered=True)

    def _restore(self, last: Mapping[str, object]) -> None:
        self._format.setCurrentIndex(max(0, self._format.findData(last.get("format"))))
        self._branches.setChecked(last.get("branches") is True)
        self._reasoning.setChecked(last.get("reasoning") is True)
        self._details.setChecked(last.get("details") is True)
        self._as.setCurrentIndex(1 if last.get("folder") is True else 0)

    @property
    def wish(self) -> ExportWish:
        form = ExportFormat(self._format.currentData())
        options = ExportOptions(
            form, self._branches.isChecked(), self._reasoning.isChecked(), self._details.isChecked()
        )
        return ExportWish(self._scopes[self._choices.checkedId()], options, bool(self._as.currentData()))

    def _show_what_fits(self) -> None:
        wish = self.wish
        form = wish.options.format
        self._note.setText(form.note)
        self._branches.setEnabled(form is not ExportFormat.JSON)
        self._reasoning.setEnabled(form.is_prose)
        self._details.setEnabled(form.is_prose)
        several = len(wish.scope.ids) != 1 or form is ExportFormat.CODE
        self._form.setRowVisible(self._as, several)

    def _on_export(self) -> None:
        self.wanted.emit(self.wish)


def _column(*widgets: QWidget, lowered: bool = False) -> QWidget:
    """`lowered`: buttons, whose words stand higher than those of the label beside."""
    made = QWidget()
    rows = QVBoxLayout(made)
    rows.setContentsMargins(0, metrics.GAP_SMALL if lowered else 0, 0, 0)
    rows.setSpacing(metrics.GAP_SMALL)
    for widget in widgets:
        rows.addWidget(widget)
    return made
