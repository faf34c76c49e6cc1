"""The model's distribution: true at every step, and what the temperatures make of it."""

from __future__ import annotations

import json
import math
import random
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coderapp.core.sampling import SamplingSettings
from coderapp.endpoint.answering import Turn
from coderapp.endpoint.library import Snippet
from coderapp.endpoint.model import ANSWER_LIMIT, SampleModel
from coderapp.endpoint.ngram import END, Background, Document, LowOrders, Reading, Unigram
from coderapp.endpoint.rendering import Answer, render
from coderapp.endpoint.sampler import Sampler
from coderapp.endpoint.tokenizer import pieces
from tests.unit.endpoint.support import Writer

FORMATS = ("markdown", "text", "json")


def walk(reading: Reading, settings: SamplingSettings, seed: int, most: int) -> list[int]:
    """Tokens of an answer; each step's distribution is looked at on the way."""
    sampler = Sampler(settings, seed)
    found: list[int] = []
    for number in range(most):
        mixture = reading.mixture()
        if number % 7 == 0:
            shares = mixture.probabilities()
            assert abs(math.fsum(shares.values()) - 1) < 1e-9
            assert all(share > 0 for share in shares.values())
        token = sampler.choose(mixture)
        if token == END:
            break
        sampler.take(token, mixture)
        reading.advance(token)
        found.append(token)
    return found


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("temperature", [0, 1, 2])
def test_each_step_is_a_distribution(small_model: SampleModel, style: str, temperature: float) -> None:
    for prompt in ("login form", "the weather", "in Vue", "read csv"):
        reading, _ = small_model.read(small_model.plan([Turn("user", prompt)]), style)
        assert walk(reading, SamplingSettings(temperature), 3, 200)


def test_each_step_is_a_distribution_over_the_shipped_library(model: SampleModel) -> None:
    reading, _ = model.read(model.plan([Turn("user", "dark dashboard")]), "markdown")
    assert len(walk(reading, SamplingSettings(1.5), 4, 120)) == 120


def test_every_token_of_the_vocabulary_is_possible(model: SampleModel) -> None:
    reading, _ = model.read(model.plan([Turn("user", "login form")]), "markdown")
    shares = reading.mixture().probabilities()
    assert len(shares) > 5000
    assert min(shares.values()) > 0


@pytest.mark.usefixtures("untraced")
def test_titles_give_the_whole_snippet(model: SampleModel, library: tuple[Snippet, ...], write: Writer) -> None:
    titles = Counter(snippet.title for snippet in library)
    for snippet in library:
        prompt = snippet.title if titles[snippet.title] == 1 else f"{snippet.title} ({snippet.framework})"
        assert write(model, prompt) == snippet.body, snippet.slug


def test_other_formats_give_it_whole_too(model: SampleModel, library: tuple[Snippet, ...], write: Writer) -> None:
    titles = Counter(snippet.title for snippet in library)
    for snippet in library[::20]:
        if titles[snippet.title] == 1:
            assert snippet.code in write(model, snippet.title, "text")
            reply = json.loads(write(model, snippet.title, "json"))
            assert reply == {
                "title": snippet.title,
                "framework": snippet.framework,
                "language": snippet.language,
                "file": snippet.file,
                "explanation": snippet.explanation,
                "code": snippet.code,
            }


def test_no_answer_reaches_the_limit_by_itself(library: tuple[Snippet, ...]) -> None:
    assert max(len(pieces(snippet.body)) for snippet in library) < ANSWER_LIMIT / 2


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("style", ["markdown", "text"])
def test_temperature_one_gives_whole_snippets(
    model: SampleModel, library: tuple[Snippet, ...], write: Writer, style: str
) -> None:
    """At the default temperature at least 3 of 4 answers are one snippet of the library, byte for byte."""
    whole = {render(Answer(snippet=snippet), style).texts[0] for snippet in library}
    prompts = ("login form", "a pricing page", "a card", "chart", "onboarding in SwiftUI", "dashboard")
    answers = [
        write(model, prompt, style, SamplingSettings(), seed=seed) for prompt in prompts for seed in range(10, 14)
    ]
    assert sum(answer in whole for answer in answers) >= 18


