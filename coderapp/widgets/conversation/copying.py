"""What is selected, for the clipboard: plain, as Markdown, and rich."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QMimeData

from coderapp.text.blocks import Block
from coderapp.text.excerpt import Excerpt, as_plain
from coderapp.widgets.conversation.layout import DocumentLayout
from coderapp.widgets.conversation.message_item import reading_of
from coderapp.widgets.conversation.selection import Selection

AT_ONCE = 2_000
"""Characters up to which copying does not need a thread."""


@dataclass(frozen=True, slots=True)
class Copied:
    plain: str
    markdown: str
    html: str

    def mime(self) -> QMimeData:
        data = QMimeData()
        data.setText(self.plain)
        data.setHtml(self.html)
        data.setData("text/markdown", self.markdown.encode("utf-8", "replace"))
        return data


Blocks = Callable[[], Sequence[Block]]


class Cutting:
    """Says what of a layout is selected. The messages are read in `excerpts`, which may run in a thread."""

    def __init__(self, layout: DocumentLayout, selection: Selection) -> None:
        self.size = 0
        """Characters of the messages that the selection touches."""
        self._parts: list[tuple[int, Blocks]] = []
        self._selection = selection.copy()
        ends = selection.ends
        if ends is None:
            return
        for row in range(ends[0].row, min(ends[1].row + 1, len(layout.rows))):
            self.size += len(layout.rows[row].message.text)
            self._parts.append((row, reading_of(layout.rows[row], layout.items.get(row))))

    def excerpts(self) -> list[Excerpt]:
        found = []
        for row, read in self._parts:
            for block, shown in enumerate(read()):
                part = self._selection.part_of(row, block)
                if part is not None:
                    found.append(Excerpt(shown, part[0], part[1]))
        return found

    def plain(self) -> str:
        return as_plain(self.excerpts())

    def copied(self) -> Copied:
        from coderapp.text.render_html import as_html
        from coderapp.text.render_markdown import as_markdown

        excerpts = self.excerpts()
        return Copied(as_plain(excerpts), as_markdown(excerpts), as_html(excerpts))

    def markdown(self) -> str:
        from coderapp.text.render_markdown import as_markdown

        return as_markdown(self.excerpts())
