"""Finding text."""

from __future__ import annotations

import io
import marshal
import re
import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.core.errors import CoderappError
from coderapp.text import find_process
from coderapp.text.blocks import Block, Cell, CodeBlock, RuleBlock, TableBlock, TextBlock, plain_text
from coderapp.text.find import BATCH, LONGEST_QUERY, SLICE, Finder, Query, QueryFault
from coderapp.text.find_process import FindProcess, TookTooLong
from coderapp.text.prompt import prompt_blocks
from coderapp.text.stream import parse


def _found(query: Query, text: str) -> list[str]:
    with query.compile() as finder:
        return [text[start:end] for start, end in finder.find_in(text)]


def test_case_matters_where_asked() -> None:
    assert _found(Query("Ab"), "ab AB Ab") == ["ab", "AB", "Ab"]
    assert _found(Query("Ab", case=True), "ab AB Ab") == ["Ab"]


def test_letters_that_fold_to_several() -> None:
    assert _found(Query("strasse"), "Straße STRASSE") == ["Straße", "STRASSE"]
    assert _found(Query("ß"), "ß SS s") == ["ß", "SS"]
    assert _found(Query("s"), "ß s") == ["s"]  # not one half of a letter
    assert _found(Query("ΣΑΣ"), "σας") == ["σας"]
    assert _found(Query("e"), "é") == []


@given(st.text("aßSsİiıſé 😀ﬁ", max_size=30), st.text("aßSsiﬁf", min_size=1, max_size=3))
def test_hits_fold_to_what_is_looked_for(text: str, wanted: str) -> None:
    hits = Query(wanted).compile().find_in(text)
    assert all(text[start:end].casefold() == wanted.casefold() for start, end in hits)
    assert hits == sorted(hits)
    assert all(one[1] <= other[0] for one, other in pairwise(hits))
    if not hits:
        assert wanted not in text


def test_whole_words() -> None:
    assert _found(Query("foo", whole_word=True), "foo_ xfoo foo2 féfoo") == []
    assert _found(Query("foo", whole_word=True), "foo(foo) -foo") == ["foo"] * 3
    assert _found(Query("(x", whole_word=True), "f(x) (xy") == ["(x"]  # begins with no word itself
    assert _found(Query("a", whole_word=True), "a\u0301 a") == ["a"]  # a combining mark belongs to its letter
    assert _found(Query("o+", whole_word=True, regex=True), "foo oo") == ["oo"]


def test_hits_do_not_overlap() -> None:
    assert Query("aa").compile().find_in("aaaaa") == [(0, 2), (2, 4)]


def test_at_most_so_many() -> None:
    finder = Query("a").compile()
    assert len(finder.find_in("a" * 10_001)) == 10_000
    assert finder.find_in("aaa", 2) == [(0, 1), (1, 2)]
    assert finder.search_blocks([TextBlock("aa"), TextBlock("aa")], 3) == [(0, 0, 1), (0, 1, 2), (1, 0, 1)]


def test_hits_where_slices_meet() -> None:
    for text in ("x" * (SLICE - 1) + "needle", "é" * (SLICE - 2) + "NEEDLE"):
        assert Query("needle").compile().find_in(text) == [(len(text) - 6, len(text))]


def test_an_empty_query_finds_nothing() -> None:
    for query in (Query(), Query(regex=True)):
        finder = query.compile()
        assert finder.find_in("abc") == []
        assert finder.search_blocks([TextBlock("a")]) == []


def test_a_query_that_is_too_long() -> None:
    with pytest.raises(QueryFault, match="more than 5,000"):
        Query("x" * (LONGEST_QUERY + 1)).compile()


def test_blocks() -> None:
    blocks: list[Block] = [
        TextBlock("one\u2028two"),
        RuleBlock(),
        CodeBlock(lines=["x", "two"]),
        TableBlock([(Cell("a"), Cell("two"))], ("left", "left")),
    ]
    for query in (Query("two"), Query(r"^two|t\wo$", regex=True)):
        with query.compile() as finder:
            hits = finder.search_blocks(blocks)
        assert hits == [(0, 4, 7), (2, 2, 5), (3, 2, 5)]
        assert all(plain_text(blocks[index])[start:end] == "two" for index, start, end in hits)


