"""Rows of the list of conversations: a title over its time and marks, and the headers of groups."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QLineEdit, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from coderapp.qt import icons
from coderapp.qt.history_entry import GroupKind, HistoryEntry, HistoryGroup, Scope
from coderapp.qt.history_model import ENTRY_ROLE, GROUP_ROLE, ID_ROLE
from coderapp.qt.theme import Theme
from coderapp.widgets import metrics

Index = QModelIndex | QPersistentModelIndex

SMALL = 0.88
"""The second line's size, of the first one's."""

LEFT, RIGHT, MIDDLE = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignVCenter


def ago(then: float, now: float) -> str:
    """When something happened, in few words."""
    gone = max(0.0, now - then)
    if gone < 60:
        return "just now"
    if gone < 3600:
        return f"{int(gone // 60)} min ago"
    day = time.localtime(then)
    today = time.localtime(now)
    if (day.tm_year, day.tm_yday) == (today.tm_year, today.tm_yday):
        return time.strftime("today %H:%M", day)
    if gone < 2 * 86400 and time.localtime(now - 86400).tm_yday == day.tm_yday:
        return time.strftime("yesterday %H:%M", day)
    return time.strftime("%d %b" if day.tm_year == today.tm_year else "%d %b %Y", day).lstrip("0")


def small(font: QFont) -> QFont:
    made = QFont(font)
    made.setPointSizeF(made.pointSizeF() * SMALL)
    return made


class HistoryDelegate(QStyledItemDelegate):
    """Signals: `renamed(id, title)`, `folder_renamed(folder, name)`: instead of writing to the model."""

    renamed = Signal(str, str)
    folder_renamed = Signal(str, str)

    def __init__(self, theme: Theme, scope: Callable[[], Scope], parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme
        self.open_id = ""
        self.drop_key = ""
        """The group that a drag is over."""
        self._scope = scope

    def row_height(self, font: QFont) -> int:
        lines = QFontMetrics(font).height() + QFontMetrics(small(font)).height()
        return max(metrics.HISTORY_ROW, lines + 2 * metrics.GAP_SMALL)

    # painting

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        from PySide6.QtWidgets import QStyle  # its many enums cost the start 5 ms

        entry: HistoryEntry | None = index.data(ENTRY_ROLE)
        group: HistoryGroup = index.data(GROUP_ROLE)
        state: QStyle.StateFlag = option.state
        box: QRect = option.rect.adjusted(metrics.GAP_SMALL, 1, -metrics.GAP_SMALL, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        background = ""
        if entry is not None and state & QStyle.StateFlag.State_Selected:
            background = self.theme.current
        elif state & QStyle.StateFlag.State_MouseOver and not (entry is None and group.kind is not GroupKind.FOLDER):
            background = self.theme.hover
        if group.key == self.drop_key:
            background = self.theme.selection if entry is None else self.theme.current
        if background:
            painter.setBrush(QColor(background))
            painter.drawRoundedRect(box, metrics.TAG_RADIUS + 2, metrics.TAG_RADIUS + 2)
        by_keys = bool(state & QStyle.StateFlag.State_KeyboardFocusChange)
        if state & QStyle.StateFlag.State_HasFocus and (by_keys or not state & QStyle.StateFlag.State_Selected):
            painter.setPen(QColor(self.theme.focus_ring))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, metrics.TAG_RADIUS + 2, metrics.TAG_RADIUS + 2)
        if entry is None:
            self._header(painter, box, group)
        else:
            self._conversation(painter, box, entry, group)
        painter.restore()

    def _header(self, painter: QPainter, box: QRect, group: HistoryGroup) -> None:
        font = small(painter.font()) if group.kind is not GroupKind.FOLDER else QFont(painter.font())
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        inside = box.adjusted(metrics.GAP_SMALL, 0, -metrics.GAP, 0)
        if group.kind is not GroupKind.FOLDER:  # nearer to what it is the header of
            inside.setTop(box.bottom() - QFontMetrics(font).height() - metrics.GAP_SMALL)
        side = metrics.HISTORY_FOLD
        colour = self.theme.text if group.folder else self.theme.text_muted
        ratio = painter.device().devicePixelRatioF() if painter.device() is not None else 1.0
        fold = "fold-closed" if group.collapsed else "fold-open"
        top = inside.center().y() - side // 2
        painter.drawPixmap(inside.left(), top, icons.pixmap(fold, self.theme.text_muted, ratio, side))
        left = inside.left() + side + metrics.GAP_SMALL
        if group.folder:
            name = "folder"
            painter.drawPixmap(left, inside.center().y() - 8, icons.pixmap(name, self.theme.text_muted, ratio))
            left += metrics.ICON + metrics.GAP_SMALL + 2
        words = QRect(inside)
        words.setLeft(left)
        painter.setFont(small(painter.font()) if group.folder else font)
        count = str(group.count) if group.collapsed or group.folder else ""
        painter.setPen(QColor(self.theme.text_muted))
        if count:
            plain = QFont(small(font) if group.folder else font)
            plain.setWeight(QFont.Weight.Normal)
            painter.setFont(plain)
            painter.drawText(words, RIGHT | MIDDLE, count)
            words.setRight(words.right() - QFontMetrics(plain).horizontalAdvance(count) - metrics.GAP)
        painter.setFont(font)
        painter.setPen(QColor(colour))
        shown = QFontMetrics(font).elidedText(group.label, Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, LEFT | MIDDLE, shown)

    def _conversation(self, painter: QPainter, box: QRect, entry: HistoryEntry, group: HistoryGroup) -> None:
        indent = metrics.HISTORY_INDENT if group.folder else 0
        if entry.id == self.open_id:
            bar = QRect(box.left(), box.top() + metrics.GAP, metrics.HISTORY_MARK, box.height() - 2 * metrics.GAP)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.accent))
            painter.drawRoundedRect(bar, metrics.HISTORY_MARK / 2, metrics.HISTORY_MARK / 2)
        first, second = QFontMetrics(painter.font()), QFontMetrics(small(painter.font()))
        inside = box.adjusted(metrics.GAP + metrics.GAP_SMALL + indent, 0, -metrics.GAP, 0)
        top = inside.top() + (inside.height() - first.height() - second.height()) // 2
        line = QRect(inside.left(), top, inside.width(), first.height())
        painter.setPen(QColor(self.theme.error if entry.problem else self.theme.text))
        shown = first.elidedText(entry.title, Qt.TextElideMode.ElideRight, line.width())
        painter.drawText(line, LEFT | MIDDLE, shown)
        painter.setFont(small(painter.font()))
        below = QRect(inside.left(), line.bottom() + 1, inside.width(), second.height())
        state, colour = self._state(entry)
        painter.setPen(QColor(colour))
        words = second.elidedText(state, Qt.TextElideMode.ElideRight, below.width())
        painter.drawText(below, LEFT | MIDDLE, words)
        below.setLeft(below.left() + second.horizontalAdvance(words) + metrics.GAP)
        folder = entry.folder if group.kind is not GroupKind.FOLDER else ""
        self._tags(painter, below, ([folder] if folder else []), entry.tags)

    def _state(self, entry: HistoryEntry) -> tuple[str, str]:
        """The words below the title, and their colour."""
        if entry.busy:
            return "writing…", self.theme.accent
        if entry.problem:
            return ("newer version" if entry.newer else "damaged"), self.theme.text_muted
        when = ago(entry.updated, time.time())
        if self._scope() is Scope.TRASH:
            left = math.ceil((entry.kept_until - time.time()) / 86_400)
            rest = "goes soon" if left < 1 else "1 day left" if left == 1 else f"{left} days left"
            return f"{when} · {rest}", self.theme.text_muted
        if entry.draft and entry.id != self.open_id:
            return f"draft · {when}", self.theme.text_muted
        return when, self.theme.text_muted

    def _tags(self, painter: QPainter, room: QRect, folders: list[str], tags: tuple[str, ...]) -> None:
        """As many as there is room for, then how many more."""
        font = QFontMetrics(painter.font())
        words = [*folders, *(f"#{tag}" for tag in tags)]
        for place, word in enumerate(words):
            rest = f"+{len(words) - place - 1}"
            least = font.horizontalAdvance(rest) + metrics.GAP_SMALL if place + 1 < len(words) else 0
            width = font.horizontalAdvance(word)
            if width + least > room.width():
                if place == 0 and room.width() - least > font.averageCharWidth() * 5:
                    word = font.elidedText(word, Qt.TextElideMode.ElideRight, room.width() - least)
                    width = font.horizontalAdvance(word)
                else:
                    painter.setPen(QColor(self.theme.text_muted))
                    painter.drawText(room, LEFT | MIDDLE, f"+{len(words) - place}")
                    return
            painter.setPen(QColor(self.theme.text_muted if place < len(folders) else self.theme.link))
            painter.drawText(room, LEFT | MIDDLE, word)
            room.setLeft(room.left() + width + metrics.GAP - 2)

    # Qt

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        font: QFont = option.font
        return QSize(100, self.row_height(font))

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        edit = QLineEdit(parent)
        folder = index.data(ENTRY_ROLE) is None
        edit.setAccessibleName("Name of the folder" if folder else "Name of the conversation")
        return edit

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Once: what is typed stays when the row changes meanwhile, as by an answer that ends."""
        if not editor.property("filled"):
            editor.setProperty("filled", True)
            super().setEditorData(editor, index)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        box: QRect = option.rect.adjusted(metrics.GAP, 0, -metrics.GAP, 0)
        height = min(editor.sizeHint().height(), box.height())
        editor.setGeometry(box.left(), box.top() + (box.height() - height) // 2, box.width(), height)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if not isinstance(editor, QLineEdit) or not editor.text().strip():
            return
        if index.data(ENTRY_ROLE) is None:
            self.folder_renamed.emit(index.data(GROUP_ROLE).folder, editor.text().strip())
        else:
            self.renamed.emit(index.data(ID_ROLE), editor.text().strip())


__all__ = ["HistoryDelegate", "ago", "small"]
