from __future__ import annotations

import inspect
import re

import pytest

from coderapp.core import errors
from coderapp.core.errors import (
    BadReply,
    CoderappError,
    EndpointError,
    KeyMissing,
    KeyRefused,
    ParameterError,
    Problem,
    RateLimited,
    Remedy,
    RequestRefused,
    ServerFailed,
    StorageError,
    TimedOut,
    Unreachable,
)


def tree(root: type[CoderappError]) -> list[type[CoderappError]]:
    return [root, *(each for child in root.__subclasses__() for each in tree(child))]


OURS = [each for each in tree(CoderappError) if each.__module__ == errors.__name__]
LEAVES = [each for each in OURS if not any(child.__module__ == errors.__name__ for child in each.__subclasses__())]
ENDPOINT_LEAVES = [each for each in LEAVES if issubclass(each, EndpointError)]


def made(kind: type[CoderappError], sentence: str) -> CoderappError:
    return ParameterError("top_p", sentence) if kind is ParameterError else kind(sentence)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = re.findall(r"^(?:[│├└─ ]*)([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE)
    assert {name for name in drawn if hasattr(errors, name)} == {each.__name__ for each in OURS}


@pytest.mark.parametrize("kind", LEAVES)
def test_each_leaf_says_what_to_do_next(kind: type[CoderappError]) -> None:
    error = made(kind, "It rained.")
    assert str(error) == error.sentence == "It rained."
    assert error.advice == kind.default_advice
    assert re.fullmatch(r"[A-Z].{10,}\.", error.advice)


@pytest.mark.parametrize("kind", LEAVES)
def test_a_problem_keeps_what_an_error_says(kind: type[CoderappError]) -> None:
    error = made(kind, "It rained.")
    problem = Problem.of(error)
    assert (problem.kind, problem.sentence) == (kind.__name__, "It rained.")
    assert (problem.advice, problem.remedy, problem.raw) == (error.advice, kind.remedy, "")


@pytest.mark.parametrize("kind", ENDPOINT_LEAVES)
def test_a_problem_keeps_the_raw_reply_and_other_advice(kind: type[EndpointError]) -> None:
    error = kind("It rained.", advice="Take an umbrella.", status=418, raw="{rain}")
    assert error.status == 418
    assert Problem.of(error) == Problem(kind.__name__, "It rained.", "Take an umbrella.", kind.remedy, "{rain}", None)
    assert kind("It rained.", advice="").advice == ""


def test_a_problem_names_the_parameter() -> None:
    assert Problem.of(RequestRefused("No.", parameter="stop")).parameter == "stop"
    assert Problem.of(RequestRefused("No.")).parameter is None
    assert Problem.of(ParameterError("top_p", "top_p must be between 0 and 1, got 7")).parameter == "top_p"
    assert Problem.of(StorageError("The disk is full.")).parameter is None


def test_the_wait_of_a_rate_limit() -> None:
    assert RateLimited("Too many requests.", retry_after=2.5, status=429).retry_after == 2.5
    assert RateLimited("Too many requests.").retry_after is None


def test_remedies() -> None:
    assert {KeyMissing.remedy, KeyRefused.remedy} == {Remedy.EDIT_KEY}
    assert {RequestRefused.remedy, ParameterError.remedy} == {Remedy.EDIT_PARAMETERS}
    assert {each.remedy for each in (ServerFailed, Unreachable, TimedOut, BadReply, RateLimited)} == {Remedy.RETRY}
    assert StorageError.remedy is Remedy.NONE


def test_the_root_stands_alone() -> None:
    assert Problem.of(CoderappError("It rained.")) == Problem("CoderappError", "It rained.")
    assert inspect.isclass(CoderappError)
    assert issubclass(CoderappError, Exception)
