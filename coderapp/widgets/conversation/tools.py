"""What the conversation view works with. Made with the view, after the first paint."""

from __future__ import annotations

from dataclasses import dataclass

from coderapp.qt.background import InThread
from coderapp.qt.formulas import Formulas
from coderapp.qt.highlighter import Highlighter


@dataclass(frozen=True, slots=True)
class ViewTools:
    """`in_thread` parses and searches; without `formulas` their source is shown."""

    highlighter: Highlighter
    in_thread: InThread
    formulas: Formulas | None = None
