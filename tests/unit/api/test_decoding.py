import contextlib
import json
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.api.decoding import NotJson, SurrogateJoiner, clean, decode_json, encode_json, excerpt
from coderapp.core.message import JsonValue

VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_there_and_back(value: JsonValue) -> None:
    if "Infinity" not in json.dumps(value):
        assert decode_json(encode_json(value)) == value
        assert json.loads(encode_json(value)) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_not_json(data: bytes) -> None:
    with contextlib.suppress(NotJson):
        decode_json(data)


def test_lone_surrogates_come_through_and_leave_cleaned() -> None:
    assert decode_json(b'{"a": "\\ud83d"}') == {"a": "\ud83d"}
    assert encode_json({"a\ud83d": ["\ude00", "\ud83d\ude00"], "n": 1}) == '{"a�":["�","😀"],"n":1}'.encode()


def test_a_byte_order_mark_is_no_fault() -> None:
    assert decode_json(b"\xef\xbb\xbf[1]") == [1]


@pytest.mark.parametrize(
    ("data", "why", "cut"),
    [
        (b'{"a": 1,}', "line 1, column", False),
        (b'{"a": [1, 2', "line 1, column", True),
        (b'{"a": "abc', "unterminated string", True),
        (b'{"a": "\\u00', "escape", True),
        (b'{"a": "\xc3', "not UTF-8 at byte 8", True),
        (b'{"a": "\xff"}', "not UTF-8 at byte 8", False),
        (b"[" * 100_000, "nested too deeply", False),
        (b"1" * (sys.get_int_max_str_digits() + 1), "number that is too long", False),
    ],
)
def test_why_it_is_not_json(data: bytes, why: str, cut: bool) -> None:
    with pytest.raises(NotJson) as caught:
        decode_json(data)
    assert why in caught.value.why
    assert caught.value.cut is cut


def test_every_cut_of_a_value_is_seen_as_cut() -> None:
    data = '{"a": [1, {"é": "x\\"y\\u00e9 😀"}], "b": null, "c": "d", "f": [-1.5e+7, true, false]}'.encode()
    for place in range(1, len(data)):
        with pytest.raises(NotJson) as caught:
            decode_json(data[:place])
        assert caught.value.cut, data[:place]


@given(st.text(st.characters(max_codepoint=0x10FFFF), max_size=12), st.lists(st.integers(0, 24), max_size=4))
def test_halves_that_deltas_tore_apart_are_joined(text: str, cuts: list[int]) -> None:
    units = text.encode("utf-16-le", "surrogatepass")
    halves = [units[place : place + 2].decode("utf-16-le", "surrogatepass") for place in range(0, len(units), 2)]
    places = [0, *sorted(min(cut, len(halves)) for cut in cuts), len(halves)]
    joiner = SurrogateJoiner()
    pieces = ["".join(halves[a:b]) for a, b in pairwise(places)]
    joined = "".join(joiner.feed(piece) for piece in pieces) + joiner.flush()
    assert joined == clean(text)
    joined.encode()


def test_clean() -> None:
    assert clean("a\ud83d\ude00b\ud83dc\ude00") == "a😀b�c�"
    assert clean("plain") == "plain"


def test_excerpt() -> None:
    assert excerpt(" a\n\tb  c ") == "a b c"
    assert excerpt("x" * 300) == "x" * 200 + "…"
    assert excerpt("word " * 10, 9) == "word word…"
