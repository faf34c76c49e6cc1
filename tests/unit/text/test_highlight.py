"""Colours: of whole code, and provisionally line by line."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments.token import Number

from coderapp.text import highlight, tokens
from coderapp.text.highlight import CodeSpan, LineLexer, TokenClass
from coderapp.text.languages import LANGUAGES, fence
from coderapp.text.lexers import lexer_for
from tests.unit.text.nasty import NASTY

_SNIPPETS = Path(__file__).parents[3] / "resources" / "snippets"
_CODE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_DIFFERING = {
    "c": 2,  # a line comment that goes on by a backslash, and what the states make of the next function
    "html": 1,  # a closing tag that is broken over two lines
    "javascript": 2,  # a quoted string that goes on by a backslash
    "json": 1,  # a key whose colon is on the next line
    "markdown": 4,  # fences
    "ruby": 5,  # =begin, heredocs
    "tsx": 2,  # Pygments takes text with an apostrophe for a string over several lines; line by line it doesn't
    "yaml": 2,  # block scalars
}
"""Lines of the nasty code that are coloured otherwise while it grows."""


def _classes(line: str, spans: Sequence[CodeSpan]) -> list[int]:
    found = [0] * len(line)
    for start, length, kind in spans:
        found[start : start + length] = [int(kind)] * length
    return found


def _differing(lines: list[str], language: str) -> list[str]:
    live = LineLexer(language)
    exact = highlight.highlight(lines, language)
    return [
        line
        for line, spans in zip(lines, exact, strict=True)
        if _classes(line, spans) != _classes(line, live.lex(line))
    ]


def check_spans(lines: Sequence[str], found: Sequence[Sequence[CodeSpan]]) -> None:
    assert len(found) == len(lines)
    for line, spans in zip(lines, found, strict=True):
        done = 0
        for start, length, kind in spans:
            assert start >= done
            assert length > 0
            assert isinstance(kind, TokenClass)
            assert kind is not TokenClass.PLAIN
            done = start + length
        assert done <= len(line)


def test_classes() -> None:
    spans = highlight.highlight(["def f(x): # c", "    return 'é😀' + 1"], "python")
    assert spans == [
        ((0, 3, TokenClass.KEYWORD), (4, 1, TokenClass.FUNCTION), (10, 3, TokenClass.COMMENT)),
        (
            (4, 6, TokenClass.KEYWORD),
            (11, 4, TokenClass.STRING),
            (16, 1, TokenClass.OPERATOR),
            (18, 1, TokenClass.NUMBER),
        ),
    ]


def test_unknown_languages_stay_plain() -> None:
    assert highlight.highlight(["a", "b"], "no such language") == [(), ()]
    assert highlight.highlight([], "python") == []
    live = LineLexer("no such language")
    assert live.lex("a") == live.peek("a") == ()


def test_the_end_of_a_line_that_is_too_long_stays_plain() -> None:
    long = "x = 1;" * 1_000
    found = highlight.highlight(["a = 1", long, "b = 2"], "python")
    assert all(found)
    assert tokens.LONGEST_LINE - 9 < max(start + length for start, length, _ in found[1]) <= tokens.LONGEST_LINE
    assert found[2] == highlight.highlight(["b = 2"], "python")[0]
    assert LineLexer("python").lex(long) == ()
    spans = highlight.highlight(["int x = 1; " * 100], "java")[0]
    assert 985 < max(start + length for start, length, _ in spans) <= 1000


def test_warming() -> None:
    assert not highlight.is_warm("befunge")  # a language that nothing else here uses
    highlight.warm("befunge")
    assert highlight.is_warm("befunge")
    highlight.warm("no such language")


@pytest.mark.parametrize("language", NASTY)
def test_growing_code_is_coloured_like_whole_code(language: str) -> None:
    lines = NASTY[language].split("\n")[:-1]
    assert len(_differing(lines, language)) <= _DIFFERING.get(language, 0)


def test_snippets_are_coloured_alike_while_they_grow() -> None:
    paths = sorted(_SNIPPETS.glob("*/*.md"))
    assert paths
    taken: set[Path] = set()
    for path in paths:
        # Two of each framework: all of them would take a minute.
        same = [each for each in taken if each.parent == path.parent]
        if len(same) >= 2:
            continue
        taken.add(path)
        match = _CODE.search(path.read_text(encoding="utf-8"))
        assert match, path
        lines = match[2].split("\n")[:-1]
        assert _differing(lines, fence(match[1]).language.name) == [], path


@pytest.mark.parametrize("language", NASTY)
def test_peeking_changes_nothing(language: str) -> None:
    looked, straight = LineLexer(language), LineLexer(language)
    for line in NASTY[language].split("\n"):
        for end in range(0, len(line), 9):
            check_spans([line[:end]], [looked.peek(line[:end])])
        assert looked.peek(line) == looked.lex(line) == straight.lex(line)


CODE_TEXT = st.lists(
    st.one_of(
        st.characters(),
        st.sampled_from(
            [
                *"(){}[]<>\"'`/*\\#$%&=+-:;,.!?@^|~_ \t\r\x00\x0b\u2028é😀\ud800",
                "/*",
                "*/",
                "<!--",
                '"""',
                "<?php",
                "<script>",
                "</script>",
                "<style>",
                "${",
                "#{",
                "<<EOF",
                "EOF",
                'R"(',
                'r#"',
                "--",
                "//",
                "@",
                "if ",
                "def ",
                "x ",
                "1",
            ]
        ),
    ),
    max_size=25,
).map(lambda parts: "".join(parts).replace("\n", " "))


