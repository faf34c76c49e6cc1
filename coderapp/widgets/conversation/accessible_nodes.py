"""The nodes that assistive technology walks through: the list of messages, each message, each of its blocks.

They are made when they are asked for and the oldest are let go, so that 10,000 messages cost nothing until somebody
listens, and little then. They hold no text: every answer is looked up, so a growing answer is always read as it is now.

Lifetimes (seen with PySide6 6.11, to the program's end): an interface that Qt knows is deleted by Qt alone, through
`QAccessible.deleteAccessibleInterface` or with its widget, and Python must hold a reference until then, for a wrapper
that Python lets go takes the C++ object with it while Qt still points there.

`QAccessibleTextInterface` is left out: the binding has no `attributes`, and what that leaves unset would reach a screen
reader.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol, cast
from weakref import ref

from PySide6.QtCore import QCoreApplication, QObject, QPoint, QRect, QTimer
from PySide6.QtGui import QAccessible, QAccessibleActionInterface, QAccessibleInterface
from PySide6.QtWidgets import QAbstractScrollArea, QAccessibleWidget, QScrollBar, QWidget
from shiboken6 import VoidPtr, isValid

KEPT = 20_000
"""Nodes above which the longest unused half is let go: more than a list of 10,000 has when it is asked for all of them
at once; 15 MB.
"""

_ROLES = {
    "heading": QAccessible.Role.Heading,
    "code": QAccessible.Role.StaticText,
    "table": QAccessible.Role.Table,
    "rule": QAccessible.Role.Separator,
    "formula": QAccessible.Role.Equation,
}

_DESCRIPTIONS = {"code": "Code", "formula": "Formula"}
"""What the role does not say by itself."""


class Readable(Protocol):
    """What a view tells about its messages. Rows and blocks are counted from 0; rectangles are in the viewport's
    coordinates and may lie outside of it. Rows, and the blocks of a row, follow each other downwards.
    """

    def message_count(self) -> int: ...

    def message_name(self, row: int) -> str:
        """Who speaks: "You", or the model's name."""

    def message_text(self, row: int) -> str:
        """The whole message as plain text."""

    def block_count(self, row: int) -> int: ...

    def block_text(self, row: int, block: int) -> str: ...

    def block_kind(self, row: int, block: int) -> str:
        """ "text", "heading", "code", "table", "rule" or "formula"."""

    def message_rect(self, row: int) -> QRect: ...

    def block_rect(self, row: int, block: int) -> QRect: ...

    def show_block(self, row: int, block: int) -> None:
        """Scrolls it on screen."""


class Tree:
    """The interfaces of one view."""

    def __init__(self, view: QAbstractScrollArea) -> None:
        self._view = ref(view)  # the list of trees must not keep views that nobody else keeps
        self._root: ListNode | None = None
        self._nodes: OrderedDict[tuple[int, int], _Node] = OrderedDict()

    @property
    def alive(self) -> bool:
        view = self._view()
        return view is not None and isValid(view)

    @property
    def view(self) -> QAbstractScrollArea:
        """To be asked for while `alive`."""
        view = self._view()
        assert view is not None
        return view

    @property
    def readable(self) -> Readable:
        return cast(Readable, self.view)

    def root(self) -> ListNode:
        if self._root is None or not isValid(self._root):
            self._root = ListNode(self)
        return self._root

    def message(self, row: int) -> _Node:
        return self._node((row, -1), _Message)

    def block(self, row: int, block: int) -> _Node:
        return self._node((row, block), _Block)

    def count(self) -> int:
        return self.readable.message_count() if self.alive else 0

    def block_count(self, row: int) -> int:
        return self.readable.block_count(row) if 0 <= row < self.count() else 0

    def widgets(self) -> list[QWidget]:
        """Real widgets that stand on the view, such as a button over the text."""
        if not self.alive:
            return []
        viewport = self.view.viewport()
        children = [*viewport.children(), *self.view.children()]
        return [
            child
            for child in children
            if isinstance(child, QWidget) and child.isVisible() and child is not viewport and not _is_scroll_bar(child)
        ]

    def to_screen(self, rect: QRect) -> QRect:
        return QRect(self.view.viewport().mapToGlobal(rect.topLeft()), rect.size())

    def at(self, count: int, rect_of: Callable[[int], QRect], x: int, y: int) -> int:
        """Which of `count` rectangles below each other holds the point of the screen; -1 for none."""
        point = self.view.viewport().mapFromGlobal(QPoint(x, y))
        if not self.view.viewport().rect().contains(point):
            return -1
        low, high = 0, count
        while low < high:
            middle = (low + high) // 2
            if rect_of(middle).bottom() < point.y():
                low = middle + 1
            else:
                high = middle
        return low if low < count and rect_of(low).contains(point) else -1

    def close(self) -> None:
        """Deletes what was made, the view being gone. The root goes with the view."""
        if QCoreApplication.instance() is None:  # Qt's own tables are gone, with all that was in them
            return
        for node in self._nodes.values():
            _delete(node)
        self._nodes.clear()

    def _node(self, key: tuple[int, int], kind: Callable[[Tree, int, int], _Node]) -> _Node:
        node = self._nodes.get(key)
        if node is None or not isValid(node):
            node = self._nodes[key] = kind(self, *key)
            node.identity = QAccessible.registerAccessibleInterface(node)
            if len(self._nodes) == KEPT + 1:
                # Not now: who asks may hold another node's pointer.
                QTimer.singleShot(0, self.view, self._let_go)
        self._nodes.move_to_end(key)
        return node

    def _let_go(self) -> None:
        while len(self._nodes) > KEPT // 2:
            _delete(self._nodes.popitem(last=False)[1])


