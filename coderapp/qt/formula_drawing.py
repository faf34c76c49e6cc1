"""One formula from TeX to an image. Heavy to import (0.2 s) and to run (5 to 100 ms): for a thread only.

TeX becomes MathML (latex2mathml), that is laid out with the bundled font STIX Two Math (ziamath), and the outlines are
filled by QtSvg: no TeX, no browser and no network is needed.
"""

from __future__ import annotations

import math
import re
import unicodedata
from xml.etree import ElementTree as ET

from PySide6.QtCore import QByteArray, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from ziafont.config import config as ziafont_config
from ziamath.nodes.mnode import _node_classes  # what it can lay out; it has no public name
from ziamath.nodes.mrow import Mrow
from ziamath.tex import tex2mml
from ziamath.zmath import Math

from coderapp.qt.formula_tex import LONGEST, FormulaError, prepared
from coderapp.qt.formulas import Formula

MOST_ELEMENTS = 1_000
"""Of MathML; the time grows with their square: about 0.6 s."""

DEEPEST = 40
"""Levels of MathML, each of which takes a few levels of Python's and the SVG's recursion."""

WIDEST = 12_000
HIGHEST = 4_000
"""Of the image, in its own pixels."""

ziafont_config.svg2 = False  # outlines in place: QtSvg is not meant for all of what SVG 2 can refer to


def draw(tex: str, *, display: bool, pixel_size: float, colour: str, ratio: float) -> Formula:
    """`tex` without delimiters, at `pixel_size` (the font's, device-independent), in a `colour` like "#1f2328", for a
    device pixel `ratio`.

    Raises:
        FormulaError: It is too long, too deep or too large, or has something that is not known here.
        Exception: What the libraries raise at what they can't read, of many types.
    """
    laid_out = lay_out(tex, display=display, size=pixel_size, colour=colour)
    box = laid_out.node.bbox
    # Whole device pixels to each side of the origin, and one more for what antialiasing spills. The baseline is always
    # within, also of a raised dot.
    left = math.ceil(-box.xmin * ratio) + 1
    ascent, depth = (max(0, math.ceil(edge * ratio)) + 1 for edge in (box.ymax, -box.ymin))
    width = left + math.ceil(box.xmax * ratio) + 1
    height = ascent + depth
    if not (2 < width <= WIDEST and 2 < height <= HIGHEST):
        raise FormulaError("too large")
    svg = QSvgRenderer(QByteArray(laid_out.svg().encode()))
    svg.setViewBox(QRectF(-left / ratio, -ascent / ratio, width / ratio, height / ratio))
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    if image.isNull() or not svg.isValid():
        raise FormulaError("not drawable")
    image.fill(0)
    painter = QPainter(image)
    svg.render(painter, QRectF(0, 0, width, height))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return Formula(image, width / ratio, height / ratio, depth / ratio)


def lay_out(tex: str, *, display: bool, size: float, colour: str) -> Math:
    """Outlines of a formula with a finite box; raises as `draw` does."""
    if len(tex) > LONGEST or not tex.strip():
        raise FormulaError("empty or too long")
    tree = ET.fromstring(tex2mml(prepared(tex), inline=not display))
    _check(tree)
    tree.set("mathcolor", colour)
    laid_out = Math(tree, size=size, margin=0)
    _check_glyphs(laid_out)
    box = laid_out.node.bbox
    if not all(math.isfinite(edge) and abs(edge) < WIDEST for edge in (box.xmin, box.xmax, box.ymin, box.ymax)):
        raise FormulaError("without a size")
    return laid_out


class _Row(Mrow, tag="mrow"):
    """Rows by which nested formulas cost what their levels cost.

    ziamath lays each row out twice, the first time to see how high its brackets must be, and so doubles the time at
    each level: 5 s for ten fractions in each other. During that first time brackets do not count further in either, so
    nothing is lost by not looking for their height there.
    """

    def _get_height_nostretch(self, line: list[ET.Element], **kwargs: object) -> tuple[float, float]:
        if kwargs.get("nostretch"):
            return 0.0, 0.0
        return super()._get_height_nostretch(line, **kwargs)


_KNOWN = frozenset(_node_classes) | {"math", "mstyle", "mtr", "mtd", "none", "ms"}


def _check(tree: ET.Element) -> None:
    """Raises FormulaError at what would be drawn wrong, or not in time."""
    level = [tree]
    count = 0
    for _ in range(DEEPEST):
        count += len(level)
        for element in level:
            if element.tag.rpartition("}")[2] not in _KNOWN:
                raise FormulaError(f"unknown element {element.tag}")
            if re.search(r"\\[A-Za-z]", element.text or ""):  # a command that was not known is left as it was
                raise FormulaError(f"unknown command {element.text}")
        level = [child for element in level for child in element]
        if count + len(level) > MOST_ELEMENTS:
            raise FormulaError("too many elements")
        if not level:
            return
    raise FormulaError("too deep")


def _check_glyphs(laid_out: Math) -> None:
    """Raises FormulaError where the font has no glyph: the source in the window's fonts says more than boxes do."""
    for text in laid_out.mathml.itertext():
        for character in text:
            known = ord(character) < 0x80 or laid_out.font.glyphindex(character)
            if not known and unicodedata.category(character) not in ("Cf", "Mn", "Zs"):
                raise FormulaError(f"no glyph for {character}")
