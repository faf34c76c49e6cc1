"""Draws tokens from a `Mixture` as `core.sampling` defines it, without walking the whole vocabulary.

A mixture is a few explicit probabilities and a multiple of the unigram distribution, the tail. In the tail, equally
common tokens form groups, a few hundred, and are equally likely at any temperature. So a step weighs one by one only
the explicit tokens and those that a penalty touches, and of each group how many others it has. All weights are
relative to the greatest one, so that no temperature makes them overflow. The results are those of
`core.sampling.distribution` over the mixture's whole vocabulary in the order of the tokens' numbers (tested).
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Set as AbstractSet
from operator import mul

from coderapp.core.sampling import SamplingSettings, distribution, draw
from coderapp.endpoint.ngram import LOWEST, Mixture, Unigram

_TRIES = 64
_MOST_GAIN = 8.0
_REFRESH = 64
_UNDERFLOW = 1e-250


class Touched:
    """Tokens of the tail that a penalty touches. `weights`: relative to the first group's power. `heavy`: tokens whose
    weight would be too great beside the others for one sum, by their logit less that of the tail as a whole. `left`:
    how many tokens of each group are neither.
    """

    __slots__ = ("_inverse", "_since", "_unigram", "heavy", "left", "sum", "weights")

    def __init__(self, unigram: Unigram, temperature: float) -> None:
        self._unigram = unigram
        self._inverse = 1 / temperature if temperature > 0 else 0.0
        self.left = list(unigram.sizes)
        self.weights: dict[int, float] = {}
        self.heavy: dict[int, float] = {}
        self.sum = 0.0
        self._since = 0

    def logit(self, token: int, penalty: float) -> float:
        return self._unigram.logs[self._unigram.groups[token]] - penalty

    def set(self, token: int, penalty: float) -> None:
        """What the penalty of a token of the unigram distribution is now."""
        group = self._unigram.groups[token]
        earlier = self.weights.pop(token, None)
        if earlier is not None or self.heavy.pop(token, None) is not None:
            self.left[group] += 1
        now = 0.0
        if penalty:
            self.left[group] -= 1
            logit = self._unigram.logs[group] - penalty
            gain = (logit - self._unigram.logs[0]) * self._inverse
            if gain > _MOST_GAIN:
                self.heavy[token] = logit
            else:
                now = self.weights[token] = math.exp(gain)
        self._since += 1
        if self._since >= _REFRESH or (earlier or 0.0) > 0.01 * self.sum:  # the running sum must not lose its digits
            self._since = 0
            self.sum = math.fsum(self.weights.values())
        else:
            self.sum += now - (earlier or 0.0)

    def without(self, tokens: AbstractSet[int]) -> float:
        """The sum of the weights of all but `tokens`."""
        weights = self.weights
        less = math.fsum([weights[token] for token in weights.keys() & tokens])
        if self.sum - less > 1e-6 * self.sum:
            return self.sum - less
        return math.fsum([weights[token] for token in weights.keys() - tokens])


class Sampler:
    """One answer's draws. `take` must be told of each token that became part of the answer."""

    __slots__ = ("_simple", "counts", "random", "settings", "touched")

    def __init__(self, settings: SamplingSettings, seed: int | None = None) -> None:
        self.settings = settings
        self.random = random.Random(seed)
        self.counts: Counter[int] = Counter()
        self.touched: Touched | None = None
        self._simple = settings.temperature == 1 and settings.top_p >= 1 and not settings.penalises

    def choose(self, mixture: Mixture) -> int:
        """The next token."""
        if self._simple:
            return self._choose_simply(mixture)
        if len(mixture.explicit) == 1 and mixture.tail <= 0:
            return next(iter(mixture.explicit))
        if self.settings.temperature <= 0:
            return self._likeliest(mixture)
        return Step(self, mixture).choose()

    def take(self, token: int, mixture: Mixture) -> None:
        """Count a token of the answer, for the penalties."""
        if not self.settings.penalises:
            return
        self.counts[token] += 1
        if token in mixture.unigram.groups:
            self.touched = self.touched or Touched(mixture.unigram, self.settings.temperature)
            self.touched.set(token, self.settings.penalty(self.counts[token]))

    def _choose_simply(self, mixture: Mixture) -> int:
        point = self.random.random()
        for token, share in mixture.explicit.items():
            point -= share
            if point < 0:
                return token
        if mixture.tail <= 0:
            return next(reversed(mixture.explicit))
        return mixture.unigram.at(self.random.random())

    def _likeliest(self, mixture: Mixture) -> int:
        explicit = mixture.explicit
        if not self.counts:
            top = max(explicit, key=explicit.__getitem__)
            if explicit[top] > 0.5:
                return top
        candidates = set(explicit)
        if mixture.tail > 0:
            candidates.update(token for token in self.counts if token in mixture.unigram.groups)
            # Of those that are neither explicit nor penalised, the likeliest comes first in the unigram's order.
            candidates.update(next(([token] for token in mixture.unigram.order if token not in candidates), []))
        best, best_logit = -1, -math.inf
        for token in sorted(candidates):
            logit = math.log(max(mixture.probability(token), LOWEST)) - self.settings.penalty(self.counts[token])
            if logit > best_logit:
                best, best_logit = token, logit
        return best


