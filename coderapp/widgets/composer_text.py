"""Long text in a QPlainTextEdit: exact, put in slice by slice, in blocks that are cheap to lay out.

A QPlainTextEdit lays out a block whole at each key, and gives back what it was given only nearly (a no-break space
becomes a space, each kind of line end the same one). So a line over LONGEST_PIECE characters is kept in several
blocks, and each block says in its format, which undo takes along, what stands between it and the block before:
see `Break`. `LongText.text` puts it together again.
"""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QTextBlock, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit

from coderapp.widgets.composer_pieces import (
    LONGEST_PIECE,
    ODD,
    PIECE,
    SEPARATOR,
    Break,
    cut_line,
    format_of,
    joined,
    kind_of,
    pieces,
    whole,
)

AT_ONCE = 16_000
"""Characters that are inserted without a pause; also the first slice of what is longer."""

SLICE_MS = 5.0
"""Milliseconds that a slice should take; the sizes of the next ones follow from it."""

LEAST_SLICE = 1_000
MOST_SLICE = 200_000

MOST_TIDIED = 500
"""Blocks that are looked through after a change."""

UNDO_STEPS = 1_000_000  # Qt's small ones: deleting 16,000 lines at once takes 32,000 of them
UNDO_CHARACTERS = 32_000_000
"""When this much was changed, what can be undone is forgotten: it holds all text that was ever deleted."""


