"""Formulas are asked for while painting and come from a thread."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QFont, QFontMetricsF
from pytestqt.qtbot import QtBot

from coderapp.qt import formulas as formulas_module
from coderapp.qt.formulas import Formula, Formulas, matching_size


@pytest.fixture
def formulas(qtbot: QtBot) -> Iterator[Formulas]:
    made = Formulas()
    yield made
    made.stop()


def ask(formulas: Formulas, tex: str, *, colour: str = "#000000", ratio: float = 1.0) -> Formula | None:
    return formulas.image(tex, display=False, pixel_size=16.0, colour=colour, ratio=ratio)


def come(qtbot: QtBot, formulas: Formulas, tex: str, *, colour: str = "#000000", ratio: float = 1.0) -> Formula:
    qtbot.waitUntil(lambda: ask(formulas, tex, colour=colour, ratio=ratio) is not None, timeout=20_000)
    formula = ask(formulas, tex, colour=colour, ratio=ratio)
    assert formula is not None
    return formula


def test_a_formula_comes_later_and_stays(qtbot: QtBot, formulas: Formulas) -> None:
    with qtbot.waitSignal(formulas.ready, timeout=20_000):
        assert ask(formulas, "x^2") is None
        assert ask(formulas, "x^2") is None
        assert formulas.pending == 1
    formula = ask(formulas, "x^2")
    assert formula is not None
    assert not formula.failed
    assert 0 < formula.depth < formula.height
    assert formula.width > 0
    assert ask(formulas, "x^2") is formula
    assert formulas.pending == 0


def test_another_colour_or_ratio_is_another_image(qtbot: QtBot, formulas: Formulas) -> None:
    plain = come(qtbot, formulas, "x")
    fine = come(qtbot, formulas, "x", ratio=2.0)
    assert come(qtbot, formulas, "x", colour="#ffffff") is not plain
    assert plain.image is not None
    assert fine.image is not None
    assert fine.image.width() > plain.image.width()
    assert fine.width == pytest.approx(plain.width, abs=2)


@pytest.mark.parametrize("tex", [r"\frac{a}{", r"\unknown", "", "x+" * 5_000, "{" * 1_999, "\ud800"])
def test_what_cannot_be_drawn_has_failed(qtbot: QtBot, formulas: Formulas, tex: str) -> None:
    formula = come(qtbot, formulas, tex)
    assert formula.failed
    assert formula.image is None


def test_a_failure_does_not_keep_the_next_from_coming(qtbot: QtBot, formulas: Formulas) -> None:
    assert ask(formulas, "y") is None
    assert ask(formulas, r"\frac{") is None
    assert not come(qtbot, formulas, "y").failed
    assert come(qtbot, formulas, r"\frac{").failed


def test_no_more_than_the_bound_are_kept(qtbot: QtBot, formulas: Formulas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formulas_module, "MOST_KEPT", 3)
    for letter in "abcde":
        come(qtbot, formulas, letter)
    assert ask(formulas, "e") is not None
    assert ask(formulas, "c") is not None
    assert ask(formulas, "a") is None


def test_images_are_kept_up_to_their_bytes(qtbot: QtBot, formulas: Formulas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formulas_module, "MOST_BYTES", 1)
    come(qtbot, formulas, "a")
    come(qtbot, formulas, "b")
    assert ask(formulas, "b") is not None
    assert ask(formulas, "a") is None


def test_what_waits_longest_is_forgotten_beyond_the_bound(
    qtbot: QtBot, formulas: Formulas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formulas_module, "MOST_WAITING", 5)
    for number in range(100):
        ask(formulas, f"x_{{{number}}}")
    assert formulas.pending <= 7  # and one that is being drawn, and one on its way
    assert not come(qtbot, formulas, "x_{99}").failed
    assert not come(qtbot, formulas, "x_{0}").failed  # by asking again


def test_stopping_while_formulas_are_drawn(qtbot: QtBot) -> None:
    formulas = Formulas()
    for number in range(50):
        assert ask(formulas, rf"\sum_{{i=1}}^{{{number}}} \frac{{i}}{{2}}") is None
    qtbot.wait(5)
    heard: list[None] = []
    formulas.ready.connect(lambda: heard.append(None))
    formulas.stop()
    assert formulas.pending == 0
    assert ask(formulas, "x") is None
    assert formulas.pending == 0
    qtbot.wait(2 * formulas_module.GATHER_MS)
    assert not heard
    formulas.stop()


def test_stopping_before_anything_was_asked_for(qtbot: QtBot) -> None:
    formulas = Formulas()
    formulas.stop()
    assert ask(formulas, "x") is None


def test_formulas_match_the_small_letters_of_the_text(qtbot: QtBot) -> None:
    font = QFont("DejaVu Sans")
    font.setPixelSize(14)
    metrics = QFontMetricsF(font)
    size = matching_size(metrics)
    assert size * formulas_module.X_HEIGHT == pytest.approx(metrics.xHeight(), abs=0.3)
    assert size * 2 == round(size * 2)
