"""Sampling by its definitions: against values worked out by hand, and by its properties."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.core.sampling import SamplingSettings, distribution, draw, nucleus, penalised, softmax

LOGPROBS = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.floats(-20, 0), min_size=1, max_size=12)
SETTINGS = st.builds(
    SamplingSettings,
    st.floats(0, 2),
    st.floats(0, 1),
    st.floats(-2, 2),
    st.floats(-2, 2),
)
HALF_QUARTERS = {"a": math.log(0.5), "b": math.log(0.25), "c": math.log(0.25)}


def test_penalties_are_openais_formula() -> None:
    settings = SamplingSettings(frequency_penalty=0.5, presence_penalty=0.25)
    found = penalised({"a": -1.0, "b": -2.0, "c": -3.0}, {"a": 3, "b": 1}, settings)
    assert found == pytest.approx({"a": -1 - 3 * 0.5 - 0.25, "b": -2 - 0.5 - 0.25, "c": -3})


def test_negative_penalties_raise() -> None:
    settings = SamplingSettings(frequency_penalty=-1, presence_penalty=-0.5)
    assert penalised({"a": -1.0}, {"a": 2}, settings) == pytest.approx({"a": -1 + 2 + 0.5})


def test_softmax_at_one_gives_the_probabilities_back() -> None:
    assert softmax(HALF_QUARTERS) == pytest.approx({"a": 0.5, "b": 0.25, "c": 0.25})


def test_softmax_at_half_squares_the_odds() -> None:
    # 1/4 : 1/16 : 1/16 = 4 : 1 : 1
    assert softmax(HALF_QUARTERS, 0.5) == pytest.approx({"a": 4 / 6, "b": 1 / 6, "c": 1 / 6})


def test_softmax_at_two_takes_the_root_of_the_odds() -> None:
    root = math.sqrt(2)
    assert softmax(HALF_QUARTERS, 2)["a"] == pytest.approx(root / (root + 2))


def test_temperature_zero_takes_the_first_of_the_likeliest() -> None:
    assert softmax({"a": -2.0, "b": -1.0, "c": -1.0}, 0) == {"a": 0.0, "b": 1.0, "c": 0.0}


def test_tiny_temperatures_do_not_overflow() -> None:
    assert softmax({"a": -1.0, "b": -500.0}, 1e-6) == pytest.approx({"a": 1.0, "b": 0.0})


def test_impossible_tokens_stay_impossible() -> None:
    assert softmax({"a": -math.inf, "b": -3.0}) == {"a": 0.0, "b": 1.0}


@pytest.mark.parametrize("logits", [{}, {"a": -math.inf}])
def test_softmax_needs_a_possible_token(logits: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="possible"):
        softmax(logits)


@pytest.mark.parametrize(
    ("top_p", "kept"),
    [
        (1.0, {"a": 0.5, "b": 0.3, "c": 0.2}),
        (0.81, {"a": 0.5, "b": 0.3, "c": 0.2}),
        (0.75, {"a": 0.625, "b": 0.375, "c": 0.0}),
        (0.5, {"a": 1.0, "b": 0.0, "c": 0.0}),
        (0.0, {"a": 1.0, "b": 0.0, "c": 0.0}),
    ],
)
def test_nucleus_keeps_the_smallest_set_that_reaches_top_p(top_p: float, kept: dict[str, float]) -> None:
    assert nucleus({"a": 0.5, "b": 0.3, "c": 0.2}, top_p) == pytest.approx(kept)


def test_nucleus_of_equal_tokens_takes_the_first() -> None:
    assert nucleus({"x": 0.25, "y": 0.25, "z": 0.25, "w": 0.25}, 0.5) == {"x": 0.5, "y": 0.5, "z": 0.0, "w": 0.0}


def test_the_order_is_penalties_then_temperature_then_nucleus() -> None:
    # a is pushed to 1/2·e^-ln4 = 1/8; odds 1/8 : 1/4 : 1/4; squared 1/64 : 1/16 : 1/16; of these b and c make 8/9.
    settings = SamplingSettings(0.5, 0.85, math.log(4), 0)
    assert distribution(HALF_QUARTERS, settings, {"a": 1}) == pytest.approx({"a": 0.0, "b": 0.5, "c": 0.5})


def test_counts_are_not_needed() -> None:
    assert distribution(HALF_QUARTERS, SamplingSettings(frequency_penalty=2)) == pytest.approx(
        {"a": 0.5, "b": 0.25, "c": 0.25}
    )


def test_draws_share_the_unit_interval() -> None:
    shares = {"a": 0.5, "b": 0.0, "c": 0.5}
    assert [draw(shares, point) for point in (0.0, 0.49, 0.5, 0.999999)] == ["a", "a", "c", "c"]


def test_a_draw_needs_a_possible_token() -> None:
    with pytest.raises(ValueError, match="possible"):
        draw({"a": 0.0}, 0.3)


def test_seeded_draws_repeat_and_follow_the_distribution() -> None:
    shares = {"a": 0.7, "b": 0.3}

    def drawn() -> list[str]:
        numbers = random.Random(7)
        return [draw(shares, numbers.random()) for _ in range(4000)]

    first = drawn()
    assert first == drawn()
    assert Counter(first)["a"] / 4000 == pytest.approx(0.7, abs=0.03)


@given(LOGPROBS, SETTINGS, st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(0, 50)))
def test_a_distribution_sums_to_one(
    logprobs: dict[str, float], settings: SamplingSettings, counts: dict[str, int]
) -> None:
    found = distribution(logprobs, settings, counts)
    assert found.keys() == logprobs.keys()
    assert math.fsum(found.values()) == pytest.approx(1)
    assert all(0 <= share <= 1 + 1e-12 for share in found.values())


@given(LOGPROBS, st.floats(0.01, 2), st.floats(0.01, 2))
def test_lower_temperature_never_lowers_the_likeliest(logprobs: dict[str, float], one: float, other: float) -> None:
    cold, warm = sorted((one, other))
    best = max(logprobs, key=lambda token: logprobs[token])
    assert softmax(logprobs, cold)[best] >= softmax(logprobs, warm)[best] - 1e-9


@given(LOGPROBS, st.floats(0, 1), st.floats(0, 1))
def test_a_smaller_nucleus_is_inside_a_greater_one(logprobs: dict[str, float], one: float, other: float) -> None:
    small, great = sorted((one, other))
    shares = softmax(logprobs)
    inner = {token for token, share in nucleus(shares, small).items() if share > 0}
    outer = {token for token, share in nucleus(shares, great).items() if share > 0}
    assert inner <= outer


@given(LOGPROBS, st.floats(0.1, 2), st.integers(1, 20))
def test_a_penalty_never_helps_the_penalised(logprobs: dict[str, float], penalty: float, count: int) -> None:
    token = next(iter(logprobs))
    settings = SamplingSettings(frequency_penalty=penalty)
    before = distribution(logprobs, settings)[token]
    assert distribution(logprobs, settings, {token: count})[token] <= before + 1e-12