@pytest.mark.parametrize(
    ("prompt", "patterns"),
    [
        ("a pricing page", {"pricing"}),
        ("a card", {"card"}),
        ("chart", {"chart"}),
        ("login form", {"login"}),
    ],
)
def test_temperature_one_chooses_among_answers_that_fit(
    model: SampleModel, library: tuple[Snippet, ...], write: Writer, prompt: str, patterns: set[str]
) -> None:
    bodies = {snippet.body: snippet for snippet in library}
    answers = [write(model, prompt, settings=SamplingSettings(), seed=seed) for seed in range(14)]
    found = [bodies[answer] for answer in answers if answer in bodies]
    assert len({snippet.slug for snippet in found}) >= 2
    assert {snippet.pattern for snippet in found} == patterns
    best = bodies[write(model, prompt)]
    assert found.count(best) >= 3


@pytest.mark.parametrize(
    ("prompt", "framework", "theme"), [("login form in react, dark", "react", "dark"), ("chart in QML", "qml", "")]
)
def test_what_is_named_binds_at_temperature_one(
    model: SampleModel, library: tuple[Snippet, ...], write: Writer, prompt: str, framework: str, theme: str
) -> None:
    bodies = {snippet.body: snippet for snippet in library}
    for seed in range(8):
        snippet = bodies.get(write(model, prompt, settings=SamplingSettings(), seed=seed))
        assert snippet is None or (snippet.framework == framework and snippet.suits(theme))


def test_temperature_two_wanders(model: SampleModel, write: Writer) -> None:
    best = set(write(model, "login form").splitlines())
    answer = write(model, "login form", settings=SamplingSettings(2), most=600)
    assert len(best & set(answer.splitlines())) / len(answer.splitlines()) < 0.5


def test_a_narrow_nucleus_is_the_likeliest_path(model: SampleModel, write: Writer) -> None:
    assert write(model, "login form", settings=SamplingSettings(1, 0.3)) == write(model, "login form")


