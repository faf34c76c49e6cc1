"""The rest of the window: links, files, shortcuts, menus, names for screen readers."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QPoint, QPointF, Qt, QUrl, Slot
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDialog,
    QFileDialog,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QPlainTextEdit,
    QSlider,
)

from coderapp.widgets.conversation.hot_spots import Action
from tests.helpers.desktop import Desktop, click_at, clipboard
from tests.helpers.talker import Talker, says

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def dialog_of(desk: Desktop) -> QDialog:
    found = desk.program.window.findChild(QDialog)
    assert isinstance(found, QDialog)
    return found


def click_link(desk: Desktop, address: str) -> None:
    """Clicks where the view says that the link is."""
    layout = desk.view._layout
    port = desk.view.viewport()
    for y in range(0, port.height(), 4):
        for x in range(0, port.width(), 8):
            if layout.link_at(QPointF(x, y)) == address:
                click_at(desk.view, QPoint(x, y))
                return
    raise AssertionError(f"no link to {address} is on screen")


class Browser(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.opened.append(url.toString())


def test_a_link_shows_where_it_leads_before_it_opens(desk: Desktop, server: Talker) -> None:
    server.behave(says("See [the friendly page](https://evil.example/path?x=1)."))
    desk.ask("Go")
    browser = Browser()
    QDesktopServices.setUrlHandler("https", browser, "take")  # type: ignore[arg-type]  # the binding wants a str
    try:
        click_link(desk, "https://evil.example/path?x=1")
        shown = [label.text() for label in dialog_of(desk).findChildren(QLabel)]
        assert "https://evil.example/path?x=1" in shown
        assert browser.opened == []
        dialog_of(desk).reject()
        desk.program.settings.set("confirm_links", False)
        click_link(desk, "https://evil.example/path?x=1")
        assert browser.opened == ["https://evil.example/path?x=1"]
    finally:
        QDesktopServices.unsetUrlHandler("https")


def test_code_is_saved_to_a_file(desk: Desktop, server: Talker, tmp_path: Path) -> None:
    server.behave(says("```python title=tool.py\nprint('ä')\n```"))
    desk.ask("Go")
    desk.click(Action.SAVE_CODE)
    dialog = dialog_of(desk)
    assert isinstance(dialog, QFileDialog)
    name = dialog.findChild(QLineEdit, "fileNameEdit")
    assert isinstance(name, QLineEdit)
    assert name.text().endswith("tool.py")
    name.setText(str(tmp_path / "kept.py"))
    QTest.keyClick(name, Qt.Key.Key_Return)
    desk.until(lambda: "Saved as" in desk.notice)
    assert (tmp_path / "kept.py").read_text(encoding="utf-8") == "print('ä')\n"


def test_a_file_that_can_not_be_written_is_told(desk: Desktop, tmp_path: Path) -> None:
    told: list[str] = []
    desk.program.window._parts.saver.save(
        str(tmp_path / "no" / "where.py"), "x", lambda: told.append("saved"), lambda error: told.append(error.sentence)
    )
    desk.until(lambda: bool(told))
    assert "could not be written" in told[0]


def actions(desk: Desktop) -> list[QAction]:
    menus = desk.program.window.menuBar().findChildren(QMenu)
    return [action for menu in menus for action in menu.actions()]


def test_no_shortcut_is_given_twice(desk: Desktop) -> None:
    keys = [action.shortcut().toString() for action in actions(desk) if not action.shortcut().isEmpty()]
    assert len(keys) > 10
    assert len(set(keys)) == len(keys)


def test_the_shortcuts_are_listed(desk: Desktop) -> None:
    QTest.keyClick(desk.edit, Qt.Key.Key_F1)
    shown = dialog_of(desk).findChild(QPlainTextEdit)
    assert isinstance(shown, QPlainTextEdit)
    text = shown.toPlainText()
    for keys in ("Ctrl+N", "Ctrl+B", "Ctrl+R", "Esc", "Up"):
        assert keys in text
    dialog_of(desk).reject()


def test_answering_again_and_editing_by_keyboard(desk: Desktop, server: Talker) -> None:
    server.behave(says("One.", "Two."))
    desk.ask("Go")
    QTest.keyClick(desk.edit, Qt.Key.Key_R, CONTROL)
    desk.answered()
    assert desk.last.text == "Two."
    QTest.keyClick(desk.edit, Qt.Key.Key_E, CONTROL)
    assert desk.edit.toPlainText() == "Go"
    desk.press(Qt.Key.Key_Escape)
    assert desk.edit.toPlainText() == ""


def test_the_focus_goes_between_prompt_and_conversation(desk: Desktop) -> None:
    desk.ask("Go")
    QTest.keyClick(desk.edit, Qt.Key.Key_L, CONTROL | SHIFT)
    assert desk.program.window.focusWidget() is desk.view
    QTest.keyClick(desk.view, Qt.Key.Key_L, CONTROL)
    assert desk.program.window.focusWidget() is desk.edit


def test_the_selection_is_copied_from_the_prompt_too(desk: Desktop) -> None:
    desk.ask("Go")
    desk.view.select_all()
    QTest.keyClick(desk.edit, Qt.Key.Key_C, CONTROL | SHIFT)
    assert clipboard() == "Go\n\nFine."


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_theme_is_chosen_in_the_menu(desk: Desktop, theme: str) -> None:
    action = next(a for a in desk.program.window.findChildren(QAction) if a.data() == theme)
    action.trigger()
    assert desk.program.settings["theme"] == theme
    dark = desk.program.window.palette().window().color().lightness() < 100
    assert dark is (theme == "dark")


def test_every_control_has_a_name(desk: Desktop) -> None:
    nameless = []
    for kind in (QAbstractButton, QComboBox, QLineEdit, QListView, QPlainTextEdit, QSlider):
        for widget in desk.program.window.findChildren(kind):
            inner = widget.objectName().startswith("qt_") or isinstance(widget.parent(), QComboBox)
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            if widget.isVisible() and not inner and not (widget.accessibleName() or text):
                nameless.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    assert nameless == []


def test_the_window_can_be_small(desk: Desktop) -> None:
    desk.ask("Go")
    window = desk.program.window
    window.resize(window.minimumSize())
    desk.until(lambda: window.width() <= 800)
    assert desk.edit.isVisible()
    assert desk.view.viewport().width() > 100