def test_blocks_in_several_batches() -> None:
    blocks = [TextBlock("x" * (BATCH // 2 + 1)), TextBlock("ab"), TextBlock("y" * BATCH), TextBlock("b")]
    for query in (Query("b"), Query("[b]", regex=True)):
        with query.compile() as finder:
            assert finder.search_blocks(blocks) == [(1, 1, 2), (3, 0, 1)]


def test_regular_expressions() -> None:
    assert _found(Query(r"\bA\w*", regex=True), "ab Ac xa") == ["ab", "Ac"]
    assert _found(Query(r"\bA\w*", regex=True, case=True), "ab Ac xa") == ["Ac"]
    assert _found(Query(r"x*", regex=True), "axxb") == ["xx"]  # nothing empty
    assert _found(Query(r"^b$", regex=True), "a\nb\nc") == ["b"]
    assert _found(Query("\ud800|😀", regex=True), "a\ud800😀") == ["\ud800", "😀"]


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(a", "at character 1: a ( has no )"),
        ("a)", "at character 2: a ) has no ("),
        ("[a", "at character 1: a [ has no ]"),
        ("*", "at character 1: there is nothing before this"),
        ("a\\", "a \\ stands at the end"),
        ("a{2,1}", "the least number of repetitions"),
        ("a{99999999999}", "too large"),
        (r"\q", "at character 1: bad escape"),
    ],
)
def test_an_expression_that_can_not_be_read(pattern: str, words: str) -> None:
    with pytest.raises(QueryFault, match=re.escape(words)) as caught:
        Query(pattern, regex=True).compile()
    assert isinstance(caught.value, CoderappError)
    assert caught.value.sentence.endswith(".")
    assert caught.value.advice


def test_an_expression_finds_what_lies_between_pieces() -> None:
    text = "é" * (find_process.PIECE - 1) + "needle" + "x" * find_process.PIECE
    assert _found(Query("n[e]+dle", regex=True), text) == ["needle"]


def test_an_expression_that_warns() -> None:
    assert _found(Query("[[]a]", regex=True), "[a]") == ["[a]"]


def test_a_search_that_would_not_end_is_given_up() -> None:
    process = FindProcess("(a+)+b", case=True, deadline=0.05)
    with pytest.raises(TookTooLong):
        process.find(["a" * 40], 10)


def test_the_process_starts_again_unless_it_was_killed() -> None:
    process = FindProcess("a+b", case=True)
    for _ in range(2):
        assert process.find(["aab"], 10) == [[(0, 3)]]
        process.close()
    process.kill()
    with pytest.raises(TookTooLong):
        process.find(["aab"], 10)


def test_a_search_that_takes_too_long_has_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_process, "DEADLINE", 0.05)
    with Query("(a+)+b", regex=True).compile() as finder:
        for _ in range(2):  # it is not tried again
            with pytest.raises(QueryFault, match="takes too long"):
                finder.find_in("a" * 40)


def test_a_search_can_be_abandoned_from_another_thread() -> None:
    finder = Query("(a+)+b", regex=True).compile()
    found: list[list[tuple[int, int]]] = []
    thread = threading.Thread(target=lambda: found.append(finder.find_in("a" * 40)))
    thread.start()
    finder.abandon()
    thread.join()
    assert found == [[]]
    assert finder.abandoned
    assert finder.search_blocks([TextBlock("ab")]) == []
    finder.close()


def test_a_search_is_abandoned_half_way() -> None:
    finder = Query("b").compile()

    def blocks() -> Iterator[Block]:
        yield TextBlock("b" + "x" * BATCH)
        yield TextBlock("b")
        finder.abandon()
        yield TextBlock("b" * BATCH)

    assert finder.search_blocks(blocks()) == [(0, 0, 1)]


def test_a_plain_search_can_be_abandoned() -> None:
    finder = Query("a").compile()
    finder.abandon()
    assert finder.find_in("aé") == []
    assert finder.search_blocks([TextBlock("a")]) == []


def test_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_process, "command", lambda: ["/nowhere/at-all"])
    with Finder(Query("a", regex=True)) as finder, pytest.raises(QueryFault, match="can't be searched for here"):
        finder.find_in("a")


def test_a_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.frozen", True, raising=False)
    assert find_process.command()[1:] == [find_process.COMMAND]


def test_the_other_side_answers_until_nothing_more_comes() -> None:
    requests = io.BytesIO(marshal.dumps(("a+", True, 5.0)) + marshal.dumps((["aab", ""], 10)))
    replies = io.BytesIO()
    find_process.serve(requests, replies)
    assert marshal.loads(replies.getvalue()) == [[(0, 2)], []]


_WORDS = ["use", "Effect", "é", "ß", "日本", "\u0301", "&amp;", "&#65;", "[a](b)", "![x](y)", "[a]: c", "<b>", "$x$"]
_MARKS = [
    "_",
    "*",
    "**",
    "`",
    "~~",
    " ",
    "\n",
    "\n\n",
    "\\",
    "[",
    "]",
    "(",
    ")",
    "- ",
    "1. ",
    "# ",
    "> ",
    "```py\n",
    "```",
]
_PIECES = st.sampled_from([*_WORDS, *_MARKS, "| a | b |\n|---|---|\n"])
_SOURCES = st.lists(_PIECES, max_size=25).map("".join)
_NEEDLES = st.lists(_PIECES, min_size=1, max_size=3).map("".join)


@given(_SOURCES, _NEEDLES, st.booleans())
def test_what_is_said_to_be_nowhere_is_nowhere(source: str, needle: str, case: bool) -> None:
    for query in (Query(needle, case=case), Query(needle, words=(needle, "Effect"))):
        with query.compile() as finder:
            for blocks in (parse(source), prompt_blocks(source)):
                if finder.search_blocks(blocks):
                    assert finder.may_find(source)


def test_a_source_without_the_letters_is_not_read() -> None:
    with Query("useEffect(").compile() as finder:
        assert not finder.may_find("Some *other* words.")
        assert finder.may_find("use**Effect**")
        assert finder.may_find("[a](b) where letters may be gone")
    with Query("(").compile() as finder:
        assert finder.may_find("signs alone can't be told")


def test_any_of_several_words_without_accents() -> None:
    text = "Où est le CAFÉ? Le cafe est là."
    with Query("x", words=("cafe", "ou", "la")).compile() as finder:
        assert [text[a:b] for a, b in finder.find_in(text)] == ["Où", "CAFÉ", "cafe", "là"]
    with Query("x", words=("aa", "aab")).compile() as finder:
        assert finder.find_in("aaab aab") == [(0, 2), (5, 7)]
