"""Lexing that goes on where it stood: the colours are those of the whole text, however it came."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderapp.text import machines
from coderapp.text.highlight import CodeSpan, Lines, highlight
from coderapp.text.languages import LANGUAGES
from coderapp.text.machines import resumes
from coderapp.text.resumable import EVERY, Checkpoint, ResumableLexer
from coderapp.text.resuming import WAITS, table
from tests.unit.text.nasty import NASTY
from tests.unit.text.test_highlight import CODE_TEXT, check_spans

_SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.txt"))


def _classes(line: str, spans: Sequence[CodeSpan]) -> list[int]:
    found = [0] * len(line)
    for start, length, kind in spans:
        found[start : start + length] = [int(kind)] * length
    return found


def _drain(lexer: ResumableLexer, most: int) -> Lines:
    found: Lines = []
    while lexer.ready:
        found += lexer.run(most)
    return found


def _lexed(lines: list[str], language: str, step: int, most: int = 1 << 60) -> Lines:
    """Fed `step` lines at a time."""
    lexer = ResumableLexer(language)
    found: Lines = []
    for at in range(0, len(lines), step):
        lexer.feed(lines[at : at + step])
        found += _drain(lexer, most)
    lexer.feed([], final=True)
    found += _drain(lexer, most)
    assert lexer.finished
    return found


def _check(lines: list[str], language: str, found: Lines) -> None:
    assert len(found) == len(lines)
    exact = highlight(lines, language)
    for line, spans, want in zip(lines, found, exact, strict=True):
        assert _classes(line, spans) == _classes(line, want), line


@pytest.mark.parametrize("language", NASTY)
def test_growing_code_has_the_colours_of_the_whole(language: str) -> None:
    lines = NASTY[language].split("\n")[:-1]
    for step, most in ((1, 1 << 60), (2, 1 << 60), (5, 40), (len(lines), 30)):
        _check(lines, language, _lexed(lines, language, step, most))


@pytest.mark.parametrize("path", _SAMPLES, ids=lambda path: path.name)
def test_samples(path: Path) -> None:
    language = path.stem
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    assert len(lines) >= 25
    _check(lines, language, _lexed(lines, language, 1))
    _check(lines, language, _lexed(lines, language, 17, 300))


def test_there_are_samples_of_most_languages() -> None:
    assert len({path.stem for path in _SAMPLES}) >= 25


def test_what_is_settled_is_handed_out_at_once() -> None:
    lexer = ResumableLexer("css")
    lexer.feed(["a { b: 1", "}"])
    assert len(lexer.run()) == 1
    begun, column, _ = lexer.outlook()
    assert begun == ()
    assert column == 1
    assert not lexer.ready
    lexer.feed(["c { d: 2 }"])
    assert len(_drain(lexer, 9)) == 1
    lexer.feed([], final=True)
    assert len(_drain(lexer, 9)) == 1
    assert lexer.finished


def test_what_could_still_change_waits() -> None:
    lexer = ResumableLexer("javascript")
    lexer.feed(["a = 1", "/* begins"])
    assert len(lexer.run()) == 1
    for _ in range(100):
        lexer.feed(["more of it"])
        assert lexer.run() == []
    lexer.feed(["ends */ b"])
    found = lexer.run()
    assert len(found) == 101
    assert {kind for spans in found for _, _, kind in spans} == {9}


def test_an_open_line_costs_a_bounded_number_of_tries() -> None:
    lexer = ResumableLexer("javascript")
    lexer.feed(["/* begins"])
    tries = 0
    for _ in range(3000):
        lexer.feed(["more of the comment"])
        if lexer.ready:
            tries += 1
            lexer.run()
    assert tries < 130  # each while it is short, then after each quarter


@pytest.mark.parametrize("language", ["python", "html", "yaml", "ruby", "make", "json", "php", "c", "markdown"])
def test_from_a_checkpoint_the_colours_are_the_same(language: str) -> None:
    lines = (NASTY.get(language) or "all: a b\n\tgcc -o $@\nifdef X\nY := 1 \\\n  2\nendif\n").split("\n")[:-1] * 60
    lexer = ResumableLexer(language)
    lexer.feed(lines, final=True)
    exact = _drain(lexer, 1 << 60)
    assert lexer.checkpoints
    for at in lexer.checkpoints[:: max(1, len(lexer.checkpoints) // 4)]:
        again = ResumableLexer(language, at, lines[at.line - 1])
        again.feed(lines[at.line :], final=True)
        found = _drain(again, 1 << 60)
        skipped = again.first_whole - at.line
        for number, spans in enumerate(found[skipped:], again.first_whole):
            assert _classes(lines[number], spans) == _classes(lines[number], exact[number]), (at, number)


def test_checkpoints_are_few() -> None:
    lexer = ResumableLexer("python")
    lexer.feed(["x = 1"] * 1000, final=True)
    lexer.run()
    assert [at.line for at in lexer.checkpoints] == list(range(EVERY, 1000, EVERY))
    assert Checkpoint() == Checkpoint(0, 0)


def test_a_language_that_cannot_resume_is_lexed_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not resumes("pycon")
    assert all(resumes(row.name) for row in LANGUAGES)
    lines = [">>> x = '''a", "... b'''", "'a\\nb'", ">>> 1"]
    lexer = ResumableLexer("pycon")
    lexer.feed(lines)
    assert lexer.run() == []
    lexer.feed([], final=True)
    found = _drain(lexer, 5)
    _check(lines, "pycon", found)
    monkeypatch.setattr(machines, "WHOLE_LINES", 3)
    assert len(_lexed(lines, "pycon", 1)) == len(lines)


def test_long_lines_do_not_upset_what_follows() -> None:
    lines = ["x = 1", "y = '" + "a" * 10_000 + "'", "def f(): pass"]
    _check(lines, "python", _lexed(lines, "python", 1))


def test_html_whose_script_is_open_is_coloured_as_script() -> None:
    lexer = ResumableLexer("html")
    lexer.feed(["<p>a</p><script>", "const a = `x", "y ${b}`; // c", "d"])
    assert len(lexer.run()) == 3
    lexer.feed(["</script", "> <b>"], final=True)
    lines = ["<p>a</p><script>", "const a = `x", "y ${b}`; // c", "d", "</script", "> <b>"]
    _check(lines, "html", _lexed(lines, "html", 1))


@given(
    st.sampled_from([row.name for row in LANGUAGES]),
    st.lists(CODE_TEXT, max_size=8),
    st.lists(st.integers(1, 3), max_size=8),
    st.integers(1, 60),
)
@settings(max_examples=300)
def test_any_text_in_any_split(language: str, lines: list[str], splits: list[int], most: int) -> None:
    lexer = ResumableLexer(language)
    found: Lines = []
    at = 0
    for size in splits:
        lexer.feed(lines[at : at + size])
        found += _drain(lexer, most)
        at += size
    lexer.feed(lines[at:], final=True)
    found += _drain(lexer, most)
    check_spans(lines, found)
    whole = ResumableLexer(language)
    whole.feed(lines, final=True)
    assert found == whole.run()


@pytest.mark.parametrize("language", [row.name for row in LANGUAGES])
def test_hostile_lines_end(language: str) -> None:
    for text in ("/*", '"\\\\', "${`", "<a ", "(((", "<<A ", "'''", "{{", "# ", "\t x"):
        lines = [text * 20] * 12
        found = _lexed(lines, language, 5)
        check_spans(lines, found)


def test_the_table_in_the_documentation_is_the_one_in_the_code() -> None:
    document = Path(__file__).parents[3] / "docs" / "highlighting.md"
    assert table() in document.read_text(encoding="utf-8")
    assert WAITS.keys() <= {row.name for row in LANGUAGES}
