"""Formulas as SVG to stand in a page of HTML: outlines in the colour of the text around, on its baseline."""

from __future__ import annotations

import logging
from html import escape
from xml.etree import ElementTree as ET

SIZE = 1.12
"""In the size of the text: see formulas.X_HEIGHT."""

_DRAWN_AT = 40.0  # units to the size, so that numbers with two digits behind the point are exact enough
_SHAPES = {
    "path": ("d", "fill"),
    "rect": ("x", "y", "width", "height", "fill"),
}
"""What ziamath draws with; anything else is not taken over."""

_NAMESPACE = "{http://www.w3.org/2000/svg}"

log = logging.getLogger(__name__)


def formula_svg(tex: str, display: bool) -> str:
    """An element `svg`; "" where the source is to be shown instead. Takes 5 to 100 ms."""
    from coderapp.qt.formula_tex import FormulaError

    try:
        return _drawn(tex, display)
    except FormulaError as error:
        log.debug("a formula is exported as its source: %s", error)
    except Exception as error:  # noqa: BLE001 - the libraries raise whatever TeX they can't read happens to lead to
        log.debug("a formula is exported as its source: %s: %s", type(error).__name__, error)
    return ""


def _drawn(tex: str, display: bool) -> str:
    from coderapp.qt.formula_drawing import lay_out
    from coderapp.qt.formula_tex import FormulaError

    laid_out = lay_out(tex, display=display, size=_DRAWN_AT, colour="currentColor")
    box = laid_out.node.bbox
    width, height = box.xmax - box.xmin, box.ymax - box.ymin
    if width <= 0 or height <= 0:
        raise FormulaError("nothing to see")
    shapes = []
    for shape in ET.fromstring(laid_out.svg()).iter():
        kind = shape.tag.removeprefix(_NAMESPACE)
        if kind == "svg":
            continue
        if kind not in _SHAPES or not set(shape.attrib) <= set(_SHAPES[kind]):
            raise FormulaError(f"drawn with {kind}: {' '.join(shape.attrib)}")
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in shape.attrib.items())
        shapes.append(f"<{kind}{attributes}/>")
    em = SIZE / _DRAWN_AT
    style = f"width:{width * em:.3f}em;height:{height * em:.3f}em;vertical-align:{box.ymin * em:.3f}em"
    view = f"{box.xmin:.2f} {-box.ymax:.2f} {width:.2f} {height:.2f}"
    return f'<svg viewBox="{view}" style="{style}"><title>{escape(tex)}</title>{"".join(shapes)}</svg>'