@given(st.sampled_from([row.name for row in LANGUAGES]), st.lists(CODE_TEXT, max_size=5), st.integers(0, 20))
@settings(max_examples=300)
def test_any_text_in_any_language(language: str, lines: list[str], cut: int) -> None:
    check_spans(lines, highlight.highlight(lines, language))
    live = LineLexer(language)
    straight = LineLexer(language)
    for line in lines:
        check_spans([line[:cut]], [live.peek(line[:cut])])
        found = live.lex(line)
        check_spans([line], [found])
        assert found == straight.lex(line)


@given(st.text(max_size=20), st.text(max_size=40))
def test_any_language_name(language: str, line: str) -> None:
    check_spans([line], highlight.highlight([line], language))
    check_spans([line], [LineLexer(language).lex(line)])


@pytest.mark.parametrize("mark", ["(", "{", "x ", "a.", '"\\', "'", "<a ", "=", "\\"])
def test_long_lines_end_in_time(mark: str) -> None:
    for language in NASTY:
        line = ('"' + mark * tokens.LONGEST_LINE)[: tokens.LONGEST_LINE]
        begin = time.process_time()
        check_spans([line], highlight.highlight([line], language))
        LineLexer(language).lex(line[:1000])
        assert time.process_time() - begin < 5, language  # 0.35 s at the most here


def test_an_expression_that_would_never_end_is_mended() -> None:
    lines = ['val s = "' + "\\\\" * 40, *['f("\\\\d")'] * 40]
    check_spans(lines, highlight.highlight(lines, "scala"))
    assert highlight.highlight(['x = "a\\\\"'], "scala")[0][-1] == (4, 5, TokenClass.STRING)


def test_hostile_nesting_does_not_grow_without_end() -> None:
    for language, line in (("javascript", "`${" * 300), ("yaml", "[" * 900), ("rust", "/*" * 400), ("php", "<?php {")):
        live = LineLexer(language)
        for _ in range(30):
            check_spans([line], [live.lex(line)])
        assert len(live.memory.stack) <= 400


def test_a_lexer_that_fails_leaves_its_text_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    lexer = lexer_for("json")
    assert lexer is not None

    def fails(text: str) -> object:
        yield 0, Number, "1"
        raise IndexError(text)

    monkeypatch.setattr(lexer, "get_tokens_unprocessed", fails)
    assert highlight.highlight(["1 2", "3"], "json") == [((0, 1, TokenClass.NUMBER),), ()]
    live = LineLexer("json")
    assert live.lex("1 2") == live.lex("3 4") == ((0, 1, TokenClass.NUMBER),)
