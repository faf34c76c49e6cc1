"""The places of a message that act, each with where it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF

from coderapp.core.errors import Problem, Remedy
from coderapp.core.message import Role
from coderapp.qt.conversation_model import RowState
from coderapp.text.blocks import CodeBlock
from coderapp.widgets import metrics
from coderapp.widgets.conversation.code_item import CodeItem
from coderapp.widgets.conversation.hot_spots import Action, HotSpot, button_rect
from coderapp.widgets.conversation.style import DocumentStyle

if TYPE_CHECKING:
    from coderapp.widgets.conversation.message_item import MessageItem

REMEDY_WORDS = {
    Remedy.EDIT_KEY: "Enter key…",
    Remedy.EDIT_PROFILE: "Open profile…",
    Remedy.EDIT_PARAMETERS: "Show parameters",
}

BRANCH_ROOM = 34
"""Pixels between the two arrows, for "2/3"."""


class MessageSpots:
    """Places come in groups: 0 is the header, `block + 1` a block, the last the error panel and the footer."""

    def __init__(self, item: MessageItem) -> None:
        self._item = item

    def release(self) -> None:
        del self._item

    @property
    def groups(self) -> int:
        return len(self._item.body.blocks) + 2

    def group(self, number: int, style: DocumentStyle) -> list[HotSpot]:
        """The places of a group, in reading order. Lays the block out if it must."""
        if number == 0:
            return self._header()
        if number == self.groups - 1:
            return [*self._problem(style), *self._footer()]
        if not isinstance(self._item.body.blocks[number - 1], CodeBlock):
            return []
        item = self._item.body.item(number - 1)
        if not isinstance(item, CodeItem):
            return []
        top = self._item.block_top(number - 1)
        return [*self.header_of(number - 1, item, top), *self._fold(number - 1, item, top)]

    def between(self, top: float, bottom: float, style: DocumentStyle) -> Iterator[HotSpot]:
        """The places of what is laid out between two heights of the message, in reading order."""
        item = self._item
        body_top = item.block_top(0) if item.body.blocks else item.body_bottom
        if top < body_top:
            yield from self._header()
        for index, shown, _ in item.body.between(top - body_top, bottom - body_top):
            if isinstance(shown, CodeItem):
                place = item.block_top(index)
                if place + metrics.CODE_HEADER >= top:
                    yield from self.header_of(index, shown, place)
                if place + shown.height - metrics.CODE_FOLD <= bottom:
                    yield from self._fold(index, shown, place)
        if bottom > item.body_bottom:
            yield from self._problem(style)
            yield from self._footer()

    def of_message(self, style: DocumentStyle) -> list[HotSpot]:
        """Those that belong to no block."""
        return [*self._header(), *self._problem(style), *self._footer()]

    def everything(self, style: DocumentStyle) -> list[HotSpot]:
        return [spot for number in range(self.groups) for spot in self.group(number, style)]

    # what they are

    def _header(self) -> list[HotSpot]:
        item = self._item
        if not item.is_prompt:
            return self._thoughts()
        top, width = item.pad / 2, item.width
        spots = self._branch(width - 3 * metrics.BUTTON - item.pad - self.branch_width, top)
        x = width - item.pad - metrics.BUTTON + metrics.GAP_SMALL
        spots.append(self._star(x - 2 * metrics.BUTTON, top))
        spots.append(HotSpot(Action.EDIT, button_rect(x - metrics.BUTTON, top), "Edit and send again", "edit"))
        spots.append(HotSpot(Action.COPY_MESSAGE, button_rect(x, top), "Copy prompt", "copy"))
        return spots

    def _thoughts(self) -> list[HotSpot]:
        item = self._item
        if not item.has_thoughts:
            return []
        opened = item.thoughts_open
        label = "Hide the thoughts" if opened else "Show the thoughts"
        text = "Thinking…" if not item.settled and opened else "Thoughts"
        rect = QRectF(0, metrics.HEADER_HEIGHT, 120, metrics.BUTTON)
        return [HotSpot(Action.THOUGHTS, rect, label, "fold-open" if opened else "fold-closed", text=text, flat=True)]

    def _footer(self) -> list[HotSpot]:
        item = self._item
        if item.is_prompt or item.row.state is not RowState.SETTLED:
            return []
        top = item.height - metrics.FOOTER_HEIGHT
        spots = self._branch(0, top)
        x = self.branch_width
        spots.append(HotSpot(Action.COPY_MESSAGE, button_rect(x, top), "Copy answer as Markdown", "copy"))
        x += metrics.BUTTON
        if item.row.message.role is Role.ASSISTANT:  # nothing answers what was imported from elsewhere as a system's
            spots.append(HotSpot(Action.REGENERATE, button_rect(x, top), "Answer again", "regenerate"))
            x += metrics.BUTTON
        spots.append(self._star(x, top))
        return spots

    def _star(self, x: float, top: float) -> HotSpot:
        starred = self._item.row.starred
        icon, label = ("star-on", "Remove the star") if starred else ("star", "Star")
        return HotSpot(Action.STAR, button_rect(x, top), label, icon, lit=starred)

    @property
    def branch_width(self) -> float:
        return 2.0 * metrics.BUTTON + BRANCH_ROOM if self._item.row.branch.of > 1 else 0.0

    def _branch(self, x: float, top: float) -> list[HotSpot]:
        place, of = self._item.row.branch
        if of < 2:
            return []
        what = "prompt" if self._item.is_prompt else "answer"
        back, forth = button_rect(x, top), button_rect(x + metrics.BUTTON + BRANCH_ROOM, top)
        return [
            HotSpot(Action.PREVIOUS, back, f"Previous {what}", "previous", enabled=place > 0),
            HotSpot(Action.NEXT, forth, f"Next {what}", "next", enabled=place < of - 1),
        ]

    def _fold(self, index: int, code: CodeItem, top: float) -> list[HotSpot]:
        if not code.folds:
            return []
        words = f"Show all {len(code.block.lines):,} lines" if code.folded else "Show fewer lines"
        bar = code.fold_bar().translated(self._item.pad, top)
        return [HotSpot(Action.FOLD, bar, words, text=words, block=index, flat=True)]

    def header_of(self, index: int, code: CodeItem, top: float) -> list[HotSpot]:
        """The actions in the header of a block of code, where that stands at `top` of the message."""
        header = code.header().translated(self._item.pad, top)
        y = header.top() + (metrics.CODE_HEADER - metrics.BUTTON) / 2
        x = header.right() - metrics.GAP_SMALL - metrics.BUTTON
        step = metrics.BUTTON + metrics.GAP_SMALL
        wrap = "Don't wrap lines" if code.wrapped else "Wrap lines"
        return [
            HotSpot(Action.WRAP_CODE, button_rect(x - 2 * step, y), wrap, "wrap", block=index),
            HotSpot(Action.SAVE_CODE, button_rect(x - step, y), "Save to a file…", "save", block=index),
            HotSpot(Action.COPY_CODE, button_rect(x, y), "Copy code", "copy", block=index),
        ]

    def _problem(self, style: DocumentStyle) -> list[HotSpot]:
        problem: Problem | None = self._item.problem
        if problem is None:
            return []
        words: list[tuple[Action, str]] = []
        if problem.remedy in REMEDY_WORDS:
            words.append((Action.REMEDY, REMEDY_WORDS[problem.remedy]))
        words.append((Action.RETRY, "Try again"))
        if problem.raw:
            words.append((Action.SHOW_RAW, "Show the raw reply"))
        rect = self._item.problem_rect()
        x = rect.left() + metrics.PANEL_PADDING + metrics.ICON + metrics.GAP
        y = rect.bottom() - metrics.PANEL_PADDING - metrics.BUTTON
        spots = []
        for action, text in words:
            wide = style.metrics.horizontalAdvance(text) + 24
            spots.append(HotSpot(action, QRectF(x, y, wide, metrics.BUTTON), text, text=text))
            x += wide + metrics.GAP
        return spots
