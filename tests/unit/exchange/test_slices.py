"""Large files are read member by member, whatever the window, and whatever is wrong with them."""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coderapp.exchange.importers import slices
from coderapp.exchange.importers.partial import partial
from coderapp.exchange.importers.slices import Member, Slices

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8), inside, max_size=4),
    max_leaves=6,
)  # fmt: skip

rows_of = st.tuples(st.text(max_size=20), values).map(lambda pair: {"title": pair[0], "x": pair[1]})


@contextmanager
def window(size: int, largest: int = slices.LARGEST) -> Iterator[None]:
    before = slices.WINDOW, slices.LARGEST
    slices.WINDOW, slices.LARGEST = size, largest
    try:
        yield
    finally:
        slices.WINDOW, slices.LARGEST = before


def read(data: bytes) -> list[Member]:
    return list(Slices(data).members())


def told(value: Any, *, ascii_only: bool = False, indent: int | None = None) -> bytes:
    return json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")


@example(rows=[[], -0.0], size=8, ascii_only=False, indent=None)
@example(rows=[0, 1e-7, 2.5e300], size=9, ascii_only=False, indent=None)
@given(st.lists(values, min_size=1, max_size=6), st.integers(8, 300), st.booleans(), st.sampled_from([None, 2]))
def test_a_list_gives_its_members(rows: list[Any], size: int, ascii_only: bool, indent: int | None) -> None:
    data = told(rows, ascii_only=ascii_only, indent=indent)
    with window(size):
        found = read(data)
    assert [member.value for member in found] == rows
    assert not any(member.damaged for member in found)
    for member, value in zip(found, rows, strict=True):
        assert data[member.at :].startswith(told(value, ascii_only=ascii_only)[:1])


@given(st.lists(st.dictionaries(st.text(max_size=5), values, min_size=1), min_size=1, max_size=5), st.integers(8, 90))
def test_lines_give_a_value_each(rows: list[Any], size: int) -> None:
    with window(size):
        found = read(b"\n".join(told(row) for row in rows) + b"\n\0\0")
    assert [member.value for member in found] == rows


@given(st.lists(rows_of, min_size=1, max_size=4), st.data())
def test_whatever_is_cut_off_the_members_before_are_read(rows: list[Any], data: st.DataObject) -> None:
    whole = told(rows)
    cut = data.draw(st.integers(1, len(whole) - 1))
    ends = [sum(len(told(row)) + 2 for row in rows[: place + 1]) - 1 for place in range(len(rows))]
    expected = [row for row, end in zip(rows, ends, strict=True) if end <= cut]
    found = read(whole[:cut])
    assert [member.value for member in found if not member.damaged] == expected
    assert sum(member.damaged for member in found) == 1


@given(st.lists(rows_of, min_size=3, max_size=5), st.data())
def test_a_broken_member_costs_itself_alone(rows: list[Any], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(rows) - 1))
    texts = [told(row) for row in rows]
    texts[number] = texts[number].replace(b'"x": ', b'"x": \xff\xfe, ', 1)
    found = read(b"[" + b", ".join(texts) + b"]")
    assert [member.value for member in found if not member.damaged] == [*rows[:number], *rows[number + 1 :]]
    (broken,) = [member for member in found if member.damaged]
    assert broken.value == {"title": rows[number]["title"]}


@given(st.binary(max_size=300), st.integers(8, 60))
def test_any_bytes_come_to_an_end(data: bytes, size: int) -> None:
    with window(size, 200):
        read(data)


def test_an_object_that_is_too_large_is_read_by_its_fields() -> None:
    value = {"a": "x" * 50, "rows": [{"n": number} for number in range(50)], "b": {"c": 1}, "d": [], "last": 7}
    with window(16, 128):
        found = read(told(value))
    assert [(member.key, member.value) for member in found if member.key != "rows"] == [
        ("a", "x" * 50), ("b", {"c": 1}), ("last", 7)
    ]  # fmt: skip
    assert [member.value for member in found if member.key == "rows"] == value["rows"]


def test_a_member_that_is_too_large_is_damage_and_the_next_is_read() -> None:
    rows = [{"title": "a", "x": 1}, {"title": "b", "x": "y" * 500}, {"title": "c", "x": 2}]
    with window(16, 128):
        found = read(told(rows))
    assert [member.value for member in found if not member.damaged] == [rows[0], rows[2]]
    assert sum(member.damaged for member in found) == 1


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    (member,) = read(b'[{"a": "x\xff\xfey", "b\xc3": "\xe4\xb8"}]')
    assert member.value == {"a": "x\ufffd\ufffdy", "b\ufffd": "\ufffd"}


def test_nesting_deeper_than_python_goes() -> None:
    for depth in (900, 3000):
        (member,) = read(b"[" + b'{"a":' * depth + b"1" + b"}" * depth + b"]")
        assert not member.damaged
        value: Any = member.value
        for _ in range(depth):
            value = value["a"]
        assert value == 1
    assert read(b"[" * 30_000)[0].damaged


def test_what_json_forbids() -> None:
    (member,) = read(b'{"a": NaN, "b": -Infinity, "c": "line\nline\x01", "d": ' + b"9" * 5000 + b"}")
    assert member.value == {"a": None, "b": None, "c": "line\nline\x01", "d": f"{'9' * 40}…"}


def test_a_mapped_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "FORGET_EVERY", 8192)
    path = tmp_path / "rows.json"
    rows = [{"n": number, "text": "é" * 100} for number in range(500)]
    path.write_bytes(told(rows))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        assert [member.value for member in Slices(data).members()] == rows


@given(values, st.data())
def test_what_stands_before_a_fault_is_a_beginning(value: Any, data: st.DataObject) -> None:
    text = json.dumps(value)
    cut = data.draw(st.integers(0, len(text)))
    found, place = partial(text[:cut], slices.decoder)
    assert 0 <= place <= cut
    if cut == len(text):
        assert found == value
    elif isinstance(value, dict) and found is not None:
        assert isinstance(found, dict)
        assert set(found) <= set(value)
