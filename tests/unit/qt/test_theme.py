"""Both themes: every text can be read where it stands, every control and focus can be seen (WCAG 2.2, AA)."""

from __future__ import annotations

import dataclasses

import pytest
from PySide6.QtGui import QColor, QPalette
from pytestqt.qtbot import QtBot

from coderapp.qt import theme
from coderapp.qt.theme import Theme

BACKGROUNDS = ("window", "surface", "surface_alt", "sidebar", "field")

TEXT = [
    *(("text", ground) for ground in (*BACKGROUNDS, "hover", "pressed", "current", "inline_code", "table_header")),
    *(("text_muted", ground) for ground in (*BACKGROUNDS, "hover", "current", "code_header")),
    *(("link", ground) for ground in ("surface", "surface_alt", "inline_code", "table_header", "window")),
    *(("error", ground) for ground in ("surface", "sidebar", "window", "error_background")),
    *(("success", ground) for ground in ("surface", "window")),
    ("text", "error_background"),
    ("warning", "warning_background"),
    ("accent_text", "accent"),
    ("selection_text", "selection"),
]

CODE = [field.name for field in dataclasses.fields(Theme) if field.name.startswith("code_")]
CODE_TEXT = [name for name in CODE if name not in ("code_background", "code_header")]

SHAPES = [
    *(("border_strong", ground) for ground in BACKGROUNDS),
    *(("focus_ring", ground) for ground in (*BACKGROUNDS, "code_header", "code_background", "current")),
    *(("accent", ground) for ground in ("surface", "sidebar", "field", "window")),
]
"""Borders by which a control is known, and what shows the focus or a state."""


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""

    def linear(channel: int) -> float:
        part = channel / 255
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.fixture(params=["light", "dark"])
def shown(request: pytest.FixtureRequest) -> Theme:
    return theme.load(request.param)


def failing(shown: Theme, pairs: list[tuple[str, str]], least: float) -> list[str]:
    found = []
    for front, ground in pairs:
        ratio = contrast(getattr(shown, front), getattr(shown, ground))
        if ratio < least:
            found.append(f"{front} on {ground}: {ratio:.2f}, {least} needed")
    return found


def test_the_measure_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#0000ff", "#ffffff") == pytest.approx(8.59, abs=0.01)


def test_texts_can_be_read(shown: Theme) -> None:
    assert failing(shown, TEXT, 4.5) == []


def test_code_can_be_read(shown: Theme) -> None:
    assert failing(shown, [(name, "code_background") for name in CODE_TEXT], 4.5) == []


def test_controls_and_focus_can_be_seen(shown: Theme) -> None:
    assert failing(shown, SHAPES, 3.0) == []


def test_the_palette_and_the_style_sheet_are_of_the_theme(qtbot: QtBot, shown: Theme) -> None:
    made = theme.palette(shown)
    for role, colour in (
        (QPalette.ColorRole.Window, shown.window), (QPalette.ColorRole.WindowText, shown.text),
        (QPalette.ColorRole.Base, shown.field), (QPalette.ColorRole.Highlight, shown.accent),
        (QPalette.ColorRole.PlaceholderText, shown.text_muted),
    ):  # fmt: skip
        assert made.color(role) == QColor(colour)
    disabled = made.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
    assert contrast(disabled.name(), shown.field) >= 3
    sheet = theme.style_sheet(shown)
    assert shown.focus_ring in sheet
    assert "None" not in sheet


def test_each_kind_of_token_has_a_colour(shown: Theme) -> None:
    from coderapp.text.highlight import TokenClass

    assert len(shown.code_colours()) == len(TokenClass)


def test_the_settings_values(qtbot: QtBot) -> None:
    assert theme.chosen("light").name == "light"
    assert theme.chosen("dark").name == "dark"
    assert theme.chosen("system").name in ("light", "dark")