class Step:
    """One step's weights, relative to the greatest. `singles`: those of explicit tokens, and of what must be looked at
    one by one. The other tokens are in groups, `left[g]` of weight `scale * powers[g]` each, or touched by a penalty,
    of weight `scale * touched[token]`.
    """

    __slots__ = (
        "_grouped", "_left", "_mixture", "_powers", "_sampler", "_scale", "_singles", "_singles_sum", "_touched",
        "_touched_sum", "total",
    )  # fmt: skip

    def __init__(self, sampler: Sampler, mixture: Mixture) -> None:
        self._sampler = sampler
        self._mixture = mixture
        settings, tail = sampler.settings, mixture.tail
        inverse = 1 / settings.temperature
        logs = mixture.logs()
        if settings.penalises:
            for token in logs.keys() & sampler.counts.keys():
                logs[token] -= settings.penalty(sampler.counts[token])
        self._left: list[int] = []
        self._powers: list[float] = []
        self._touched: dict[int, float] = {}
        self._scale = 0.0
        reference = -math.inf
        if tail > 0:
            reference = math.log(tail) + self._group(logs, inverse)
        greatest = max(reference, max(logs.values(), default=reference))
        if self._powers:
            self._scale = math.exp((reference - greatest) * inverse)
        self._singles = {token: math.exp((value - greatest) * inverse) for token, value in logs.items()}
        self._singles_sum = math.fsum(self._singles.values())
        self._grouped = self._scale * sum(map(mul, self._left, self._powers))
        self._touched_sum = 0.0
        if self._touched and sampler.touched is not None:
            self._touched_sum = self._scale * sampler.touched.without(self._singles.keys())
        self.total = self._singles_sum + self._grouped + self._touched_sum

    def _group(self, logs: dict[int, float], inverse: float) -> float:
        """Count what is left in each group, and find the groups' powers. Puts into `logs` what must be looked at one
        by one. Returns the log probability that the powers are relative to, minus infinity where no group has a token.
        """
        unigram, touched = self._mixture.unigram, self._sampler.touched
        log_tail = math.log(self._mixture.tail)
        groups = unigram.groups
        if touched is None:
            left = list(unigram.sizes)
            for token in logs:
                if token in groups:
                    left[groups[token]] -= 1
        else:
            left = list(touched.left)
            weights, heavy = touched.weights, touched.heavy
            for token in logs:
                if token in groups and token not in weights and token not in heavy:
                    left[groups[token]] -= 1
            for token, logit in heavy.items():
                if token not in logs:
                    logs[token] = log_tail + logit
            self._touched = weights
        powers = unigram.powers(inverse)
        first = next((group for group, count in enumerate(left) if count), len(left))
        if first == len(left) or powers[first] < _UNDERFLOW:
            # What is left is too light beside the first group for its powers: all that is touched one by one, and the
            # powers relative to the first group that has a token left.
            if touched is not None:
                settings, counts = self._sampler.settings, self._sampler.counts
                for token in self._touched:
                    if token not in logs:
                        logs[token] = log_tail + touched.logit(token, settings.penalty(counts[token]))
                self._touched = {}
            if first == len(left):
                return -math.inf
            powers = [math.exp(min((log - unigram.logs[first]) * inverse, 0.0)) for log in unigram.logs]
            self._left, self._powers = left, powers
            return unigram.logs[first]
        self._left, self._powers = left, powers
        return unigram.logs[0]

    def weight(self, token: int) -> float:
        """Of any token of the vocabulary; over `total` it is the probability before the nucleus is cut."""
        single = self._singles.get(token)
        if single is not None:
            return single
        touched = self._touched.get(token)
        if touched is not None:
            return self._scale * touched
        group = self._mixture.unigram.groups.get(token)
        return 0.0 if group is None or not self._powers else self._scale * self._powers[group]

    def choose(self) -> int:
        top_p = self._sampler.settings.top_p
        if top_p >= 1:
            return self._draw()
        head = self.head()
        if head is not None:
            point = self._sampler.random.random() * math.fsum(self._singles[token] for token in head)
            for token in head:
                point -= self._singles[token]
                if point < 0:
                    return token
            return head[-1]
        for _ in range(_TRIES):
            token = self._draw()
            if self.keeps(token):
                return token
        return self._plainly()

    def head(self) -> list[int] | None:
        """The nucleus where single tokens alone make it, likeliest first; None where it reaches into the groups."""
        top_p = self._sampler.settings.top_p
        target = top_p * self.total
        # What is this light can't be in the nucleus: all of it together does not make up what top_p leaves out.
        light = (1 - top_p) * self.total / (2 * len(self._singles))
        first = next((power for count, power in zip(self._left, self._powers, strict=True) if count), 0.0)
        bound = self._scale * max(first, max(self._touched.values(), default=0.0))
        heavy = [(-weight, token) for token, weight in self._singles.items() if weight > light]
        head = []
        reached = 0.0
        for negative, token in sorted(heavy):
            if -negative <= bound:
                return None
            head.append(token)
            reached -= negative
            if reached >= target:
                return head
        return None

    def keeps(self, token: int) -> bool:
        """Whether `token` is in the nucleus: what is likelier than it has not reached top_p yet."""
        likelier = self.likelier(token)
        return likelier <= 0 or likelier < self._sampler.settings.top_p * self.total

    def likelier(self, token: int) -> float:
        """The sum of the weights of all tokens that come before `token`, likeliest first and then by number."""
        own = self.weight(token)
        before = [
            weight for other, weight in self._singles.items() if weight > own or (weight == own and other < token)
        ]
        for other, touched in self._touched.items():
            weight = self._scale * touched
            if other not in self._singles and (weight > own or (weight == own and other < token)):
                before.append(weight)
        unigram = self._mixture.unigram
        for group, (count, power) in enumerate(zip(self._left, self._powers, strict=True)):
            weight = self._scale * power
            if weight < own:
                break
            if not count:
                continue
            if weight == own:
                begin, end = unigram.begins[group], unigram.begins[group + 1]
                smaller = bisect_left(unigram.order, token, begin, end) - begin
                apart = self._singles.keys() | self._touched.keys()
                taken = sum(1 for other in apart if other < token and unigram.groups.get(other) == group)
                count = smaller - taken
            before.append(weight * count)
        return math.fsum(before)

    def _draw(self) -> int:
        """A token by weight, from the whole vocabulary."""
        numbers = self._sampler.random
        point = numbers.random() * self.total
        if point < self._singles_sum or not (self._grouped or self._touched_sum):
            for token, weight in self._singles.items():
                point -= weight
                if point < 0:
                    return token
            return max(self._singles, key=lambda token: self._singles[token])
        point -= self._singles_sum
        if self._touched_sum and (point < self._touched_sum or not self._grouped):
            for token, touched in self._touched.items():
                if token not in self._singles:
                    point -= self._scale * touched
                    if point < 0:
                        return token
        point = max(point - self._touched_sum, 0.0)
        chosen = -1
        for group, (count, power) in enumerate(zip(self._left, self._powers, strict=True)):
            if count:
                chosen = group
                point -= count * power * self._scale
                if point < 0:
                    break
        return self._member(chosen)

    def _member(self, group: int) -> int:
        """One of what is left in a group, all equally likely."""
        unigram, numbers = self._mixture.unigram, self._sampler.random
        for _ in range(_TRIES):
            token = unigram.member(group, numbers.randrange(unigram.sizes[group]))
            if token not in self._singles and token not in self._touched:
                return token
        begin, end = unigram.begins[group], unigram.begins[group + 1]
        apart = self._singles.keys() | self._touched.keys()
        return numbers.choice([token for token in unigram.order[begin:end] if token not in apart])

    def _plainly(self) -> int:
        """The definition itself: slow, for a nucleus so small and so spread out that drawing does not hit it."""
        sampler = self._sampler
        logs = {token: math.log(share) for token, share in self._mixture.probabilities().items() if share > 0}
        return draw(distribution(logs, sampler.settings, sampler.counts), sampler.random.random())
