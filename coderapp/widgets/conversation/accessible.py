"""The painted conversation as assistive technology reads it: a list of messages, each with its blocks.

The view is one widget without children, so what a screen reader walks through is made here, from what the view can
tell about itself (`Readable`). While nobody listens nothing is made.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent, QAccessibleInterface
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from coderapp.widgets.conversation.accessible_nodes import ListNode, Readable, Tree

__all__ = ["Readable", "announce", "expose", "message_added", "messages_replaced"]

_INSTALLED = "coderapp_accessible_factory"


def expose(view: QAbstractScrollArea) -> None:
    """Lets assistive technology read `view`, which is `Readable`. To be called once, in the view's constructor."""
    key = id(view)
    _trees[key] = tree = Tree(view)

    def forget() -> None:
        _trees.pop(key, None)
        tree.close()

    view.destroyed.connect(forget)
    application = QCoreApplication.instance()
    if application is not None and not application.property(_INSTALLED):
        application.setProperty(_INSTALLED, True)
        QAccessible.installFactory(_make_interface)
    if QAccessible.isActive():
        early = QAccessible.queryAccessibleInterface(view)
        if not isinstance(early, ListNode):  # made by an event of the view before this, by Qt's own rules
            QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(early))


def announce(widget: QWidget, text: str) -> None:
    """Has a screen reader say `text` when it has said what it is saying."""
    if QAccessible.isActive():
        event = QAccessibleAnnouncementEvent(widget, text)
        event.setPoliteness(QAccessible.AnnouncementPoliteness.Polite)
        QAccessible.updateAccessibility(event)


def message_added(view: QAbstractScrollArea, row: int) -> None:
    """Tells that `view` has a new message at `row`."""
    tree = _trees.get(id(view))
    if tree is not None and QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleEvent(tree.message(row), QAccessible.Event.ObjectCreated))


def messages_replaced(view: QAbstractScrollArea) -> None:
    """Tells that `view` shows other messages than before: another conversation, or another branch."""
    if id(view) in _trees and QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleEvent(view, QAccessible.Event.ObjectReorder))


_trees: dict[int, Tree] = {}
"""By the view's id, until the view is destroyed."""


def _make_interface(class_name: str, widget: QObject) -> QAccessibleInterface | None:
    tree = _trees.get(id(widget))
    return tree.root() if tree is not None and tree.alive and tree.view is widget else None
