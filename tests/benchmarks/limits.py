"""What the program is held against: a bare QPlainTextEdit, and `setMarkdown` of everything at each flush."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

from PySide6.QtGui import QFont, QFontDatabase, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextBrowser

from coderapp.app.program import make_application
from tests.benchmarks.costs import WARM_UP
from tests.benchmarks.measuring import Flusher, measured, memory_mb
from tests.benchmarks.texts import mixed, text_of


class _Edit(QPlainTextEdit):
    """Text appended at the end, the end kept in sight, nothing kept for undo."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))

    def feed(self, text: str) -> None:
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text)
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())


def edit(kind: str, size: int, flush: int, viewport: list[int]) -> dict[str, Any]:
    """The same stream into a bare edit of the same size, painted at each flush."""
    text = text_of(kind, size)
    pieces = [text[start : start + flush] for start in range(0, len(text), flush)]
    application = make_application(["limit"])
    widget = _Edit()
    widget.resize(*viewport)
    widget.show()
    application.processEvents()
    warm = mixed(WARM_UP, seed=2)
    for start in range(0, len(warm), 200):
        widget.feed(warm[start : start + 200])
        application.processEvents()
    widget.clear()
    application.processEvents()
    flusher = Flusher(widget.viewport())
    before = memory_mb()
    began, cpu = time.perf_counter(), time.process_time()
    with measured():
        for piece in pieces:
            flusher.flush(lambda now=piece: widget.feed(now))  # type: ignore[misc]
    cpu, took = time.process_time() - cpu, time.perf_counter() - began
    after = memory_mb()
    return {
        "cpu_s": round(cpu, 3),
        "wall_s": round(took, 3),
        "memory_mb": round(after - before, 2),
        "flushes": len(pieces),
        "unpainted": flusher.unpainted,
        "lost": abs(len(widget.toPlainText()) - len(text)),
    }


def set_markdown(sizes: list[int], samples: int, flush: int, viewport: list[int]) -> dict[str, Any]:
    """Processor seconds that `setMarkdown(everything)` at each flush would take up to each of `sizes`.

    The whole would take most of an hour: one flush is measured at `samples` lengths, and their cost integrated.
    """
    text = mixed(max(sizes))
    application = make_application(["naive"])
    widget = QTextBrowser()
    widget.setFont(QFont())
    widget.resize(*viewport)
    widget.show()
    application.processEvents()
    flusher = Flusher(widget.viewport())

    def show(part: str) -> None:
        widget.setMarkdown(part)
        bar = widget.verticalScrollBar()
        bar.setValue(bar.maximum())

    flusher.flush(lambda: show(text[:2_000]))
    lengths = sorted({*sizes, *(round(max(sizes) * (place / samples) ** 1.5) for place in range(1, samples + 1))})
    costs: list[tuple[int, float]] = [(0, 0.0)]
    for length in lengths:
        cpu = time.process_time()
        flusher.flush(lambda now=length: show(text[:now]))  # type: ignore[misc]
        costs.append((length, time.process_time() - cpu))
    totals: dict[int, float] = {}
    total = 0.0
    for (from_, cost), (to, next_cost) in pairwise(costs):
        total += (cost + next_cost) / 2 * (to - from_) / flush
        totals[to] = total
    return {
        "cpu_s": {str(size): round(totals[size], 1) for size in sizes},
        "flush_ms": {str(length): round(cost * 1000, 1) for length, cost in costs[1:]},
        "how": f"one flush at each of {len(lengths)} lengths, their cost integrated over flushes of {flush} characters",
    }
