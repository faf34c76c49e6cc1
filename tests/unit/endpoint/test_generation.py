"""Stop texts, limits and log probabilities of a written answer."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.core.message import FinishReason
from coderapp.core.sampling import SamplingSettings
from coderapp.endpoint.answering import Turn
from coderapp.endpoint.generation import Generation, Limits
from coderapp.endpoint.model import SampleModel
from coderapp.endpoint.sampler import Sampler


def generation(
    model: SampleModel,
    limits: Limits,
    *,
    alternatives: int | None = None,
    prompt: str = "read csv",
    temperature: float = 0,
) -> Generation:
    reading, wording = model.read(model.plan([Turn("user", prompt)]), "markdown")
    return Generation(reading, wording, Sampler(SamplingSettings(temperature), 1), limits, alternatives)


def body(model: SampleModel) -> str:
    return model.snippets[2].body


def test_an_answer_ends_by_itself(small_model: SampleModel) -> None:
    written = generation(small_model, Limits(4000))
    assert "".join(each.text for each in written) == body(small_model)
    assert written.finish is FinishReason.STOP


def test_the_limit_is_exact(small_model: SampleModel) -> None:
    written = generation(small_model, Limits(10))
    assert len(list(written)) == written.count == 10
    assert written.finish is FinishReason.LENGTH


@pytest.mark.parametrize(
    "stop", ["import csv", "dictionaries", "def rows(path: str) ->", "R", ":\n    with", "ows as d"]
)
def test_stop_texts_end_the_answer_before_themselves(small_model: SampleModel, stop: str) -> None:
    written = generation(small_model, Limits(4000, stop=(stop, "never there")))
    text = "".join(each.text for each in written)
    assert text == body(small_model)[: body(small_model).index(stop)]
    assert written.finish is FinishReason.STOP


@given(st.data())
def test_any_piece_of_the_answer_can_stop_it(small_model: SampleModel, data: st.DataObject) -> None:
    whole = body(small_model)
    start = data.draw(st.integers(0, len(whole) - 1))
    stop = whole[start : start + data.draw(st.integers(1, 12))]
    written = generation(small_model, Limits(4000, stop=(stop,)))
    assert "".join(each.text for each in written) == whole[: whole.index(stop)]


def test_held_back_tokens_come_at_the_end(small_model: SampleModel) -> None:
    whole = body(small_model)
    written = generation(small_model, Limits(4000, stop=(whole[-3:] + "more",)))
    assert "".join(each.text for each in written) == whole


@pytest.mark.parametrize("temperature", [0, 1, 2])
def test_log_probabilities_are_those_before_temperature(small_model: SampleModel, temperature: float) -> None:
    for written in generation(small_model, Limits(30), alternatives=20, temperature=temperature):
        assert written.logprob is not None
        assert written.top is not None
        listed = [logprob for _, logprob in written.top]
        assert listed == sorted(listed, reverse=True)
        assert math.fsum(map(math.exp, listed)) <= 1 + 1e-9
        if written.logprob > listed[-1]:
            assert (written.text, written.logprob) in written.top


def test_all_alternatives_sum_to_one(small_model: SampleModel) -> None:
    for written in generation(small_model, Limits(25), alternatives=100_000, temperature=1.5):
        assert abs(math.fsum(math.exp(logprob) for _, logprob in written.top or ()) - 1) < 1e-9


def test_none_are_reported_unless_asked_for(small_model: SampleModel) -> None:
    assert all(each.logprob is None and each.top is None for each in generation(small_model, Limits(5)))


def test_a_token_that_is_cut_keeps_its_log_probability(small_model: SampleModel) -> None:
    *_, last = generation(small_model, Limits(4000, stop=("ictionaries",)), alternatives=0)
    assert last.text == " d"
    assert last.logprob is not None
