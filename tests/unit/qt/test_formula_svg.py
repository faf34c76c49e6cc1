"""Formulas in pages of HTML."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderapp.core.exporting import ExportOptions
from coderapp.exchange.exporters.html import as_html
from coderapp.qt.formula_svg import formula_svg
from tests.unit.exchange.samples import HOSTILE, rich

ALLOWED = {"svg", "title", "path", "rect"}


def test_a_formula_has_the_colour_and_the_size_of_its_text() -> None:
    svg = ET.fromstring(formula_svg(r"\frac{a^2}{b} + \sqrt{x} < y", True))
    assert {each.tag for each in svg.iter()} <= ALLOWED
    assert svg.findtext("title") == r"\frac{a^2}{b} + \sqrt{x} < y"
    assert {each.get("fill") for each in svg if each.tag != "title"} == {"currentColor"}
    assert "em;vertical-align:-" in (svg.get("style") or "")


@pytest.mark.parametrize("tex", ["", r"\frac{", r"\unknown{x}", HOSTILE, "x" * 5000, "{" * 200])
def test_what_can_not_be_drawn_is_shown_as_its_source(tex: str) -> None:
    assert formula_svg(tex, False) == ""


@settings(max_examples=20)
@given(
    st.lists(st.sampled_from(["\\text{", "<", ">", '"', "&", "}", "a", "^", "\\href{javascript:x}{y}", "script"])).map(
        "".join
    )
)
def test_nothing_but_shapes_comes_of_it(tex: str) -> None:
    if svg := formula_svg(tex, True):
        assert {each.tag for each in ET.fromstring(svg).iter()} <= ALLOWED


def test_pages_have_drawn_formulas() -> None:
    page = as_html(rich(), ExportOptions(), lambda part: None, formula_svg)
    assert page.count("<svg ") == 2
    assert "<title>a^2 + b^2 = c^2</title>" in page
    assert "<code>\\int" not in page