class LongText(QObject):
    """The text of `edit`. Signal: `settled()`: a long text is all there.

    While text is put in (`is_busy`), `text` already holds all of it; the edit must not be changed by others then.
    """

    settled = Signal()

    def __init__(self, edit: QPlainTextEdit) -> None:
        super().__init__(edit)
        self._edit = edit
        self._document = edit.document()
        self._formats = [format_of(kind) for kind in Break]
        self._kinds = bytearray(self._document.blockCount())
        self._announced: bytes | None = None
        self._restoring: tuple[int, int] | None = None
        self._touched: tuple[int, int] | None = None
        self._tidying = False
        self._changed = 0
        self._pending = ""
        self._taken = 0
        self._slice = AT_ONCE
        self._cursor = QTextCursor(self._document)
        self._loads = False
        self._fresh = True
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._on_turn)
        self._document.contentsChange.connect(self._on_change)
        edit.textChanged.connect(self._on_text_changed)

    # reading

    @property
    def is_busy(self) -> bool:
        return self._timer.isActive()

    def text(self) -> str:
        """All of it, exactly as it was given, half characters aside; 2 to 4 ms for a megabyte."""
        if not self.is_busy:
            return joined(self._document.toRawText(), self._kinds[1:])
        end = self._document.characterCount() - 1
        place = self._cursor.position()
        return self.between(0, place) + self._pending[self._taken :] + self.between(place, end)

    def between(self, start: int, end: int) -> str:
        """What stands between two positions of the document."""
        cursor = QTextCursor(self._document)
        cursor.setPosition(start)
        first = cursor.blockNumber()
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        raw = cursor.selectedText()
        return joined(raw, self._kinds[first + 1 : first + 1 + raw.count(SEPARATOR)])

    def seems_blank(self) -> bool:
        """Whether there is only white space, as far as the first blocks tell; a text of many is taken for none."""
        if self.is_busy and self._pending[self._taken :].strip():
            return False
        block = self._document.begin()
        for _ in range(64):
            if not block.isValid():
                return True
            if block.text().strip():
                return False
            block = block.next()
        return False

    def goes_on(self, block: QTextBlock) -> bool:
        """Whether `block` is the rest of the line of the block before it."""
        number = block.blockNumber()
        return 0 < number < len(self._kinds) and self._kinds[number] == Break.NOTHING

    # changing

    def replace(self, text: str) -> None:
        """Another text; the cursor stands at its end when it is there. Can't be undone."""
        self._stop()
        self._document.setUndoRedoEnabled(False)
        if not self._document.isEmpty():
            self._edit.clear()
        self._changed = 0
        self._loads = True
        self._cursor = QTextCursor(self._document)
        self._begin(text)

    def insert(self, text: str) -> None:
        """Puts text in at the cursor, instead of what is selected; undone in one step."""
        if self.is_busy:
            return
        self._loads = False
        self._cursor = self._edit.textCursor()
        if self._cursor.hasSelection():
            self._cursor.beginEditBlock()
            self._cursor.removeSelectedText()
            self._cursor.endEditBlock()
            self._fresh = False
        else:
            self._fresh = True
        self._begin(text)

    def new_line(self) -> None:
        """As Enter does: whatever the block before is, the new one begins a line."""
        cursor = self._edit.textCursor()
        cursor.insertBlock(self._formats[Break.LINE])
        self._edit.setTextCursor(cursor)

    def make_room(self) -> None:
        """For a key that types: cuts the cursor's block where it is full. Afterwards it would be a step of its own,
        for typing can't be joined with anything.
        """
        block = self._edit.textCursor().block()
        if block.length() > LONGEST_PIECE:
            self._tidying = True
            self._cut(block, PIECE)
            self._tidying = False
            self._touched = None

    def forget(self) -> None:
        """What is still to be put in is not."""
        self._stop()

    def _begin(self, text: str) -> None:
        if self._loads:
            self._fresh = True
        self._pending, self._taken, self._slice = whole(text), 0, AT_ONCE
        self._timer.start()
        self._on_turn()

    def _on_turn(self) -> None:
        began = time.thread_time()  # what others do on the machine says nothing about a slice's size
        end = min(self._taken + self._slice, len(self._pending))
        if self._pending[end - 1 : end] == "\r" and end < len(self._pending):
            end += 1  # "\r\n" is one break
        self._put(self._pending[self._taken : end])
        self._taken = end
        if end >= len(self._pending):
            self._finish()
            return
        took = max((time.thread_time() - began) * 1000, 0.1)
        wanted = int(self._slice * min(SLICE_MS / took, 4.0))
        self._slice = min(max(wanted, LEAST_SLICE), MOST_SLICE)

    def _put(self, text: str) -> None:
        """One slice, as one change of the document."""
        if not text:
            return
        cursor = self._cursor
        if self._fresh:
            cursor.beginEditBlock()
            self._fresh = False
        else:
            cursor.joinPreviousEditBlock()
        lines = text.split("\n")
        simple = (
            ODD.search(text) is None
            and cursor.positionInBlock() + len(lines[0]) <= LONGEST_PIECE
            and max(map(len, lines)) <= LONGEST_PIECE
            and self._kinds[cursor.blockNumber()] == Break.LINE
        )
        if simple:
            self._announced = bytes(len(lines) - 1)
            cursor.insertText(text)
        else:
            kinds = bytearray()
            for kind, piece in pieces(text, cursor.positionInBlock()):
                if kind is not None:
                    cursor.insertBlock(self._formats[kind])
                    kinds.append(kind)
                cursor.insertText(piece)
            self._announced = bytes(kinds)
        cursor.endEditBlock()

    def _finish(self) -> None:
        self._stop()
        if self._loads:
            self._document.setUndoRedoEnabled(True)
            self._edit.moveCursor(QTextCursor.MoveOperation.End)
        else:
            self._edit.setTextCursor(self._cursor)
            self._edit.ensureCursorVisible()
        number = self._cursor.blockNumber()
        self._touched = (number, number)
        self._tidy()
        self.settled.emit()

    def _stop(self) -> None:
        self._timer.stop()
        self._pending = ""
        self._taken = 0

    # keeping account

    def _on_change(self, place: int, removed: int, added: int) -> None:
        """Keeps `_kinds` as the document's blocks are: reads those that the change touched."""
        announced, self._announced = self._announced, None
        self._changed += removed + added
        count = self._document.blockCount()
        first = self._document.findBlock(place).blockNumber()
        end = self._document.findBlock(place + added)
        last = end.blockNumber() if end.isValid() else count - 1
        before = last - first - (count - len(self._kinds))
        if first < 0 or before < 0 or last < first:
            first, last, before = 0, count - 1, len(self._kinds) - 1
        if announced is None or len(announced) != last - first:
            block = self._document.findBlockByNumber(first + 1)
            read = bytearray()
            for _ in range(last - first):
                read.append(kind_of(block))
                block = block.next()
            announced = bytes(read)
        old = self._kinds[first]
        self._kinds[first + 1 : first + 1 + before] = announced
        if not self._tidying:
            # What stands before the first block that changed did not change. Where that block was emptied first, Qt
            # gives what is left of it the format of the block that came after.
            found = kind_of(self._document.findBlockByNumber(first))
            if found != old:
                self._restoring = (first, old)
        touched = (
            (first, last) if self._touched is None else (min(first, self._touched[0]), max(last, self._touched[1]))
        )
        self._touched = touched

    def _on_text_changed(self) -> None:
        if not self.is_busy and not self._tidying:
            self._tidy()
            if self._changed > UNDO_CHARACTERS or self._document.availableUndoSteps() > UNDO_STEPS:
                self._changed = 0
                self._document.clearUndoRedoStacks()

    def _tidy(self) -> None:
        """After a change: cuts what became too long, and leaves no empty piece of a line, as one step with it."""
        touched, self._touched = self._touched, None
        restoring, self._restoring = self._restoring, None
        if touched is None or self._document.isRedoAvailable():
            return  # what was taken back was tidy; to change it would end redo
        self._tidying = True
        try:
            if restoring is not None:
                cursor = QTextCursor(self._document.findBlockByNumber(restoring[0]))
                cursor.joinPreviousEditBlock()
                cursor.setBlockFormat(self._formats[restoring[1]])
                cursor.endEditBlock()
                self._kinds[restoring[0]] = restoring[1]
            first, last = touched
            if last - first > MOST_TIDIED:
                self._tidy_blocks(last - 1, 2)  # a large change taken back or done again: it was tidy before
                last = first + 1
            self._tidy_blocks(first, last - first + 1)
        finally:
            self._tidying = False
            self._touched = None

    def _tidy_blocks(self, first: int, count: int) -> None:
        block = self._document.findBlockByNumber(first)
        for _ in range(count):
            if not block.isValid():
                return
            following = block.next()
            if block.length() == 1 and self.goes_on(block):
                self._join(block)
            elif block.length() == 1 and following.isValid() and self.goes_on(following):
                self._join(following)
                return
            elif block.length() > LONGEST_PIECE + 1:
                self._cut(block)
            block = following

    def _join(self, block: QTextBlock) -> None:
        """Makes one block of `block` and the one before."""
        number = block.blockNumber() - 1
        kind = self._kinds[number]
        cursor = QTextCursor(block)
        cursor.joinPreviousEditBlock()
        cursor.deletePreviousChar()
        cursor.setBlockFormat(self._formats[kind])
        cursor.endEditBlock()
        self._kinds[number] = kind

    def _cut(self, block: QTextBlock, longest: int = LONGEST_PIECE) -> None:
        cursor = QTextCursor(block)
        cursor.joinPreviousEditBlock()
        start, place = block.position(), 0
        for piece in list(cut_line(block.text(), 0, longest))[:-1]:
            place += len(piece.encode("utf-16-le", "surrogatepass")) // 2
            cursor.setPosition(start + place)
            cursor.insertBlock(self._formats[Break.NOTHING])
            place += 1
        cursor.endEditBlock()
