"""TeX as models write it becomes an image that stands on the text's line, or an error, in bounded time."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from coderapp.qt import formula_drawing
from coderapp.qt.formula_tex import LONGEST, FormulaError, prepared
from coderapp.qt.formulas import Formula

pytestmark = pytest.mark.usefixtures("qapp")

TYPICAL = r"""
\frac{a}{b}
\frac{-b \pm \sqrt{b^2 - 4ac}}{2a}
\sum_{i=1}^{n} i = \frac{n(n+1)}{2}
\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}
\begin{pmatrix} a & b \\ c & d \end{pmatrix}
\begin{bmatrix} 1 & 0 \\ 0 & 1 \end{bmatrix}
\begin{vmatrix} a & b \\ c & d \end{vmatrix}
\begin{array}{|c|c|} \hline a & b \\ \hline c & d \\ \hline \end{array}
f(x) = \begin{cases} x^2 & \text{if } x \ge 0 \\ -x & \text{otherwise} \end{cases}
\begin{aligned} a &= b + c \\ &= d \end{aligned}
\begin{aligned}[t] a &= b \\[4pt] &= d \end{aligned}
\begin{align} a &= b + c \label{one} \\ &= d \nonumber \end{align}
\begin{equation} a = b \end{equation}
\begin{gathered} a \\ b \end{gathered}
\alpha, \beta, \Gamma, \Delta, \epsilon, \varepsilon, \theta, \vartheta, \lambda, \mu, \pi, \sigma, \omega, \Omega
α ≤ β → ∞
x \in \mathbb{R}^n
\mathcal{O}(n \log n)
T(n) = 2T\left(\frac{n}{2}\right) + \Theta(n)
\hat{x}, \bar{y}, \vec{v}, \tilde{z}, \dot{a}, \ddot{b}, \overline{AB}, \widehat{abc}
\lim_{x \to 0} \frac{\sin x}{x} = 1
\left[ \sum_{k=0}^{n} \binom{n_{1}+1}{k} \right]
\left. \frac{df}{dx} \right|_{x=0}
\nabla \cdot \mathbf{E} = \frac{\rho}{\varepsilon_0}
\frac{\partial f}{\partial x}
P(A \mid B) = \frac{P(B \mid A) P(A)}{P(B)}
\prod_{i=1}^{n} a_i
\sqrt[3]{x^2 + 1}
A \cup B \subseteq C \cap D
\forall x \exists y : x < y
p \implies q \iff \neg p \lor q
a \equiv b \pmod{n}
\lfloor x \rfloor + \lceil y \rceil
\|x\|_2 = \sqrt{\sum_i x_i^2}
\text{softmax}(z)_i = \frac{e^{z_i}}{\sum_j e^{z_j}}
\text{Attention}(Q, K, V) = \text{softmax}\left(\frac{QK^T}{\sqrt{d_k}}\right)V
\operatorname*{argmax}_{\theta} \mathcal{L}(\theta)
\boxed{42}
\underbrace{a + b}_{n} \overbrace{c}^{m}
\xrightarrow{f}
a \neq b \leq c \geq d \approx e \sim f \propto g
\iint_D f \oint_C g
\color{red}{x} + \textcolor{blue}{y}
\mathbf{W}^\top \mathbf{x} + \mathbf{b}
\mathbb{E}[X] = \int x \, p(x) \, dx
\big( \Big( \bigg( x \bigg) \Big) \big)
x_{1,2} = y'' + z'
100\% \$5 \& \# \_
\ket{\psi} = \alpha|0\rangle + \beta|1\rangle
\sum_{\substack{i<n \\ j<m}} a_{ij}
\tag{1} E = mc^2
\stackrel{def}{=} \overset{!}{=} \underset{x}{y}
\mathop{\mathrm{rank}}(A)
\bm{x} \boldsymbol{\alpha}
\sum\limits_{i=1}^n \int\limits_0^1
\text{if $x$ is even, } a\_b
\cfrac{1}{1+\cfrac{1}{x}}
\begin{smallmatrix} a & b \\ c & d \end{smallmatrix}
\cancel{x} \phantom{y} z
H_2O \rightarrow H^+ + OH^-
""".strip().splitlines()


def drawn(tex: str, *, display: bool = True, ratio: float = 1.0, pixel_size: float = 20.0) -> Formula:
    return formula_drawing.draw(tex, display=display, pixel_size=pixel_size, colour="#2040c0", ratio=ratio)


def inked_rows(formula: Formula) -> list[int]:
    """Rows of the image with pixels that are at least half covered, in its own pixels."""
    assert formula.image is not None
    image = formula.image
    columns = range(image.width())
    return [row for row in range(image.height()) if max(image.pixelColor(x, row).alpha() for x in columns) > 127]


@pytest.mark.parametrize("tex", TYPICAL)
def test_typical_formulas_are_drawn(tex: str) -> None:
    for display in (True, False):
        formula = drawn(tex, display=display)
        assert not formula.failed
        assert inked_rows(formula)


@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0])
def test_the_baseline_is_where_letters_stand(ratio: float) -> None:
    letter = drawn("x", ratio=ratio)
    baseline = round((letter.height - letter.depth) * ratio)
    assert inked_rows(letter)[-1] + 1 == baseline
    fraction = drawn(r"x\frac{a}{q}", ratio=ratio)
    assert fraction.depth > letter.depth
    below = drawn("p", ratio=ratio)
    assert inked_rows(below)[-1] + 1 > round((below.height - below.depth) * ratio)


@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0, 3.0])
def test_sizes_are_whole_device_pixels(ratio: float) -> None:
    formula = drawn(r"\sqrt{x}", ratio=ratio)
    assert formula.image is not None
    assert formula.image.devicePixelRatio() == ratio
    assert formula.width * ratio == pytest.approx(formula.image.width())
    assert formula.height * ratio == pytest.approx(formula.image.height())
    assert formula.depth * ratio == pytest.approx(round(formula.depth * ratio))


def test_nothing_is_cut_off() -> None:
    for tex in (r"\int_0^1 f", r"\frac{a}{b}", r"\hat{y}", r"\underbrace{x}_{y}", r"\left(\frac{1}{2}\right)", "fjgQ"):
        image = drawn(tex, ratio=2.0).image
        assert image is not None
        frame = [(column, row) for column in range(image.width()) for row in (0, image.height() - 1)]
        frame += [(column, row) for column in (0, image.width() - 1) for row in range(image.height())]
        assert max(image.pixelColor(column, row).alpha() for column, row in frame) < 64, tex


def test_the_colour_is_the_one_asked_for() -> None:
    image = drawn(r"\frac{a}{b}").image
    assert image is not None
    colours = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())
               if image.pixelColor(x, y).alpha() == 255}  # fmt: skip
    assert colours == {QColor("#2040c0").name()}


def test_text_style_is_lower_than_display_style() -> None:
    assert drawn(r"\sum_{i=1}^n i", display=False).height < drawn(r"\sum_{i=1}^n i", display=True).height


@pytest.mark.parametrize(
    "tex",
    [
        "",
        "  ",
        r"\unknown{x}",
        r"\dv{f}{x}",
        r"\text{价格}",
        "x" * (LONGEST + 1),
        "x+" * 900,
        "{" * 50 + "x" + "}" * 50,
    ],
)
def test_what_would_be_drawn_wrong_or_late_is_refused(tex: str) -> None:
    with pytest.raises(FormulaError):
        drawn(tex)


@pytest.mark.parametrize("tex", [r"\frac{a}{", "}{", "x^", r"\left( x", r"\begin{matrix} a", "a < b & c", "\x00"])
def test_what_cannot_be_read_is_an_error(tex: str) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - of the libraries' own, many kinds
        drawn(tex)


@pytest.mark.parametrize("before", ["{", r"\sqrt{", r"\hat{", r"\frac{1}{", "x^{", r"\left(", r"\overset{a}{"])
def test_the_time_does_not_double_with_each_level(before: str) -> None:
    """Where it does, a dozen levels take half a minute."""
    after = r"\right)" if before.endswith("(") else "}"
    assert not drawn(before * 15 + "x" + after * 15).failed


PIECES = r"""
\ { } ^ _ & $ # % ~ ' | ( ) [ ] < > \\ \frac \sqrt \left( \right) \left. \right] \begin{matrix} \end{matrix} - = a x 1
\begin{cases} \end{cases} \begin{aligned} \end{aligned} \sum \int \text{ab} \text{$ \mathbb{R} \hat \over \binom \tag{1}
\mathop \mathrm \limits \color{red} \label{a} \\[2pt] \hspace{1em} \operatorname \overset \unknown é 价 😀
"""
WORDS = st.sampled_from([*PIECES.split(), "\x00", "\ud800", " ", "\n"])


@settings(max_examples=150)
@example("·")
@given(st.one_of(st.lists(WORDS, max_size=14).map("".join), st.text(max_size=30)))
def test_any_text_is_drawn_or_refused(tex: str) -> None:
    with suppress(Exception):
        prepared(tex)
    try:
        formula = drawn(tex, pixel_size=12.0)
    except Exception:  # noqa: BLE001 - never anything else
        return
    assert formula.width > 0
    assert 0 <= formula.depth <= formula.height


@pytest.mark.parametrize(
    ("tex", "words"),
    [
        (r"a \label{eq:1} b", "a   b"),
        (r"\begin{align}a\end{align}", r"\begin{align*}a\end{align*}"),
        (r"\begin{equation*}a\end{equation*}", " a "),
        (r"a\\[2pt]b", r"a\\ b"),
        (r"\binom{a_{b}}{c}", r"\left( {a_{b}} \atop {c} \right)"),
        (r"\binom{a}{\binom{b}{c}}", r"\left( {a} \atop {\left( {b} \atop {c} \right)} \right)"),
        (r"\binom{a", r"\binom{a"),
        (r"\binom a b", r"\binom a b"),
        (r"\tag*{x}", r"\qquad \text{(x)}"),
        (r"\text{a $x$ b}", r"\text{a }x\text{ b}"),
        (r"\text{costs $5}", r"\text{costs $5}"),
        (r"\text{a\_b}", r"\text{a_b}"),
        (r"\mathop{\rm tr} A", r"{\rm tr} A"),
    ],
)
def test_words_that_the_libraries_do_not_read_are_put_into_others(tex: str, words: str) -> None:
    assert prepared(tex) == words


def test_importing_the_waiting_side_does_not_import_the_libraries(qtbot: QtBot) -> None:
    import subprocess
    import sys

    code = "import sys, coderapp.qt.formulas; print({'ziamath', 'latex2mathml', 'PySide6.QtSvg'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"
