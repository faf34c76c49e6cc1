"""Dialogs, on real books, a client that plays a script, and keys in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TypeVar

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from coderapp.api.scripted import ScriptedClient
from coderapp.core.errors import EndpointError, KeyringError, Unreachable
from coderapp.core.message import JsonValue
from coderapp.core.profile import KeyPlacement, Profile, ProfileKind, built_in_profile, pixlab_profile
from coderapp.core.secret import Secret
from coderapp.core.settings import SETTINGS
from coderapp.qt.books import ProfileBook, SettingsBook
from coderapp.qt.connector import Connector
from coderapp.qt.endpoint_desk import EndpointDesk
from coderapp.qt.endpoint_process import EndpointProcess
from coderapp.qt.keyring_worker import KeyringWorker
from coderapp.qt.stream_worker import StreamWorker
from coderapp.storage.keys import MemoryKeyStore
from coderapp.widgets.dialogs.profiles import ProfilesDialog
from coderapp.widgets.dialogs.settings import SettingsDialog
from coderapp.widgets.dialogs.simple import LinkDialog, TextDialog, ToolsDialog, open_address
from tests.helpers.desktop import clipboard
from tests.helpers.talker import TOOLS

LEFT = Qt.MouseButton.LeftButton
KEY = "sk-Geheim-123"
MINE = Profile("mine", "Mine", ProfileKind.OPENAI, base_url="http://127.0.0.1/v1", model="m-1")

W = TypeVar("W", bound=QWidget)


class Keys(MemoryKeyStore):
    """`fault` is raised where set; calls wait for `free`."""

    def __init__(self) -> None:
        super().__init__()
        self.fault: KeyringError | None = None
        self.free = threading.Event()
        self.free.set()

    def _begin(self) -> None:
        self.free.wait(20)
        if self.fault is not None:
            raise self.fault

    def get(self, profile_id: str) -> Secret | None:
        self._begin()
        return super().get(profile_id)

    def set(self, profile_id: str, key: Secret) -> None:
        self._begin()
        super().set(profile_id, key)

    def delete(self, profile_id: str) -> None:
        self._begin()
        super().delete(profile_id)

    def stored(self, profile_id: str) -> Secret | None:
        return MemoryKeyStore.get(self, profile_id)


class Office:
    """The book of profiles and the desk, and the dialog on them."""

    def __init__(self, bot: QtBot, failure: EndpointError | None = None) -> None:
        self.bot = bot
        self.book = ProfileBook([built_in_profile(), pixlab_profile(), MINE], "mine")
        self.store = Keys()
        self.client = ScriptedClient(models=("m-1", "m-2"), failure=failure)
        self.streams = StreamWorker(lambda: self.client)
        self.keys = KeyringWorker(self.store, lambda _: None)
        self.endpoint = EndpointProcess(0)
        self.desk = EndpointDesk(Connector(self.endpoint, self.keys), self.keys, self.streams)
        self.dialog: ProfilesDialog | None = None

    def open(self, shown: str = "mine") -> ProfilesDialog:
        self.dialog = ProfilesDialog(self.book, self.desk, shown)
        with self.bot.waitExposed(self.dialog):
            self.dialog.open()
        return self.dialog

    def end(self) -> None:
        self.store.free.set()
        if self.dialog is not None:
            close(self.dialog)
        self.keys.stop()
        self.streams.stop()
        self.endpoint.stop()
        for thread in threading.enumerate():
            if thread.name == "keyring":
                thread.join(5)


def close(dialog: QDialog) -> None:
    """Closes and deletes it, as Qt does with a dialog that is to be deleted on close."""
    try:
        dialog.reject()
    except RuntimeError:
        return  # gone already
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def office(qtbot: QtBot) -> Iterator[Office]:
    made = Office(qtbot)
    yield made
    made.end()


def named(parent: QWidget, kind: type[W], name: str) -> W:
    found = [widget for widget in parent.findChildren(kind) if name in (widget.accessibleName(), _text(widget))]
    assert len(found) == 1, f"{len(found)} controls are called {name}"
    return found[0]


def _text(widget: QWidget) -> str:
    return widget.text() if isinstance(widget, QPushButton | QCheckBox) else ""


def press(parent: QWidget, name: str) -> None:
    QTest.mouseClick(named(parent, QPushButton, name), LEFT)


def fill(parent: QWidget, name: str, text: str) -> None:
    line = named(parent, QLineEdit, name)
    line.selectAll()
    QTest.keyClicks(line, text)


def said(parent: QWidget) -> str:
    """Every sentence that is on the dialog."""
    return "\n".join(label.text() for label in parent.findChildren(QLabel) if label.isVisible())


def pick(dialog: ProfilesDialog, name: str) -> None:
    profiles = named(dialog, QListWidget, "Profiles")
    profiles.setCurrentItem(profiles.findItems(name, Qt.MatchFlag.MatchExactly)[0])


def listed(dialog: ProfilesDialog) -> list[str]:
    profiles = named(dialog, QListWidget, "Profiles")
    return [profiles.item(row).text() for row in range(profiles.count())]


# profiles


def test_the_fields_show_the_profile(office: Office) -> None:
    dialog = office.open()
    assert listed(dialog) == ["Built-in", "PixLab CODER", "Mine"]
    assert named(dialog, QLineEdit, "Name").text() == "Mine"
    assert named(dialog, QLineEdit, "Address").text() == "http://127.0.0.1/v1"
    assert named(dialog, QComboBox, "Model").currentText() == "m-1"
    office.bot.waitUntil(lambda: "No key is stored." in said(dialog))
    pick(dialog, "Built-in")
    assert not named(dialog, QLineEdit, "Address").isVisible()
    assert not named(dialog, QPushButton, "Delete").isEnabled()
    assert "makes a key of its own" in said(dialog)
    pick(dialog, "PixLab CODER")
    assert not named(dialog, QComboBox, "Model").isVisible()


def test_saving_changes_and_stores_the_key(office: Office) -> None:
    dialog = office.open()
    fill(dialog, "Name", "Renamed")
    fill(dialog, "Address", "http://127.0.0.1:8000/v1")
    fill(dialog, "Key", KEY)
    press(dialog, "Save")
    saved = office.book.get("mine")
    assert (saved.name, saved.base_url, saved.model) == ("Renamed", "http://127.0.0.1:8000/v1", "m-1")
    assert KEY not in repr(saved)
    office.bot.waitUntil(lambda: office.store.stored("mine") == Secret(KEY))
    office.bot.waitUntil(lambda: "the key is in the keyring" in said(dialog))
    assert named(dialog, QLineEdit, "Key").text() == ""
    assert "Renamed" in listed(dialog)


def test_the_key_is_not_shown_while_it_is_typed(office: Office) -> None:
    assert named(office.open(), QLineEdit, "Key").echoMode() is QLineEdit.EchoMode.Password


def test_closing_without_saving_changes_nothing(office: Office) -> None:
    dialog = office.open()
    fill(dialog, "Name", "Renamed")
    fill(dialog, "Key", KEY)
    close(dialog)
    assert office.book.get("mine") == MINE
    assert office.store.stored("mine") is None


def test_a_bad_address_is_not_saved(office: Office) -> None:
    dialog = office.open()
    fill(dialog, "Address", "example.org/v1")
    press(dialog, "Save")
    assert "must begin with http" in said(dialog)
    assert office.book.get("mine") == MINE
    press(dialog, "Test")
    assert "must begin with http" in said(dialog)


@pytest.mark.parametrize("kind", [ProfileKind.OPENAI, ProfileKind.PIXLAB])
def test_adding(office: Office, kind: ProfileKind) -> None:
    dialog = office.open()
    menu = named(dialog, QPushButton, "Add…").menu()
    assert isinstance(menu, QMenu)
    words = "OpenAI-compatible" if kind is ProfileKind.OPENAI else "PixLab"
    next(action for action in menu.actions() if words in action.text()).trigger()
    fill(dialog, "Name", "Another")
    fill(dialog, "Address", "http://127.0.0.1:1/x")
    assert len(office.book.profiles) == 3, "not before it is saved"
    press(dialog, "Save")
    added = office.book.profiles[-1]
    assert (added.name, added.kind, added.base_url) == ("Another", kind, "http://127.0.0.1:1/x")
    assert len({profile.id for profile in office.book.profiles}) == 4


def test_one_that_was_added_and_not_saved_is_gone_on_close(office: Office) -> None:
    dialog = office.open()
    menu = named(dialog, QPushButton, "Add…").menu()
    assert isinstance(menu, QMenu)
    menu.actions()[0].trigger()
    press(dialog, "Delete")
    assert len(listed(dialog)) == 3
    menu.actions()[0].trigger()
    close(dialog)
    assert len(office.book.profiles) == 3


def test_deleting_takes_the_key_along(office: Office) -> None:
    MemoryKeyStore.set(office.store, "mine", Secret(KEY))
    dialog = office.open()
    press(dialog, "Delete")
    assert listed(dialog) == ["Built-in", "PixLab CODER"]
    assert office.book.default.id == "built-in"
    office.bot.waitUntil(lambda: office.store.stored("mine") is None)


def test_the_stored_key_is_told_and_can_be_forgotten(office: Office) -> None:
    MemoryKeyStore.set(office.store, "mine", Secret(KEY))
    dialog = office.open()
    office.bot.waitUntil(lambda: "A key is stored in the keyring." in said(dialog))
    assert KEY not in said(dialog)
    press(dialog, "Forget key")
    office.bot.waitUntil(lambda: "No key is stored." in said(dialog))
    assert office.store.stored("mine") is None


def test_a_keyring_that_refuses_is_told(office: Office) -> None:
    office.store.fault = KeyringError("The keyring is locked.")
    dialog = office.open()
    fill(dialog, "Key", KEY)
    press(dialog, "Save")
    office.bot.waitUntil(lambda: "kept in memory until you close the program" in said(dialog))
    assert "locked" in said(dialog)
    office.bot.waitUntil(lambda: "A key is held in memory" in said(dialog))
    assert office.keys.is_session_only("mine")


def test_an_unlocked_keyring_is_asked_again(office: Office) -> None:
    MemoryKeyStore.set(office.store, "mine", Secret(KEY))
    office.store.fault = KeyringError("The keyring is locked.")
    dialog = office.open()
    office.bot.waitUntil(lambda: "No key is stored." in said(dialog))
    office.store.fault = None
    pick(dialog, "PixLab CODER")
    pick(dialog, "Mine")
    office.bot.waitUntil(lambda: "A key is stored in the keyring." in said(dialog))


def test_testing_says_what_was_found(office: Office) -> None:
    dialog = office.open()
    press(dialog, "Test")
    assert "Asking the endpoint" in said(dialog)
    office.bot.waitUntil(lambda: "The script answers." in said(dialog))
    assert named(dialog, QPushButton, "Test").isEnabled()


def test_testing_says_what_is_wrong(qtbot: QtBot) -> None:
    office = Office(qtbot, failure=Unreachable("Nobody <b>listens</b> there."))
    try:
        dialog = office.open()
        press(dialog, "Test")
        qtbot.waitUntil(lambda: "Nobody <b>listens</b> there." in said(dialog))
        press(dialog, "List")
        qtbot.waitUntil(lambda: named(dialog, QPushButton, "Test").isEnabled())
    finally:
        office.end()


def test_models_are_listed(office: Office) -> None:
    dialog = office.open()
    press(dialog, "List")
    box = named(dialog, QComboBox, "Model")
    office.bot.waitUntil(lambda: [box.itemText(n) for n in range(box.count())] == ["m-1", "m-2"])
    assert "2 models" in said(dialog)
    box.setCurrentIndex(1)
    press(dialog, "Save")
    assert office.book.get("mine").model == "m-2"


def test_everything_that_was_saved_is_shown_again(office: Office) -> None:
    dialog = office.open("pixlab")
    placement = next(
        box for box in dialog.findChildren(QComboBox) if box.findData(KeyPlacement.QUERY) >= 0 and box.isVisible()
    )
    placement.setCurrentIndex(placement.findData(KeyPlacement.QUERY))
    style = next(box for box in dialog.findChildren(QComboBox) if box.findData("markdown") >= 0 and box.isVisible())
    style.setCurrentIndex(style.findData("markdown"))
    press(dialog, "Save")
    saved = office.book.get("pixlab")
    assert saved.key_placement is KeyPlacement.QUERY
    assert saved.starts_with == {"format": "markdown"}
    close(dialog)
    office.open("pixlab")
    press(office.dialog or dialog, "Save")
    assert office.book.get("pixlab") == saved


def test_an_answer_after_the_dialog_was_closed_harms_nobody(office: Office) -> None:
    office.store.free.clear()
    dialog = office.open()
    press(dialog, "Test")
    close(dialog)
    office.store.free.set()
    office.bot.waitUntil(lambda: not [t for t in threading.enumerate() if t.name == "keyring"])
    office.bot.wait(30)


# settings


def test_every_setting_has_an_editor_that_works(qtbot: QtBot) -> None:
    book = SettingsBook({})
    dialog = SettingsDialog(book)
    with qtbot.waitExposed(dialog):
        dialog.open()
    for row in SETTINGS:
        editor = next(widget for widget in dialog.findChildren(QWidget) if widget.accessibleName() == row.label)
        before = book[row.name]
        if isinstance(editor, QCheckBox):
            QTest.keyClick(editor, Qt.Key.Key_Space)
        elif isinstance(editor, QSpinBox):
            QTest.keyClick(editor, Qt.Key.Key_Down)
            assert book[row.name] == int(before) - 1
        else:
            assert isinstance(editor, QComboBox)
            QTest.keyClick(editor, Qt.Key.Key_Down)
        assert book[row.name] != before, row.name
    close(dialog)


# tools


class Asking:
    """A fetch that answers when the test says so."""

    def __init__(self, qtbot: QtBot, current: list[JsonValue]) -> None:
        self.chosen: list[JsonValue] = []
        self.done: object = None
        self.failed: object = None
        self.dialog = ToolsDialog(current, self._fetch)
        self.dialog.chosen.connect(self.chosen.append)
        with qtbot.waitExposed(self.dialog):
            self.dialog.open()

    def _fetch(self, done: object, failed: object) -> None:
        self.done, self.failed = done, failed

    def answer(self, tools: list[JsonValue]) -> None:
        assert callable(self.done)
        self.done(tools)

    def fail(self, sentence: str) -> None:
        assert callable(self.failed)
        self.failed(sentence)

    @property
    def json(self) -> QPlainTextEdit:
        return named(self.dialog, QPlainTextEdit, "Tools as JSON")

    @property
    def offered(self) -> QListWidget:
        return named(self.dialog, QListWidget, "The endpoint's tools")

    def ok(self) -> None:
        buttons = self.dialog.findChild(QDialogButtonBox)
        assert isinstance(buttons, QDialogButtonBox)
        QTest.mouseClick(buttons.button(QDialogButtonBox.StandardButton.Ok), LEFT)


SHOUT: JsonValue = TOOLS[0]
WHISPER: JsonValue = TOOLS[1]


def test_tools_are_ticked(qtbot: QtBot) -> None:
    asking = Asking(qtbot, [SHOUT])
    asking.answer([SHOUT, WHISPER])
    states = [asking.offered.item(row).checkState() for row in range(2)]
    assert states == [Qt.CheckState.Checked, Qt.CheckState.Unchecked]
    asking.offered.item(1).setCheckState(Qt.CheckState.Checked)
    asking.offered.item(0).setCheckState(Qt.CheckState.Unchecked)
    asking.ok()
    assert asking.chosen == [[WHISPER]]
    close(asking.dialog)


def test_tools_are_written_by_hand(qtbot: QtBot) -> None:
    asking = Asking(qtbot, [])
    asking.fail("The endpoint has no list of tools.")
    assert "no list of tools" in said(asking.dialog)
    for text, words in (("{", "can't be read"), ('{"a": 1}', "list"), ('[{"type": "x"}]', "entry 1")):
        asking.json.setPlainText(text)
        asking.ok()
        assert words in said(asking.dialog)
        assert asking.chosen == []
    asking.json.setPlainText('[{"type": "function", "function": {"name": "own"}}]')
    asking.ok()
    assert asking.chosen == [[{"type": "function", "function": {"name": "own"}}]]
    close(asking.dialog)


def test_no_tools_means_unset(qtbot: QtBot) -> None:
    asking = Asking(qtbot, [SHOUT])
    asking.json.setPlainText("")
    asking.ok()
    assert asking.chosen == [None]
    close(asking.dialog)


def test_a_tick_does_not_lose_what_was_written_by_hand(qtbot: QtBot) -> None:
    asking = Asking(qtbot, [])
    asking.answer([SHOUT])
    asking.json.setPlainText("[not json")
    asking.offered.item(0).setCheckState(Qt.CheckState.Checked)
    assert asking.json.toPlainText() == "[not json"
    assert "can't be read" in said(asking.dialog)
    close(asking.dialog)


def test_tools_that_come_after_the_dialog_was_closed_harm_nobody(qtbot: QtBot) -> None:
    asking = Asking(qtbot, [])
    close(asking.dialog)
    asking.answer([SHOUT])
    asking.fail("Too late.")


# links and texts


def test_a_link_shows_its_address_and_opens_only_on_demand(qtbot: QtBot) -> None:
    address = "https://example.org/<b>x</b>?a=1&b=2"
    dialog = LinkDialog(address)
    with qtbot.waitExposed(dialog):
        dialog.open()
    assert address in said(dialog)
    focused = dialog.focusWidget()
    assert isinstance(focused, QPushButton)
    assert "Cancel" in focused.text().replace("&", "")
    press(dialog, "Copy address")
    assert clipboard() == address
    asked: list[bool] = []
    dialog.ask_no_more.connect(lambda: asked.append(True))
    close(dialog)
    assert asked == []


class Desktop(QObject):
    """Takes addresses of one scheme instead of the desktop's programs."""

    def __init__(self, scheme: str) -> None:
        super().__init__()
        self._scheme = scheme
        self.opened: list[str] = []

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.opened.append(url.toString())

    def __enter__(self) -> list[str]:
        QDesktopServices.setUrlHandler(self._scheme, self, "take")  # type: ignore[arg-type]  # the stub wants bytes, the binding a str
        return self.opened

    def __exit__(self, *_: object) -> None:
        QDesktopServices.unsetUrlHandler(self._scheme)


