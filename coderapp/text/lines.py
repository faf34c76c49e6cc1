"""One line of Markdown: how far it is indented, in columns, and what of its beginning the containers around it take."""

from __future__ import annotations

import re

_INDENT = re.compile(r"[ \t]*")


class Line:
    """A line under way. `offset` characters of it are read; what is not is indented by `indent` columns (a tab counts
    to the next multiple of four), begins at `next` and is all white space where `blank`.
    """

    __slots__ = ("_column", "_split_tab", "blank", "indent", "next", "offset", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.offset = 0
        self._column = 0
        self._split_tab = False  # the tab at `offset` is partly read
        self._look()

    def _look(self) -> None:
        match = _INDENT.match(self.text, self.offset)
        assert match
        self.next = match.end()
        self.blank = self.next == len(self.text)
        if "\t" in match[0]:
            column = self._column
            for each in match[0]:
                column += 4 - column % 4 if each == "\t" else 1
            self.indent = column - self._column
        else:
            self.indent = self.next - self.offset

    def skip(self, columns: int) -> None:
        """Reads so many columns of white space, or fewer where there are no more."""
        text, end = self.text, self.next
        while columns > 0 and self.offset < end:
            if text[self.offset] == "\t":
                wide = 4 - self._column % 4
                self._split_tab = wide > columns
                step = min(wide, columns)
                self._column += step
                self.offset += not self._split_tab
                columns -= step
            else:
                self._split_tab = False
                self.offset += 1
                self._column += 1
                columns -= 1
        self._look()

    def take(self, count: int) -> None:
        """Reads the white space and `count` characters that are not tabs."""
        self._column += self.indent + count
        self.offset = self.next + count
        self._split_tab = False
        self._look()

    def enter_quote(self) -> bool:
        """Reads `>` and the space behind it, where they are next."""
        if self.indent >= 4 or not self.text.startswith(">", self.next):
            return False
        self.take(1)
        if self.indent:
            self.skip(1)
        return True

    def enter_item(self, marker: int) -> int:
        """Reads a list item's marker of `marker` characters. Returns the columns by which its content is indented."""
        before = self.indent
        self.take(marker)
        if self.blank or not 1 <= self.indent <= 4:
            if self.indent:
                self.skip(1)
            return before + marker + 1
        inside = self.indent
        self.skip(inside)
        return before + marker + inside

    def code(self) -> str:
        """The rest of the line as code: a tab that is partly read leaves spaces."""
        if self._split_tab:
            return " " * (4 - self._column % 4) + self.text[self.offset + 1 :]
        return self.text[self.offset :]
