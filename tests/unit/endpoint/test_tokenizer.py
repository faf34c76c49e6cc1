from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coderapp.endpoint.tokenizer import Vocabulary, count_pieces, pieces


def test_pieces_take_their_space_and_their_indentation() -> None:
    assert pieces("if x:\n    return 1234") == ["if", " x", ":", "\n    ", "return", " 123", "4"]


def test_runs_of_punctuation_stay_together() -> None:
    assert pieces("</a> => ```") == ["</", "a", ">", " =>", " ```"]


@given(st.text())
def test_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


@given(st.text())
def test_a_vocabulary_encodes_and_decodes(text: str) -> None:
    vocabulary = Vocabulary(["known"])
    numbers = vocabulary.encode(text)
    assert vocabulary.decode(numbers) == text
    assert vocabulary.encode(text) == numbers


def test_long_texts_are_counted_slice_by_slice() -> None:
    text = "word " * 50_000
    assert abs(count_pieces(text) - len(pieces(text))) <= len(text) // 65_536 + 1


def test_unknown_pieces_are_not_known() -> None:
    assert Vocabulary(["a"]).known("b") is None
