"""The fast way of drawing is the plain way of `core.sampling`."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderapp.core.sampling import SamplingSettings, distribution, nucleus
from coderapp.endpoint.ngram import Mixture, Unigram
from coderapp.endpoint.sampler import Sampler, Step

TEMPERATURES = st.sampled_from([0.001, 0.01, 0.1, 0.3, 0.7, 1.0, 1.4, 2.0])
PENALTIES = st.sampled_from([0.0, 0.0, 0.3, 0.5, 2.0, -0.5, -2.0])


@st.composite
def mixtures(draw: st.DrawFn) -> Mixture:
    size = draw(st.integers(2, 40))
    counts = {token: draw(st.sampled_from([0, 0, 1, 1, 2, 5, 30, 400])) for token in range(size)}
    tokens = draw(st.lists(st.integers(0, size - 1), unique=True, min_size=1, max_size=min(size, 6)))
    tail = draw(st.sampled_from([2e-6, 1e-3, 0.1, 0.5, 0.9]))
    weights = [draw(st.floats(0.001, 1)) for _ in tokens]
    explicit = {token: weight / sum(weights) * (1 - tail) for token, weight in zip(tokens, weights, strict=True)}
    return Mixture(explicit, tail, Unigram(counts, size))


def plain(mixture: Mixture, wanted: SamplingSettings, counts: Counter[int]) -> dict[int, float]:
    logs = {token: math.log(share) for token, share in mixture.probabilities().items() if share > 0}
    return distribution(logs, wanted, counts)


@settings(max_examples=150)
@given(
    mixtures(), TEMPERATURES, st.sampled_from([1.0, 0.99, 0.9, 0.5, 0.1, 0.001, 0.0]), PENALTIES, PENALTIES, st.data()
)
def test_weights_and_nucleus_are_the_plain_ones(
    mixture: Mixture, temperature: float, top_p: float, frequency: float, presence: float, data: st.DataObject
) -> None:
    wanted = SamplingSettings(temperature, top_p, frequency, presence)
    sampler = Sampler(wanted)
    for token in data.draw(st.lists(st.sampled_from(mixture.unigram.order), max_size=30)):
        sampler.take(token, mixture)
    whole = plain(mixture, SamplingSettings(temperature, 1.0, frequency, presence), sampler.counts)
    step = Step(sampler, mixture)
    for token, share in whole.items():
        assert step.weight(token) / step.total == pytest.approx(share, rel=1e-6, abs=1e-12)
    if top_p == 1:
        return
    kept = {token for token, share in nucleus(whole, top_p).items() if share > 0}
    for token in whole:
        on_the_edge = abs(step.likelier(token) / step.total - top_p) < 1e-9
        assert on_the_edge or step.keeps(token) == (token in kept)
    head = step.head()
    if head is not None:
        assert len(set(head) ^ kept) <= 1  # by a rounding error
    assert step.keeps(step.choose())


@settings(max_examples=80)
@given(mixtures(), PENALTIES, PENALTIES, st.data())
def test_temperature_zero_takes_the_likeliest(
    mixture: Mixture, frequency: float, presence: float, data: st.DataObject
) -> None:
    sampler = Sampler(SamplingSettings(0, 1, frequency, presence))
    for token in data.draw(st.lists(st.sampled_from(mixture.unigram.order), max_size=12)):
        sampler.take(token, mixture)
    shares = plain(mixture, SamplingSettings(0.5, 1, frequency, presence), sampler.counts)
    assert shares[sampler.choose(mixture)] == pytest.approx(max(shares.values()))


SMALL = Mixture({3: 0.4, 5: 0.3, 7: 0.1}, 0.2, Unigram({token: token % 4 for token in range(12)}, 12))


@pytest.mark.parametrize(
    "wanted",
    [
        SamplingSettings(),
        SamplingSettings(0.6),
        SamplingSettings(2),
        SamplingSettings(1, 0.9),
        SamplingSettings(1.5, 0.97),
        SamplingSettings(1, 0.2),
        SamplingSettings(1, 1, 0.4, 0.3),
        SamplingSettings(0.8, 0.95, -0.2, 0.5),
        SamplingSettings(1, 1, -1, -1),
        SamplingSettings(2, 0.9, 1.5, 0.5),
    ],
)
def test_draws_follow_the_distribution(wanted: SamplingSettings) -> None:
    sampler = Sampler(wanted, 11)
    for token in (3, 3, 3, 5, 1, 0, 0):
        sampler.take(token, SMALL)
    expected = plain(SMALL, wanted, sampler.counts)
    drawn = Counter(sampler.choose(SMALL) for _ in range(6000))
    assert drawn.keys() <= {token for token, share in expected.items() if share > 0}
    for token, share in expected.items():
        error = 5 * math.sqrt(max(share * (1 - share), 1e-4) / 6000)
        assert drawn[token] / 6000 == pytest.approx(share, abs=error)


def test_a_nucleus_that_draws_do_not_hit_is_found_plainly() -> None:
    # 4,000 equally likely tokens, of which the nucleus is a handful: 64 draws at 1 in 1,000 do not hit it.
    mixture = Mixture({0: 1e-9}, 1 - 1e-9, Unigram(dict.fromkeys(range(4000), 1), 4000))
    sampler = Sampler(SamplingSettings(1, 0.001), 2)
    assert all(sampler.choose(mixture) < 6 for _ in range(5))


def test_a_certain_token_needs_no_draw() -> None:
    assert Sampler(SamplingSettings(0.5)).choose(Mixture({4: 1.0}, 0.0, SMALL.unigram)) == 4


def test_sums_survive_long_answers() -> None:
    numbers = random.Random(3)
    sampler = Sampler(SamplingSettings(0.8, 1, 0.7, 0.2))
    for _ in range(2000):
        sampler.take(numbers.choice(SMALL.unigram.order), SMALL)
    expected = plain(SMALL, sampler.settings, sampler.counts)
    step = Step(sampler, SMALL)
    for token, share in expected.items():
        assert step.weight(token) / step.total == pytest.approx(share, rel=1e-9, abs=1e-15)