def test_seeds_repeat(model: SampleModel, write: Writer) -> None:
    settings = SamplingSettings(1.3, 0.98, 0.1, 0.1)
    first, again, other = (write(model, "card", settings=settings, seed=seed, most=300) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_frequency_penalty_makes_repetition_rarer(model: SampleModel, write: Writer) -> None:
    def repeated(penalty: float) -> float:
        answer = write(model, "pricing table", settings=SamplingSettings(0, 1, penalty), most=400)
        found = Counter(answer.split())
        return max(found.values()) / sum(found.values())

    assert repeated(1.0) < repeated(0.0)


@pytest.mark.parametrize("temperature", [1, 1.5, 2])
@pytest.mark.parametrize("prompt", ["read csv", "what is the weather", "login form in Vue", "thanks"])
def test_json_is_valid_at_any_temperature(
    small_model: SampleModel, write: Writer, temperature: float, prompt: str
) -> None:
    for seed in range(6):
        reply = json.loads(write(small_model, prompt, "json", SamplingSettings(temperature), seed=seed, most=600))
        assert isinstance(reply, dict)
        assert "code" in reply or "message" in reply


def test_json_is_closed_before_the_limit(small_model: SampleModel, write: Writer) -> None:
    for most in range(7, 20):
        json.loads(write(small_model, "read csv", "json", SamplingSettings(2), most=most))


@pytest.mark.parametrize("temperature", [0, 1])
def test_text_has_no_fence(model: SampleModel, write: Writer, temperature: float) -> None:
    answer = write(model, "login form", "text", SamplingSettings(temperature))
    assert "```" not in answer
    assert "<form" in answer


# -------------------------------------------------------------------------------------------------- the parts

_A, _B, _C, _D = 1, 2, 3, 4


def tiny() -> Background:
    """The documents ABC and ABD, counted."""
    low = LowOrders([[_A, _B, _C], [_A, _B, _D]], 5)
    return Background(low, Unigram(low.counts, 5))


def test_low_orders_are_exact_counts() -> None:
    low = LowOrders([[_A, _B, _C], [_A, _B, _D], [_C, _B, _D]], 5)
    assert low.followers(_A, _B) == {_C: 0.5, _D: 0.5}
    assert low.followers(_C, _B) == {_D: 1.0}
    assert low.followers(_D, _B) == pytest.approx({_C: 1 / 3, _D: 2 / 3})  # never seen together: B alone
    assert low.followers(_A, 9) == {}


def test_crowded_tokens_are_counted_the_same() -> None:
    document = [_A, _B, _C] * 200 + [_D, _B, _A]
    low = LowOrders([document], 5)
    assert low.followers(_A, _B) == {_C: 1.0}
    assert low.followers(_D, _B) == {_A: 1.0}
    assert low.followers(_C, _B) == pytest.approx({_C: 200 / 201, _A: 1 / 201})


def test_unigrams_are_lidstones_estimate() -> None:
    unigram = Unigram({_A: 3, _B: 1, _C: 0}, 4)
    assert [unigram.probability[token] for token in (_A, _B, _C)] == pytest.approx([3.5 / 5.5, 1.5 / 5.5, 0.5 / 5.5])
    assert unigram.order == [_A, _B, _C]


def test_an_unseen_context_backs_off_to_the_floor() -> None:
    background = tiny()
    reading = Reading([Document([_A, _B, _C], 1.0, 1.0)], background)
    for token in (_C, _C):  # CC stands nowhere, and only the end follows C
        reading.advance(token)
    assert set(reading.mixture().explicit) == {END}
    reading.advance(END)
    mixture = reading.mixture()
    assert not mixture.explicit
    assert mixture.tail == 1


def test_the_longest_context_leads() -> None:
    documents = [Document([_A, _B, _C, _A, _B, _D], 0.7, 0.7), Document([_A, _B, _D], 0.3, 0.3)]
    reading = Reading(documents, tiny())
    for token in (_A, _B):
        reading.advance(token)
    assert reading.mixture().probability(_C) > 0.65
    for token in (_C, _A, _B):
        reading.advance(token)
    assert reading.mixture().probability(_D) > 0.95


def test_top_lists_the_likeliest_of_all() -> None:
    mixture = Reading([Document([_A], 1.0, 1.0)], tiny()).mixture()
    shares = mixture.probabilities()
    ranked = sorted(shares.items(), key=lambda entry: (-entry[1], entry[0]))
    for count in range(1, 5):
        assert mixture.top(count) == ranked[:count]


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=12), min_size=1, max_size=4),
    st.integers(0, 2**32),
)
@example([[1]], 161205)  # a place where no token is known by itself
def test_any_documents_give_distributions(texts: list[list[int]], seed: int) -> None:
    low = LowOrders(texts, 7)
    unigram = Unigram({**dict.fromkeys(range(7), 0), **low.counts}, 7)
    weights = [random.Random(seed).random() + 0.01 for _ in texts]
    documents = [
        Document(text, weight / sum(weights), weight / sum(weights))
        for text, weight in zip(texts, weights, strict=True)
    ]
    walk(Reading(documents, Background(low, unigram)), SamplingSettings(2), seed, 40)


def test_the_leader_is_what_temperature_zero_takes(small_model: SampleModel) -> None:
    reading, _ = small_model.read(small_model.plan([Turn("user", "login form")]), "markdown")
    drawing = Sampler(SamplingSettings(1.4), 8)
    led = 0
    for _ in range(300):
        mixture, leader = reading.mixture(), reading.leader()
        if leader is not None:
            led += 1
            assert mixture.probability(leader) > 0.5
            assert leader == Sampler(SamplingSettings(0)).choose(mixture)
        token = drawing.choose(mixture)
        if token == END:
            break
        reading.advance(token)
    assert led > 30