class ListNode(QAccessibleWidget):
    """The view: a list of its messages, and after them the widgets that stand on it."""

    def __init__(self, tree: Tree) -> None:
        super().__init__(tree.view, QAccessible.Role.List, "")
        self._tree = tree

    def childCount(self) -> int:
        return self._tree.count() + len(self._tree.widgets())

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        count = self._tree.count()
        if 0 <= index < count:
            return self._tree.message(index)
        widgets = self._tree.widgets()
        return (
            QAccessible.queryAccessibleInterface(widgets[index - count]) if 0 <= index - count < len(widgets) else None
        )

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        if isinstance(child, _Message):
            return child.row if child.isValid() else -1
        widgets = self._tree.widgets()
        found = child.object()
        return self._tree.count() + widgets.index(found) if found in widgets else -1

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        if not self._tree.alive:
            return None
        for widget in reversed(self._tree.widgets()):
            if widget.rect().contains(widget.mapFromGlobal(QPoint(x, y))):
                return QAccessible.queryAccessibleInterface(widget)
        row = self._tree.at(self._tree.count(), self._tree.readable.message_rect, x, y)
        return self._tree.message(row) if row >= 0 else None


class _Node(QAccessibleInterface):
    """A message or a block, by its place; whatever stands there now is what it tells of."""

    identity = 0
    """The number that Qt knows it by."""

    def __init__(self, tree: Tree, row: int, block: int) -> None:
        super().__init__()
        self.tree = tree
        self.row = row
        self.number = block
        self._action: _Show | None = None

    def place(self) -> QRect:
        """In the viewport's coordinates."""
        raise NotImplementedError

    def show(self) -> None:
        if self.isValid():
            self.tree.readable.show_block(self.row, max(0, self.number))

    def object(self) -> QObject:
        return cast(QObject, None)  # there is none, which the binding's types do not know of

    def setText(self, t: QAccessible.Text, text: str) -> None:
        """Nothing can be written here."""

    def rect(self) -> QRect:
        return self.tree.to_screen(self.place()) if self.isValid() else QRect()

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        if not self.isValid():
            state.invalid = True
            return state
        state.readOnly = True
        state.multiLine = True
        state.focusable = True
        state.offscreen = not self.place().intersects(self.tree.view.viewport().rect())
        state.invisible = not self.tree.view.isVisible()
        return state

    def interface_cast(self, t: QAccessible.InterfaceType) -> _Show | VoidPtr:  # type: ignore[override]
        # The wrapper, or a null pointer as VoidPtr: a number crashes here.
        if t != QAccessible.InterfaceType.ActionInterface:
            return VoidPtr(0)
        if self._action is None:
            self._action = _Show(self)
        return self._action


class _Message(_Node):
    def isValid(self) -> bool:
        return self.row < self.tree.count()

    def place(self) -> QRect:
        return self.tree.readable.message_rect(self.row)

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    def text(self, t: QAccessible.Text) -> str:
        if not self.isValid():
            return ""
        if t == QAccessible.Text.Name:
            return self.tree.readable.message_name(self.row)
        if t == QAccessible.Text.Value:
            return self.tree.readable.message_text(self.row)
        return ""

    def parent(self) -> QAccessibleInterface | None:  # type: ignore[override]
        return QAccessible.queryAccessibleInterface(self.tree.view) if self.tree.alive else None

    def childCount(self) -> int:
        return self.tree.block_count(self.row)

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        return self.tree.block(self.row, index) if 0 <= index < self.childCount() else None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return child.number if isinstance(child, _Block) and child.row == self.row and child.isValid() else -1

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        if not self.isValid():
            return None
        block = self.tree.at(self.childCount(), lambda number: self.tree.readable.block_rect(self.row, number), x, y)
        return self.tree.block(self.row, block) if block >= 0 else None


class _Block(_Node):
    def isValid(self) -> bool:
        return self.number < self.tree.block_count(self.row)

    def place(self) -> QRect:
        return self.tree.readable.block_rect(self.row, self.number)

    def kind(self) -> str:
        return self.tree.readable.block_kind(self.row, self.number) if self.isValid() else ""

    def role(self) -> QAccessible.Role:
        return _ROLES.get(self.kind(), QAccessible.Role.Paragraph)

    def text(self, t: QAccessible.Text) -> str:
        if not self.isValid():
            return ""
        if t in (QAccessible.Text.Name, QAccessible.Text.Value):
            return self.tree.readable.block_text(self.row, self.number)
        return _DESCRIPTIONS.get(self.kind(), "") if t == QAccessible.Text.Description else ""

    def parent(self) -> QAccessibleInterface | None:  # type: ignore[override]
        return self.tree.message(self.row) if self.row < self.tree.count() else None

    def childCount(self) -> int:
        return 0

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        return None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return -1

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        return None


class _Show(QAccessibleActionInterface):
    """Brings a message or block on screen: what "set focus" means where there is no widget to focus."""

    def __init__(self, node: _Node) -> None:
        super().__init__()
        self._node = node

    def actionNames(self) -> list[str]:
        return [QAccessibleActionInterface.setFocusAction()]

    def doAction(self, actionName: str) -> None:
        if actionName == QAccessibleActionInterface.setFocusAction() and self._node.isValid():
            self._node.tree.view.setFocus()
            self._node.show()

    def keyBindingsForAction(self, actionName: str) -> list[str]:
        return []


def _is_scroll_bar(widget: QWidget) -> bool:
    return isinstance(widget, QScrollBar) or widget.objectName() in (
        "qt_scrollarea_vcontainer",
        "qt_scrollarea_hcontainer",
    )


def _delete(node: _Node) -> None:
    if isValid(node):
        QAccessible.deleteAccessibleInterface(node.identity)
