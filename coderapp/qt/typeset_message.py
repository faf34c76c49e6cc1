"""A message as strips: who speaks and when, what is said, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtGui import QColor

from coderapp.core.message import Role
from coderapp.exchange.exporters.transcript import Entry
from coderapp.qt.sheets import Band, Column, Strip
from coderapp.qt.typeset import Typesetter


def entry_strips(setter: Typesetter, entry: Entry, column: Column, *, space: float = 0.0) -> Iterator[Strip]:
    """A message with its header, and what is to be said about it below."""
    em = setter.em
    about = " · ".join(filter(None, (entry.when, entry.version)))
    yield from setter.header(entry.author, about, column, space=space)
    inside = column
    if entry.message.role is Role.USER:
        fill, outline = QColor(setter.theme.surface_alt), QColor(setter.theme.border)
        band = Band(column.x, column.width, em * 0.6, fill, outline, em * 0.4)
        inside = column.on(band).indented(em * 0.9, em * 0.9)
    gap = em * 0.4
    for piece in entry.pieces:
        within = inside
        if piece.title:
            yield from setter.line(piece.title, inside, space=gap, keep=True)
            gap = em * 0.3
        if piece.is_thought:
            bar = Band(inside.x, em * 0.15, 0.0, QColor(setter.theme.quote_bar))
            within = inside.on(bar).indented(em)
        captions = piece.is_words or piece.is_thought
        yield from setter.blocks(piece.blocks(), within, gap, captions=captions)
        gap = em * 0.8
    if entry.ending:
        yield from setter.line(entry.ending, column, space=em * 0.5)
    if entry.facts:
        yield from setter.line(" · ".join(entry.facts), column, space=em * 0.4)
