"""Fonts and colours of the conversation, made once for a theme."""

from __future__ import annotations

from functools import cached_property
from itertools import count

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetricsF, QStaticText, QTextCharFormat, QTextLayout

from coderapp.qt.formulas import Formula, Formulas, matching_size
from coderapp.qt.theme import Theme
from coderapp.text.blocks import Style
from coderapp.widgets import metrics

_HEADING_SCALE = (1.0, 1.55, 1.3, 1.12, 1.0, 1.0, 1.0)

LEADING = 1.22
"""Line distance over the font's height."""

MOST_NUMBERS = 2_000
"""Numbers of lines that are kept ready."""

Formats = list[QTextLayout.FormatRange]

_serials = count(1)


class DocumentStyle:
    """What the items of the view share. Sizes come from the application's font."""

    def __init__(self, theme: Theme, base: QFont, formulas: Formulas | None = None, ratio: float = 1.0) -> None:
        """`formulas` draws mathematics, for screens with `ratio` device pixels to a pixel; without it the source is
        shown.
        """
        self.theme = theme
        self._formulas = formulas
        self._ratio = ratio
        self.serial = next(_serials)
        """Tells one style from all others: what was laid out for it is known by this number."""
        self.base = QFont(base)
        self.code = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self.code.setPointSizeF(base.pointSizeF())
        self.code.setFixedPitch(True)
        self.small = QFont(base)
        self.small.setPointSizeF(base.pointSizeF() * 0.92)
        self.label = QFont(self.small)
        self.label.setWeight(QFont.Weight.DemiBold)
        self.headings = [self._heading(base, level) for level in range(7)]
        self.metrics = QFontMetricsF(self.base)
        self.small_metrics = QFontMetricsF(self.small)
        code = QFontMetricsF(self.code)
        self.code_width = code.horizontalAdvance("0")
        self.code_height = float(round(code.height() * 1.16))
        self.code_ascent = code.ascent()
        self.code_small = QFont(self.code)
        self.code_small.setPointSizeF(base.pointSizeF() * 0.9)
        self.average_width = self.metrics.averageCharWidth()
        self.text_line_height = float(round(self.metrics.height() * LEADING))
        self._colours: dict[str, QColor] = {}
        self._inline: dict[Style, QTextCharFormat] = {}
        self._numbers: dict[int, QStaticText] = {}
        self._wide: dict[float, QTextCharFormat] = {}

    @staticmethod
    def _heading(base: QFont, level: int) -> QFont:
        font = QFont(base)
        if level:
            font.setPointSizeF(base.pointSizeF() * _HEADING_SCALE[level])
            font.setWeight(QFont.Weight.DemiBold)
        return font

    def colour(self, name: str) -> QColor:
        """A theme colour by its field's name."""
        found = self._colours.get(name)
        if found is None:
            found = self._colours[name] = QColor(getattr(self.theme, name))
        return found

    @cached_property
    def code_formats(self) -> list[QTextCharFormat]:
        """By `text.highlight.TokenClass`."""
        formats = []
        for colour in self.theme.code_colours():
            made = QTextCharFormat()
            made.setForeground(QColor(colour))
            formats.append(made)
        formats[9].setFontItalic(True)
        return formats

    @cached_property
    def selected(self) -> QTextCharFormat:
        return self._backed("selection", "selection_text")

    @cached_property
    def found(self) -> QTextCharFormat:
        """What was found."""
        return self._backed("found", "found_text")

    @cached_property
    def found_here(self) -> QTextCharFormat:
        """The hit that was gone to."""
        return self._backed("found_here", "found_text")

    def _backed(self, background: str, text: str) -> QTextCharFormat:
        made = QTextCharFormat()
        made.setBackground(self.colour(background))
        made.setForeground(self.colour(text))
        return made

    def as_wide(self, width: float) -> QTextCharFormat:
        """Makes a space that wide: a formula stands there."""
        found = self._wide.get(width)
        if found is None:
            found = QTextCharFormat()
            found.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
            found.setFontLetterSpacing(width - self.metrics.horizontalAdvance("\u00a0"))
            self._wide[width] = found
        return found

    def formula(self, tex: str, *, display: bool) -> Formula | None:
        """None while it is being drawn; `failed` where it can't be."""
        if self._formulas is None:
            return Formula()
        return self._formulas.image(
            tex, display=display, pixel_size=self._math_size, colour=self.theme.text, ratio=self._ratio
        )

    @cached_property
    def _math_size(self) -> float:
        return matching_size(self.metrics)

    @cached_property
    def number_height(self) -> float:
        return QFontMetricsF(self.code_small).height()

    def number(self, line: int) -> QStaticText:
        """A line's number, ready to be drawn in `code_small`."""
        found = self._numbers.get(line)
        if found is None:
            if len(self._numbers) >= MOST_NUMBERS:
                self._numbers.clear()
            found = self._numbers[line] = QStaticText(str(line))
            found.setTextFormat(Qt.TextFormat.PlainText)
            found.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
            found.prepare(font=self.code_small)
        return found

    def inline(self, style: Style) -> QTextCharFormat:
        found = self._inline.get(style)
        if found is None:
            found = self._inline[style] = self._make_inline(style)
        return found

    def _make_inline(self, style: Style) -> QTextCharFormat:
        made = QTextCharFormat()
        if style & Style.BOLD:
            made.setFontWeight(QFont.Weight.DemiBold)
        if style & Style.ITALIC:
            made.setFontItalic(True)
        if style & Style.STRIKE:
            made.setFontStrikeOut(True)
        if style & Style.CODE:
            made.setFontFamilies(self.code.families() or [self.code.family()])
            made.setFontFixedPitch(True)
            made.setBackground(self.colour("inline_code"))
        if style & Style.NOTE:
            made.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSuperScript)
            made.setForeground(self.colour("text_muted"))
        if style & Style.MATH:
            made.setFontItalic(True)
        if style & Style.LINK:
            made.setForeground(self.colour("link"))
            made.setFontUnderline(True)
        return made

    @property
    def text_line(self) -> float:
        """Height of a line of running text."""
        return self.metrics.height() * 1.12 + metrics.GAP_SMALL / 2
