"""Pictures of code and of messages."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from PySide6.QtCore import QByteArray
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from coderapp.core.message import FilePart, Role
from coderapp.qt import theme
from coderapp.qt.pictures import HIGHEST, Picture, TooLongForPicture, code_picture, message_picture
from coderapp.text.blocks import CodeBlock
from tests.unit.exchange.samples import HOSTILE, answer, message, rich

CODE = CodeBlock("python app.py", ["def f(x):", '    return "ä日本"  # all', "", "\tx"])

pytestmark = pytest.mark.usefixtures("qapp")


def colours(image: QImage) -> set[str]:
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    return {QColor(value).name() for value in set(memoryview(bytes(plain.constBits())).cast("I"))}


def margins_are_free(image: QImage, background: str) -> bool:
    """Nothing is drawn on the outermost pixels."""
    wanted = QColor(background)
    across = [(x, y) for x in range(image.width()) for y in (0, 20, image.height() - 20, image.height() - 1)]
    down = [(x, y) for x in (0, 20, image.width() - 20, image.width() - 1) for y in range(image.height())]
    return all(image.pixelColor(x, y) == wanted for x, y in across + down)


def drawn(svg: bytes, picture: Picture) -> QImage:
    renderer = QSvgRenderer(QByteArray(svg))
    assert renderer.isValid()
    image = QImage(round(picture.width * 2), round(picture.height * 2), QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return image


@pytest.mark.parametrize("name", ["light", "dark"])
def test_code_is_drawn_in_the_colours_of_the_theme(name: str) -> None:
    chosen = theme.load(name)
    picture = code_picture(chosen, CODE)
    image = picture.image()
    assert image.width() == round(picture.width * 2)
    assert margins_are_free(image, chosen.surface)
    assert {chosen.code_background, chosen.code_keyword, chosen.code_string} <= colours(image)
    assert QImage.fromData(QByteArray(picture.png())).size() == image.size()


def test_a_picture_is_as_wide_as_its_code_within_bounds() -> None:
    light = theme.load("light")
    widths = [code_picture(light, CodeBlock("c", ["x" * count])).width for count in (1, 60, 100, 5000)]
    assert widths[0] < widths[1] < widths[2] == widths[3]
    wrapped = code_picture(light, CodeBlock("c", ["x" * 5000]))
    assert wrapped.height > 20 * code_picture(light, CodeBlock("c", ["x"])).height / 4


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a_drawing_needs_no_fonts_and_looks_like_the_picture(name: str) -> None:
    chosen = theme.load(name)
    outlined = code_picture(chosen, CODE, outlines=True)
    svg = outlined.svg()
    root = ET.fromstring(svg)
    assert not list(root.iter("{http://www.w3.org/2000/svg}text"))
    assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > 5
    one, other = drawn(svg, outlined), code_picture(chosen, CODE).image()
    assert one.size() == other.size()
    far = sum(
        abs(one.pixelColor(x, y).lightness() - other.pixelColor(x, y).lightness()) > 90
        for x in range(0, one.width(), 2)
        for y in range(0, one.height(), 2)
    )
    assert far < one.width() * one.height() / 4 * 0.01


def test_a_message_with_everything_in_it() -> None:
    light = theme.load("light")
    made = rich().messages
    for each in (made["p1"], made["a2"], made["a3"], answer("x", HOSTILE), message("e", Role.USER)):
        picture = message_picture(light, each)
        assert margins_are_free(picture.image(), light.surface)
        ET.fromstring(message_picture(light, each, outlines=True).svg())


def test_what_nobody_can_read_is_refused_with_a_way_out() -> None:
    light = theme.load("light")
    with pytest.raises(TooLongForPicture, match="This code") as failed:
        code_picture(light, CodeBlock("c", ["x"] * 3000))
    assert "web page" in failed.value.advice
    with pytest.raises(TooLongForPicture, match="This message"):
        message_picture(light, message("m", Role.USER, FilePart("a", "", "x" * 300_000), "y"))
    assert code_picture(light, CodeBlock("c", ["x"] * 300)).height < HIGHEST
