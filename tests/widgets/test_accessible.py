"""The painted view through the eyes of assistive technology."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QAccessible, QAccessibleActionInterface, QAccessibleInterface
from PySide6.QtWidgets import QAbstractScrollArea, QPushButton
from pytestqt.qtbot import QtBot

from coderapp.widgets.conversation import accessible, accessible_nodes

LINE = 20
"""Height of a block; a message has no margins."""

Name = QAccessible.Text.Name
Value = QAccessible.Text.Value


@dataclass
class Block:
    kind: str
    text: str


@dataclass
class Message:
    name: str
    blocks: list[Block]


class Pages(QAbstractScrollArea):
    """Messages of blocks of one height each, below each other."""

    def __init__(self, messages: list[Message]) -> None:
        super().__init__()
        self.setAccessibleName("Conversation")  # makes Qt's own interface while somebody listens
        self.messages = messages
        self.asked = 0
        self.shown: list[tuple[int, int]] = []
        self.top = 0
        accessible.expose(self)

    def message_count(self) -> int:
        return len(self.messages)

    def message_name(self, row: int) -> str:
        self.asked += 1
        return self.messages[row].name

    def message_text(self, row: int) -> str:
        return "\n\n".join(block.text for block in self.messages[row].blocks)

    def block_count(self, row: int) -> int:
        return len(self.messages[row].blocks)

    def block_text(self, row: int, block: int) -> str:
        return self.messages[row].blocks[block].text

    def block_kind(self, row: int, block: int) -> str:
        return self.messages[row].blocks[block].kind

    def message_rect(self, row: int) -> QRect:
        self.asked += 1
        return QRect(0, row * 3 * LINE - self.top, 200, self.block_count(row) * LINE)

    def block_rect(self, row: int, block: int) -> QRect:
        return QRect(10, self.message_rect(row).top() + block * LINE, 180, LINE)

    def show_block(self, row: int, block: int) -> None:
        self.shown.append((row, block))
        self.top = row * 3 * LINE + block * LINE


def talk(count: int) -> list[Message]:
    return [
        Message(
            ("You", "CODER")[row % 2],
            [Block("text", f"Text {row}"), Block("code", f"a = {row}\nb"), Block("heading", f"Part {row}")],
        )
        for row in range(count)
    ]


@pytest.fixture
def active(qtbot: QtBot) -> Iterator[None]:
    QAccessible.setActive(True)
    yield
    QAccessible.setActive(False)


def shown(qtbot: QtBot, messages: list[Message]) -> Pages:
    pages = Pages(messages)
    qtbot.addWidget(pages)
    pages.resize(300, 200)
    with qtbot.waitExposed(pages):
        pages.show()
    return pages


def root_of(pages: Pages) -> QAccessibleInterface:
    root = QAccessible.queryAccessibleInterface(pages)
    assert root is not None
    return root


def middle_of(pages: Pages, rect: QRect) -> tuple[int, int]:
    point = pages.viewport().mapToGlobal(rect.center())
    return point.x(), point.y()


@pytest.mark.usefixtures("active")
def test_each_message_and_block_is_reached_with_its_text(qtbot: QtBot) -> None:
    pages = shown(qtbot, talk(4))
    root = root_of(pages)
    assert (root.role(), root.text(Name), root.childCount()) == (QAccessible.Role.List, "Conversation", 4)
    for row, message in enumerate(pages.messages):
        node = root.child(row)
        assert (node.role(), node.text(Name)) == (QAccessible.Role.ListItem, message.name)
        assert node.text(Value) == pages.message_text(row)
        assert root.indexOfChild(node) == row
        assert node.parent() is root
        gc.collect()
        for number, block in enumerate(message.blocks):
            leaf = node.child(number)
            assert leaf.text(Name) == leaf.text(Value) == block.text
            assert node.indexOfChild(leaf) == number
            assert leaf.parent() is node
            assert leaf.childCount() == 0
    assert root.child(4) is None
    assert root.child(-1) is None
    assert root.child(0).child(3) is None


@pytest.mark.usefixtures("active")
@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("text", QAccessible.Role.Paragraph),
        ("heading", QAccessible.Role.Heading),
        ("code", QAccessible.Role.StaticText),
        ("table", QAccessible.Role.Table),
        ("rule", QAccessible.Role.Separator),
        ("formula", QAccessible.Role.Equation),
    ],
)
def test_a_block_has_the_role_of_its_kind(qtbot: QtBot, kind: str, role: QAccessible.Role) -> None:
    pages = shown(qtbot, [Message("You", [Block(kind, "x")])])
    assert root_of(pages).child(0).child(0).role() == role


@pytest.mark.usefixtures("active")
def test_a_growing_answer_is_read_as_it_is_now(qtbot: QtBot) -> None:
    pages = shown(qtbot, talk(2))
    node = root_of(pages).child(1)
    leaf = node.child(0)
    pages.messages[1].blocks[0].text += " and more"
    pages.messages[1].blocks.append(Block("text", "The end"))
    assert leaf.text(Name) == "Text 1 and more"
    assert node.childCount() == 4
    assert node.child(3).text(Name) == "The end"


@pytest.mark.usefixtures("active")
def test_a_point_on_screen_leads_to_the_block_there(qtbot: QtBot) -> None:
    pages = shown(qtbot, talk(1_000))
    pages.top = 500 * 3 * LINE
    root = root_of(pages)
    pages.asked = 0
    node = root.childAt(*middle_of(pages, pages.block_rect(501, 1)))
    assert pages.asked < 40  # not all thousand
    assert root.indexOfChild(node) == 501
    leaf = node.childAt(*middle_of(pages, pages.block_rect(501, 1)))
    assert leaf.text(Name) == "a = 501\nb"
    assert leaf.rect().topLeft() == pages.viewport().mapToGlobal(QPoint(10, 4 * LINE))
    beside = pages.viewport().mapToGlobal(QPoint(250, 10))
    assert root.childAt(beside.x(), beside.y()) is None
    above = pages.viewport().mapToGlobal(QPoint(20, -10))
    assert root.childAt(above.x(), above.y()) is None


@pytest.mark.usefixtures("active")
def test_what_is_off_screen_says_so_and_can_be_shown(qtbot: QtBot) -> None:
    pages = shown(qtbot, talk(100))
    root = root_of(pages)
    leaf = root.child(50).child(2)
    assert leaf.state().offscreen
    assert not root.child(0).state().offscreen
    action = leaf.actionInterface()
    assert action.actionNames() == [QAccessibleActionInterface.setFocusAction()]
    action.doAction(QAccessibleActionInterface.setFocusAction())
    assert pages.shown == [(50, 2)]
    assert not leaf.state().offscreen
    assert leaf.textInterface() is None  # no such interface, and asking for it does no harm
    assert leaf.valueInterface() is None


@pytest.mark.usefixtures("active")
def test_widgets_over_the_text_stay_reachable(qtbot: QtBot) -> None:
    pages = Pages(talk(3))
    button = QPushButton("New text below", pages.viewport())
    button.setGeometry(120, 5, 120, 30)
    qtbot.addWidget(pages)
    pages.resize(300, 200)
    with qtbot.waitExposed(pages):
        pages.show()
    root = root_of(pages)
    assert root.childCount() == 4
    assert root.child(3).text(Name) == "New text below"
    assert root.indexOfChild(root.child(3)) == 3
    assert root.childAt(*middle_of(pages, button.geometry())).text(Name) == "New text below"
    button.hide()
    assert root.childCount() == 3


@pytest.mark.usefixtures("active")
def test_a_place_that_is_gone_is_invalid_and_empty(qtbot: QtBot) -> None:
    pages = shown(qtbot, talk(3))
    node = root_of(pages).child(2)
    leaf = node.child(1)
    del pages.messages[2:]
    assert not node.isValid()
    assert not leaf.isValid()
    assert (node.text(Name), node.childCount(), node.rect()) == ("", 0, QRect())
    assert leaf.parent() is None
    assert (leaf.text(Name), leaf.rect()) == ("", QRect())
    assert node.state().invalid
    leaf.actionInterface().doAction(QAccessibleActionInterface.setFocusAction())
    assert pages.shown == []


def test_nothing_is_made_while_nobody_listens(qtbot: QtBot) -> None:
    pages = shown(qtbot, talk(3))
    assert not QAccessible.isActive()
    pages.asked = 0
    accessible.announce(pages, "Finished")
    accessible.message_added(pages, 2)
    accessible.messages_replaced(pages)
    pages.repaint()
    assert pages.asked == 0


@pytest.mark.usefixtures("active")
def test_events_of_new_and_other_messages_and_of_a_finished_answer_go_out(qtbot: QtBot) -> None:
    pages = shown(qtbot, talk(3))
    pages.messages.append(Message("CODER", [Block("text", "New")]))
    accessible.message_added(pages, 3)
    accessible.announce(pages, "CODER has answered")
    accessible.messages_replaced(pages)
    assert root_of(pages).child(3).child(0).text(Name) == "New"


@pytest.mark.usefixtures("active")
def test_ten_thousand_messages_are_walked_in_bounded_room(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accessible_nodes, "KEPT", 200)
    pages = shown(qtbot, talk(10_000))
    root = root_of(pages)
    root.child(9_999)
    assert pages.asked < 100  # not all ten thousand
    identities = []
    for row in range(0, 10_000, 20):
        node = root.child(row)
        assert node.text(Name) == "You"
        assert node.child(1).text(Name) == f"a = {row}\nb"
        identities.append(QAccessible.uniqueId(node))
        if row % 1_000 == 0:
            qtbot.wait(1)  # what was not used for long is let go between two queries
            gc.collect()
    qtbot.wait(1)
    alive = [identity for identity in identities if QAccessible.accessibleInterface(identity) is not None]
    assert 0 < len(alive) <= 200
    assert root.child(0).child(1).text(Name) == "a = 0\nb"  # made anew


@pytest.mark.usefixtures("active")
def test_deleting_the_view_deletes_what_was_made_for_it(qtbot: QtBot) -> None:
    pages = Pages(talk(50))
    pages.show()
    root = root_of(pages)
    node = root.child(7)
    leaf = node.child(1)
    identity = QAccessible.uniqueId(leaf)
    shiboken6.delete(pages)
    gc.collect()
    assert not any(shiboken6.isValid(each) for each in (root, node, leaf))
    assert QAccessible.accessibleInterface(identity) is None


@pytest.mark.usefixtures("active")
def test_a_view_that_nobody_keeps_is_freed(qtbot: QtBot) -> None:
    pages = Pages(talk(5))
    leaf = root_of(pages).child(1).child(1)
    del pages
    gc.collect()
    assert not shiboken6.isValid(leaf)


@pytest.mark.parametrize(
    ("first_query", "end"),
    [
        ("before", ""),
        ("before", "shiboken6.delete(application)"),
        ("after", "sys.exit(0)"),
        ("after", "del pages; gc.collect()"),
    ],
)
def test_the_program_ends_well_with_interfaces_alive(first_query: str, end: str) -> None:
    """Qt's table of interfaces and the binding's list of them are taken down in the order of their making."""
    program = f"""
import gc, sys, shiboken6
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QLabel
from tests.widgets.test_accessible import Pages, talk
application = QApplication([])
QAccessible.setActive(True)
label = QLabel("x")
if {first_query == "before"}:
    assert QAccessible.queryAccessibleInterface(label)
pages = Pages(talk(20))
pages.show()
root = QAccessible.queryAccessibleInterface(pages)
leaf = root.child(3).child(1)
assert leaf.actionInterface().actionNames()
del root
{end}
"""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
