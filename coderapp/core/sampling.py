"""Temperature, nucleus (top-p), frequency and presence penalties over a distribution of log probabilities.

The textbook definitions, in the order in which they act:

1. penalties: ``logit = logprob - count * frequency - (count > 0) * presence`` (OpenAI's reference);
2. temperature: ``p = softmax(logit / temperature)``; 0 puts all on the likeliest;
3. nucleus: the smallest set of likeliest tokens whose probabilities reach ``top_p``, renormalised
   (Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration").

Everything here is pure and works on whole distributions, token → value. Where two tokens are equally likely the one
that comes first in the mapping is taken first, so the same mapping always gives the same result. The endpoint's model
has a faster way for its large vocabulary and is tested to equal this one; what-if sliders call this one directly.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Token = TypeVar("Token", bound=Hashable)


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """The defaults change nothing. Ranges are those of `core.parameters`; they are not checked here."""

    temperature: float = 1.0
    top_p: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0

    @property
    def penalises(self) -> bool:
        return self.frequency_penalty != 0 or self.presence_penalty != 0

    def penalty(self, count: int) -> float:
        """What a token that occurred `count` times loses of its logit."""
        return count * self.frequency_penalty + self.presence_penalty if count > 0 else 0.0


def penalised(
    logprobs: Mapping[Token, float], counts: Mapping[Token, int], settings: SamplingSettings
) -> dict[Token, float]:
    """Logits: the log probabilities less the penalties for what occurred already (`counts`, 0 where absent)."""
    return {token: value - settings.penalty(counts.get(token, 0)) for token, value in logprobs.items()}


def softmax(logits: Mapping[Token, float], temperature: float = 1.0) -> dict[Token, float]:
    """Probabilities that sum to 1. At temperature 0 the first of the likeliest has probability 1.

    A logit of minus infinity is a probability of 0. Raises ValueError where no logit is finite.
    """
    best = max(logits.values(), default=-math.inf)
    if best == -math.inf:
        raise ValueError("a distribution needs at least one token that is possible")
    if temperature <= 0:
        chosen = next(token for token, value in logits.items() if value == best)
        return {token: 1.0 if token == chosen else 0.0 for token in logits}
    weights = {token: math.exp((value - best) / temperature) for token, value in logits.items()}
    total = math.fsum(weights.values())
    return {token: weight / total for token, weight in weights.items()}


def nucleus(probabilities: Mapping[Token, float], top_p: float) -> dict[Token, float]:
    """Only the likeliest tokens that together reach `top_p`, renormalised; 0 for the others.

    At least one token stays, whatever `top_p` is; from 1 upwards nothing is cut.
    """
    if top_p >= 1:
        return dict(probabilities)
    kept: dict[Token, float] = {}
    reached = 0.0
    for token, probability in sorted(probabilities.items(), key=lambda entry: -entry[1]):
        kept[token] = probability
        reached += probability
        if reached >= top_p:
            break
    total = math.fsum(kept.values())
    return {token: kept.get(token, 0.0) / total for token in probabilities}


def distribution(
    logprobs: Mapping[Token, float],
    settings: SamplingSettings,
    counts: Mapping[Token, int] | None = None,
) -> dict[Token, float]:
    """What a token is drawn from: penalties, then temperature, then nucleus. Sums to 1, same tokens as `logprobs`.

    `counts`: how often each token occurred in the answer so far.
    """
    logits = penalised(logprobs, counts, settings) if counts and settings.penalises else logprobs
    return nucleus(softmax(logits, settings.temperature), settings.top_p)


def draw(probabilities: Mapping[Token, float], point: float) -> Token:
    """The token in whose share of the unit interval `point` falls, 0 <= point < 1; tokens in the mapping's order.

    With ``random.Random(seed).random()`` for a point, draws repeat with the seed. Never a token of probability 0.
    Raises ValueError where all are 0.
    """
    remaining = point * math.fsum(probabilities.values())
    last: Token | None = None
    for token, probability in probabilities.items():
        if probability <= 0:
            continue
        last = token
        remaining -= probability
        if remaining < 0:
            return token
    if last is None:
        raise ValueError("a draw needs at least one token that is possible")
    return last
