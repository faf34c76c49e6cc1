"""The context menu of the conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu

from coderapp.text.blocks import CodeBlock
from coderapp.widgets.conversation.code_item import CodeItem
from coderapp.widgets.conversation.hot_spots import HotSpot
from coderapp.widgets.conversation.layout import DocumentLayout

if TYPE_CHECKING:
    from coderapp.widgets.conversation.view import ConversationView


def show(view: ConversationView, layout: DocumentLayout, point: QPointF, where: QPoint) -> None:
    """Opens the menu for what is under `point`."""
    menu = QMenu(view)
    selected = view.has_selection
    copy = menu.addAction("Copy", view.copy_selection)
    copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
    copy.setEnabled(selected)
    menu.addAction("Copy as Markdown", lambda: view.copy_selection("markdown")).setEnabled(selected)
    menu.addAction("Copy as plain text", lambda: view.copy_selection("plain")).setEnabled(selected)
    menu.addAction("Select all", view.select_all).setShortcut(QKeySequence(QKeySequence.StandardKey.SelectAll))
    link = layout.link_at(point)
    if link:
        menu.addSeparator()
        menu.addAction("Open link…", lambda: view.open_link(link))
        menu.addAction("Copy link", lambda: QGuiApplication.clipboard().setText(link))
    found = layout.block_at(point)
    if found and isinstance(found[2], CodeItem):
        row, block = found[:2]
        _add_spots(menu, view, row, layout.item(row).spots.header_of(block, found[2], 0.0))
    index = layout.message_at(point)
    if index >= 0:
        item = layout.item(index)
        _add_spots(menu, view, index, item.spots.of_message(layout.style))
        name = item.row.message.id
        onward = menu.addAction("Continue from here in a new conversation")
        onward.setEnabled(item.settled)
        onward.triggered.connect(lambda: view.continue_requested.emit(name))
    _add_pictures(menu, view, layout, point)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(where)


def _add_pictures(menu: QMenu, view: ConversationView, layout: DocumentLayout, point: QPointF) -> None:
    """To share the block of code and the message under `point`."""
    row = layout.message_at(point)
    if row < 0:
        return
    item = layout.item(row)
    name = item.row.message.id
    pictures = menu.addMenu("As a picture")
    found = layout.block_at(point)
    if found and isinstance(found[2], CodeItem):
        code = CodeBlock(found[2].named_info, list(found[2].block.lines))
        pictures.addAction("Copy the code block", lambda: view.picture_requested.emit(name, code, False))
        pictures.addAction("Save the code block…", lambda: view.picture_requested.emit(name, code, True))
        pictures.addSeparator()
    copy = pictures.addAction("Copy the message", lambda: view.picture_requested.emit(name, None, False))
    save = pictures.addAction("Save the message…", lambda: view.picture_requested.emit(name, None, True))
    for action in (copy, save):
        action.setEnabled(item.settled)


def _add_spots(menu: QMenu, view: ConversationView, row: int, spots: list[HotSpot]) -> None:
    menu.addSeparator()
    for spot in spots:
        entry = menu.addAction(spot.label)
        entry.setEnabled(spot.enabled)
        entry.triggered.connect(lambda _=False, chosen=spot: view.act(row, chosen))