def test_the_link_dialog_can_be_told_to_ask_no_more(qtbot: QtBot) -> None:
    dialog = LinkDialog("https://example.org/a")
    with qtbot.waitExposed(dialog):
        dialog.open()
    QTest.keyClick(named(dialog, QCheckBox, "Open links without asking from now on"), Qt.Key.Key_Space)
    with Desktop("https") as opened, qtbot.waitSignal(dialog.ask_no_more, timeout=1000):
        press(dialog, "Open in the browser")
    assert opened == ["https://example.org/a"]
    close(dialog)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "ssh://h"])
def test_other_schemes_are_not_handed_to_the_desktop(qtbot: QtBot, address: str) -> None:
    with Desktop(address.partition(":")[0]) as opened:
        open_address(address)
    assert opened == []


def test_a_text_can_be_copied(qtbot: QtBot) -> None:
    dialog = TextDialog("Raw reply", '{"a": "<b>"}')
    with qtbot.waitExposed(dialog):
        dialog.open()
    press(dialog, "Copy")
    assert clipboard() == '{"a": "<b>"}'
    shown = dialog.findChild(QPlainTextEdit)
    assert isinstance(shown, QPlainTextEdit)
    assert shown.isReadOnly()
    close(dialog)
    assert not [w for w in QApplication.topLevelWidgets() if isinstance(w, TextDialog) and w.isVisible()]
