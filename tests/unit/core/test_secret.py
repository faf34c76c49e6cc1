from __future__ import annotations

import copy
import json
import pickle
import traceback
from dataclasses import asdict, dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.core.secret import Secret

TEXT = "sk-3f9a-do-not-show"
SECRET = Secret(TEXT)


@dataclass(frozen=True)
class Holder:
    name: str
    secret: Secret


@pytest.mark.parametrize(
    "shown",
    [
        repr(SECRET),
        str(SECRET),
        f"{SECRET}",
        f"{SECRET!r} {SECRET!s} {SECRET!a}",
        "%s %r" % (SECRET, SECRET),  # noqa: UP031 the old way of formatting is what is tested
        repr([SECRET]),
        repr({"key": SECRET}),
        repr(Holder("h", SECRET)),
        json.dumps({"key": SECRET}, default=str),
    ],
)
def test_it_does_not_print_itself(shown: str) -> None:
    assert TEXT not in shown
    assert "Secret" in shown


def test_an_empty_one_says_so() -> None:
    assert repr(Secret(" \n")) == "Secret(empty)"
    assert not Secret("")
    assert SECRET
    assert Secret("").redact("text") == "text"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_not_pickled(protocol: int) -> None:
    for value in (SECRET, [SECRET], Holder("h", SECRET)):
        with pytest.raises(TypeError, match="not serialised") as caught:
            pickle.dumps(value, protocol)
        assert TEXT not in str(caught.value)


def test_it_is_not_copied_into_another_shape() -> None:
    for act in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not serialised"):
            act(SECRET)
    with pytest.raises(TypeError, match="not serialised"):
        asdict(Holder("h", SECRET))
    with pytest.raises(TypeError) as caught:
        json.dumps({"key": SECRET})
    assert TEXT not in str(caught.value)
    with pytest.raises(TypeError) as caught:
        format(SECRET, ">40")
    assert TEXT not in str(caught.value)
    with pytest.raises(TypeError):
        vars(SECRET)


def test_it_is_in_no_traceback_even_with_locals() -> None:
    def fail(secret: Secret) -> None:
        held = Holder("h", secret)
        raise RuntimeError(f"sending failed with {secret} of {held}", secret)

    with pytest.raises(RuntimeError) as caught:
        fail(SECRET)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    written = "".join(frames.format())
    assert "held = " in written
    assert TEXT not in written
    assert TEXT not in repr(caught.value)
    assert TEXT not in str(caught.value)


def test_it_is_stripped_and_revealed_on_request_only() -> None:
    assert Secret(f" {TEXT}\r\n").reveal() == TEXT
    assert Secret(f" {TEXT}\r\n") == SECRET


def test_equality_and_hash() -> None:
    assert Secret("a") != Secret("b")
    assert SECRET != TEXT
    assert TEXT != SECRET
    assert hash(Secret("a")) == hash(Secret("a"))
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert hash(SECRET) != hash(TEXT)


@given(st.text(st.characters()), st.text(st.characters()))
def test_equal_where_the_texts_are_also_with_bytes_that_are_no_text(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) == (one.strip() == other.strip())
    assert Secret(one) == Secret(one)


def test_redaction() -> None:
    assert SECRET.redact(f"{TEXT}: refused ({TEXT})") == "[key]: refused ([key])"
    assert SECRET.redact("nothing in it") == "nothing in it"
    assert SECRET.redact("") == ""


@given(st.text(st.characters(), max_size=20), st.text(st.characters(), max_size=20))
def test_redacted_text_never_holds_it(before: str, after: str) -> None:
    assert TEXT not in SECRET.redact(f"{before}{TEXT}{after}")
