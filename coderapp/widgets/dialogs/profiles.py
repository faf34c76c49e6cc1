"""Profiles: list, add, edit, test, delete."""

from __future__ import annotations

import secrets
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from coderapp.core.profile import (
    OPENAI_URL,
    KeyPlacement,
    Profile,
    ProfileKind,
    Timeouts,
    address_fault,
    pixlab_profile,
)
from coderapp.core.secret import Secret
from coderapp.qt.books import ProfileBook
from coderapp.qt.endpoint_desk import EndpointDesk
from coderapp.widgets import metrics
from coderapp.widgets.lifetime import while_alive

_PLACEMENTS = {
    KeyPlacement.HEADER: "Request header",
    KeyPlacement.BODY: "Body, as the field “key”",
    KeyPlacement.QUERY: "Query, as ?key=…",
}
_FORMATS = (("The server's default", ""), ("Markdown", "markdown"), ("Text", "text"), ("JSON", "json"))


class ProfileForm(QWidget):
    """The fields of one profile. Which are shown depends on its kind."""

    def __init__(self, desk: EndpointDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._profile: Profile | None = None
        self.name = QLineEdit()
        self.address = QLineEdit()
        self.address.setPlaceholderText("https://…")
        self.key = QLineEdit()
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key_note = _note()
        self.forget_key = QPushButton("Forget key")
        self.placement = QComboBox()
        for placement, label in _PLACEMENTS.items():
            self.placement.addItem(label, placement)
        self.model = QComboBox()
        self.model.setEditable(True)
        self.model.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.list_models = QPushButton("List")
        self.stream = QCheckBox("Ask for a stream, where the conversation does not say")
        self.usage = QCheckBox("Ask for token counts in streams")
        self.format = QComboBox()
        for label, value in _FORMATS:
            self.format.addItem(label, value)
        self.tools_url = QLineEdit()
        self.toolcall_url = QLineEdit()
        self.connect_limit, self.first_limit, self.between_limit = (_seconds() for _ in range(3))
        self.test = QPushButton("Test")
        self.result = _note()
        self._form = QFormLayout(self)
        self._build()
        self.test.clicked.connect(self._on_test)
        self.list_models.clicked.connect(self._on_list)
        self.forget_key.clicked.connect(self._on_forget)

    def _build(self) -> None:
        form = self._form
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        form.addRow("Name", self.name)
        form.addRow("Address", self.address)
        form.addRow("Key", _side_by_side(self.key, self.forget_key))
        form.addRow("", self.key_note)
        form.addRow("Key travels in", self.placement)
        form.addRow("Model", _side_by_side(self.model, self.list_models))
        form.addRow("Streaming", self.stream)
        form.addRow("", self.usage)
        form.addRow("New conversations: format", self.format)
        form.addRow("Tools address", self.tools_url)
        form.addRow("Tool call address", self.toolcall_url)
        form.addRow("Time limit: connect", self.connect_limit)
        form.addRow("Time limit: first byte", self.first_limit)
        form.addRow("Time limit: silence", self.between_limit)
        form.addRow("", _at_left(self.test))
        form.addRow("", self.result)
        for widget, label in ((self.name, "Name"), (self.address, "Address"), (self.key, "Key"), (self.model, "Model")):
            widget.setAccessibleName(label)

    def show_profile(self, profile: Profile) -> None:
        self._profile = profile
        self.name.setText(profile.name)
        self.address.setText(profile.base_url)
        self.key.clear()
        self.key.setPlaceholderText("Enter a key to store or replace it")
        self.placement.setCurrentIndex(self.placement.findData(profile.key_placement))
        self.model.clear()
        self.model.setEditText(profile.model)
        self.stream.setChecked(profile.stream)
        self.usage.setChecked(profile.include_usage)
        self.format.setCurrentIndex(max(0, self.format.findData(profile.starts_with.get("format", ""))))
        self.tools_url.setText(profile.tools_url)
        self.toolcall_url.setText(profile.toolcall_url)
        for box, value in zip(
            (self.connect_limit, self.first_limit, self.between_limit),
            (profile.timeouts.connect, profile.timeouts.first_byte, profile.timeouts.between_bytes),
            strict=True,
        ):
            box.setValue(value)
        self.tools_url.setPlaceholderText("/tools on the same host")
        self.toolcall_url.setPlaceholderText("/toolcall on the same host")
        self.result.clear()
        self._show_fields(profile.kind)
        self._show_key_state()

    def _show_fields(self, kind: ProfileKind) -> None:
        own = kind is ProfileKind.BUILT_IN
        openai = kind is ProfileKind.OPENAI
        for field, visible in (
            (self.address, not own),
            (self.key.parentWidget(), not own),
            (self.key_note, True),
            (self.placement, not own),
            (self.model.parentWidget(), openai),
            (self.usage, openai),
            (self.format, not openai),
            (self.tools_url, not own),
            (self.toolcall_url, not own),
        ):
            if field is not None:
                self._form.setRowVisible(field, visible)

    def _show_key_state(self) -> None:
        profile = self._profile
        self.key_note.setText("Looking for the key…")

        def done(sentence: str) -> None:
            if self._profile is profile:
                self.key_note.setText(sentence)

        if profile is not None:
            self._desk.key_state(profile, while_alive(self, done))

    def profile(self) -> Profile:
        """As the fields say."""
        assert self._profile is not None
        starts_with = {name: value for name, value in self._profile.starts_with.items() if name != "format"}
        if self._profile.kind is not ProfileKind.OPENAI and self.format.currentData():
            starts_with["format"] = self.format.currentData()
        return replace(
            self._profile,
            name=self.name.text().strip() or self._profile.kind.label,
            base_url=self.address.text().strip(),
            key_placement=KeyPlacement(self.placement.currentData()),  # Qt gives a plain str back
            model=self.model.currentText().strip(),
            stream=self.stream.isChecked(),
            include_usage=self.usage.isChecked(),
            tools_url=self.tools_url.text().strip(),
            toolcall_url=self.toolcall_url.text().strip(),
            timeouts=Timeouts(self.connect_limit.value(), self.first_limit.value(), self.between_limit.value()),
            starts_with=starts_with,
        )

    def entered_key(self) -> Secret | None:
        text = self.key.text().strip()
        return Secret(text) if text else None

    def fault(self) -> str | None:
        """What keeps the profile from being used, as a sentence."""
        profile = self.profile()
        return None if profile.kind is ProfileKind.BUILT_IN else address_fault(profile.base_url)

    def say(self, sentence: str, kind: str = "muted") -> None:
        self.result.setText(sentence)
        self.result.setProperty("kind", kind)
        self.result.style().unpolish(self.result)
        self.result.style().polish(self.result)

    def _on_test(self) -> None:
        if fault := self.fault():
            self.say(fault, "error")
            return
        tested = self._profile
        self.say("Asking the endpoint…")
        self.test.setEnabled(False)

        def done(ok: bool, sentence: str) -> None:
            self.test.setEnabled(True)
            if self._profile is tested:
                self.say(sentence, "success" if ok else "error")

        self._desk.test(self.profile(), self.entered_key(), while_alive(self, done))

    def _on_list(self) -> None:
        if fault := self.fault():
            self.say(fault, "error")
            return
        self.say("Asking for the models…")

        def done(names: tuple[str, ...]) -> None:
            current = self.model.currentText()
            self.model.clear()
            self.model.addItems(list(names))
            self.model.setEditText(current or (names[0] if names else ""))
            self.say(f"The server has {len(names)} model{'' if len(names) == 1 else 's'}.", "success")

        failed = while_alive(self, lambda sentence: self.say(sentence, "error"))
        self._desk.models(self.profile(), self.entered_key(), while_alive(self, done), failed)

    def _on_forget(self) -> None:
        assert self._profile is not None
        self.key.clear()
        self._desk.keep_key(self._profile.id, Secret(""), while_alive(self, self._forgotten))

    def _forgotten(self, sentence: str) -> None:
        self._show_key_state()
        if sentence:
            self.say(sentence, "error")


class ProfilesDialog(QDialog):
    """Changes take effect with Save; Close leaves the rest as it was."""

    def __init__(self, book: ProfileBook, desk: EndpointDesk, shown_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Profiles")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._book = book
        self._desk = desk
        self._list = QListWidget()
        self._list.setAccessibleName("Profiles")
        self._list.setFixedWidth(190)
        self._form = ProfileForm(desk)
        self._unsaved: Profile | None = None
        self._add = QPushButton("Add…")
        menu = QMenu(self._add)
        menu.addAction("OpenAI-compatible server", lambda: self._on_add(ProfileKind.OPENAI))
        menu.addAction("PixLab CODER", lambda: self._on_add(ProfileKind.PIXLAB))
        self._add.setMenu(menu)
        self._delete = QPushButton("Delete")
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._save = self._buttons.addButton("Save", QDialogButtonBox.ButtonRole.ApplyRole)
        self._save.setProperty("kind", "primary")
        self._save.setDefault(True)
        self._build()
        self._list.currentItemChanged.connect(self._on_picked)
        self._delete.clicked.connect(self._on_delete)
        self._save.clicked.connect(self._on_save)
        self._buttons.rejected.connect(self.reject)
        self._fill(shown_id)

    def _build(self) -> None:
        left = QVBoxLayout()
        left.addWidget(self._list, 1)
        left.addWidget(_side_by_side(self._add, self._delete))
        area = QScrollArea()
        area.setWidget(self._form)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        row = QHBoxLayout()
        row.addLayout(left)
        row.addWidget(area, 1)
        rows = QVBoxLayout(self)
        rows.addLayout(row, 1)
        rows.addWidget(self._buttons)
        self.resize(metrics.DIALOG_WIDTH + 220, 600)

    def focus_key(self) -> None:
        self._form.key.setFocus()

    def _fill(self, shown_id: str) -> None:
        self._list.blockSignals(True)
        self._list.clear()
        profiles = [*self._book.profiles, *([self._unsaved] if self._unsaved else [])]
        for profile in profiles:
            item = QListWidgetItem(profile.name)
            item.setData(Qt.ItemDataRole.UserRole, profile)
            self._list.addItem(item)
            if profile.id == shown_id:
                self._list.setCurrentItem(item)
        if self._list.currentRow() < 0:
            self._list.setCurrentRow(0)
        self._list.blockSignals(False)
        self._on_picked()

    def _picked(self) -> Profile:
        found: Profile = self._list.currentItem().data(Qt.ItemDataRole.UserRole)
        return found

    def _on_picked(self) -> None:
        if self._list.currentItem() is not None:
            profile = self._picked()
            self._form.show_profile(profile)
            self._delete.setEnabled(profile.kind is not ProfileKind.BUILT_IN)

    def _on_add(self, kind: ProfileKind) -> None:
        name = f"profile-{secrets.token_hex(4)}"
        if kind is ProfileKind.PIXLAB:
            self._unsaved = replace(pixlab_profile(), id=name, name="PixLab CODER (another)")
        else:
            self._unsaved = Profile(name, "OpenAI-compatible", kind, base_url=OPENAI_URL)
        self._fill(name)
        self._form.name.setFocus()
        self._form.name.selectAll()

    def _on_delete(self) -> None:
        profile = self._picked()
        if self._unsaved is not None and profile.id == self._unsaved.id:
            self._unsaved = None
        else:
            self._book.remove(profile.id)
            self._desk.keep_key(profile.id, Secret(""), lambda _: None)
        self._fill("")

    def _on_save(self) -> None:
        if fault := self._form.fault():
            self._form.say(fault, "error")
            self._form.address.setFocus()
            return
        profile, key = self._form.profile(), self._form.entered_key()
        if self._unsaved is not None and profile.id == self._unsaved.id:
            self._unsaved = None
        self._book.put(profile)
        self._fill(profile.id)
        if key is None:
            self._form.say("Saved.", "success")
            return
        self._form.say("Saved. Storing the key…")

        def done(sentence: str) -> None:
            self._form._show_key_state()
            self._form.say(
                f"Saved. {sentence}" if sentence else "Saved; the key is in the keyring.",
                "error" if sentence else "success",
            )

        self._desk.keep_key(profile.id, key, while_alive(self, done))


def _note() -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("kind", "muted")
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _seconds() -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(1, 3600)
    box.setDecimals(0)
    box.setSuffix(" s")
    return box


def _at_left(widget: QWidget) -> QWidget:
    line = QWidget()
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(widget)
    row.addStretch(1)
    return line


def _side_by_side(first: QWidget, second: QWidget) -> QWidget:
    pair = QWidget()
    row = QHBoxLayout(pair)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(first, 1)
    row.addWidget(second)
    return pair
