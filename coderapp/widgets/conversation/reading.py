"""What the painted conversation tells about itself to who can't see it."""

from __future__ import annotations

from PySide6.QtCore import QRect

from coderapp.text.blocks import Block, CodeBlock, MathBlock, RuleBlock, TableBlock, TextBlock, plain_text
from coderapp.widgets.conversation import captions
from coderapp.widgets.conversation.keyboard import Keyboard
from coderapp.widgets.conversation.layout import DocumentLayout


class ReadableDocument:
    """The view's side of `accessible.Readable`."""

    _layout: DocumentLayout
    _keyboard: Keyboard

    def message_count(self) -> int:
        return len(self._layout.rows)

    def message_name(self, row: int) -> str:
        return captions.author(self._layout.rows[row])

    def message_text(self, row: int) -> str:
        return "\n\n".join(plain_text(block) for block in self._blocks(row))

    def block_count(self, row: int) -> int:
        return len(self._blocks(row))

    def block_text(self, row: int, block: int) -> str:
        return plain_text(self._blocks(row)[block])

    def block_kind(self, row: int, block: int) -> str:
        match self._blocks(row)[block]:
            case CodeBlock():
                return "code"
            case TableBlock():
                return "table"
            case RuleBlock():
                return "rule"
            case MathBlock():
                return "formula"
            case TextBlock(level=level) if level:
                return "heading"
        return "text"

    def message_rect(self, row: int) -> QRect:
        return self._layout.message_rect(row).toRect()

    def block_rect(self, row: int, block: int) -> QRect:
        return self._layout.block_rect(row, block).toRect()

    def show_block(self, row: int, block: int) -> None:
        self._keyboard.show_block(row, block)

    def _blocks(self, row: int) -> list[Block]:
        return self._layout.item(row).body.blocks
