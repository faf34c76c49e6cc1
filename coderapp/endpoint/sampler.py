"""Draws tokens from a `Mixture` as `core.sampling` defines it, without walking the whole vocabulary.

A mixture is a few explicit probabilities and a multiple of the unigram distribution. Raised to 1/temperature, the
unigram's part is a table that is made once; what the penalties and the explicit tokens change in it is corrected for.
All weights are relative to the greatest one, so that no temperature makes them overflow. The results are those of
`core.sampling.distribution` over the mixture's whole vocabulary in the order of the tokens' numbers (tested).
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left, bisect_right
from collections import Counter

from coderapp.core.sampling import SamplingSettings, distribution, draw
from coderapp.endpoint.ngram import Mixture, PowerTable

_TRIES = 64
_REFRESH = 256
_LOWEST = 1e-300


class Sampler:
    """One answer's draws. `take` must be told of each token that became part of the answer."""

    __slots__ = ("_counts", "_extra", "_extra_sum", "_plain_sum", "_random", "_settings", "_simple", "_since", "_table")

    def __init__(self, settings: SamplingSettings, seed: int | None = None) -> None:
        self._settings = settings
        self._random = random.Random(seed)
        self._counts: Counter[int] = Counter()
        self._simple = settings.temperature == 1 and settings.top_p >= 1 and not settings.penalises
        # Under positive penalties: token → its table value and the same after the penalty, and the sums of both.
        self._extra: dict[int, tuple[float, float]] = {}
        self._plain_sum = self._extra_sum = 0.0
        self._since = 0
        self._table: PowerTable | None = None

    @property
    def counts(self) -> Counter[int]:
        return self._counts

    def choose(self, mixture: Mixture) -> int:
        """The next token."""
        if self._simple:
            return self._choose_simply(mixture)
        if len(mixture.explicit) == 1 and mixture.tail <= 0:
            return next(iter(mixture.explicit))
        if self._settings.temperature <= 0:
            return self._likeliest(mixture)
        return Step(self, mixture).choose()

    def take(self, token: int, mixture: Mixture) -> None:
        """Count a token of the answer, for the penalties."""
        if not self._settings.penalises:
            return
        self._counts[token] += 1
        if self._one_way:
            self._shift(token, mixture)

    @property
    def _one_way(self) -> bool:
        """Whether penalties only ever lower: then the unigram's part can carry them along."""
        return self._settings.frequency_penalty >= 0 and self._settings.presence_penalty >= 0

    def _shift(self, token: int, mixture: Mixture) -> None:
        if self._settings.temperature <= 0:
            return
        table = self._power(mixture)
        rank = mixture.unigram.ranks.get(token)
        if rank is None:
            return
        value = table.values[rank]
        lowered = value * math.exp(-self._settings.penalty(self._counts[token]) / self._settings.temperature)
        before = self._extra.get(token)
        self._extra[token] = (value, lowered)
        self._plain_sum += value - (before[0] if before else 0.0)
        self._extra_sum += lowered - (before[1] if before else 0.0)
        self._since += 1
        if self._since >= _REFRESH:  # running sums gather rounding errors
            self._since = 0
            self._plain_sum = math.fsum(value for value, _ in self._extra.values())
            self._extra_sum = math.fsum(lowered for _, lowered in self._extra.values())

    def _power(self, mixture: Mixture) -> PowerTable:
        if self._table is None:
            self._table = mixture.unigram.table(1 / self._settings.temperature)
        return self._table

    def _choose_simply(self, mixture: Mixture) -> int:
        point = self._random.random()
        for token, share in mixture.explicit.items():
            point -= share
            if point < 0:
                return token
        if mixture.tail <= 0:
            return next(reversed(mixture.explicit))
        table = mixture.unigram.table(1.0)
        rank = bisect_right(table.sums, self._random.random() * table.total) - 1
        return mixture.unigram.order[min(rank, len(mixture.unigram.order) - 1)]

    def _likeliest(self, mixture: Mixture) -> int:
        settings, counts = self._settings, self._counts
        candidates = set(mixture.explicit)
        if mixture.tail > 0:
            if not settings.penalises:
                candidates.update(mixture.unigram.order[:1])
            else:
                candidates.update(token for token in counts if token in mixture.unigram.ranks)
                candidates.update(
                    next(([token] for token in mixture.unigram.order if token not in candidates), [])
                )  # the likeliest of those that carry no penalty and are not explicit
        best, best_logit = -1, -math.inf
        for token in sorted(candidates):
            probability = mixture.probability(token)
            logit = (math.log(probability) if probability > 0 else -math.inf) - settings.penalty(counts[token])
            if logit > best_logit:
                best, best_logit = token, logit
        return best


class Step:
    """One step's weights, relative to the greatest: of explicit tokens one by one, of the others by the table."""

    __slots__ = (
        "_carried",
        "_explicit",
        "_explicit_sum",
        "_mixture",
        "_sampler",
        "_scale",
        "_table",
        "_tail_sum",
        "total",
    )

    def __init__(self, sampler: Sampler, mixture: Mixture) -> None:
        self._sampler = sampler
        self._mixture = mixture
        settings = sampler._settings
        inverse = 1 / settings.temperature
        tail, uniform = mixture.tail, mixture.unigram.probability
        table = self._table = sampler._power(mixture)
        logs = {
            token: math.log(max(share + tail * uniform[token], _LOWEST)) for token, share in mixture.explicit.items()
        }
        self._carried: dict[int, tuple[float, float]] = {}
        if settings.penalises:
            counts = sampler._counts
            for token in logs.keys() & counts.keys():
                logs[token] -= settings.penalty(counts[token])
            if sampler._one_way:
                self._carried = sampler._extra
            elif tail > 0:
                log_tail = math.log(tail)
                for token in counts:
                    if token not in logs and uniform[token] > 0:
                        logs[token] = log_tail + math.log(uniform[token]) - settings.penalty(counts[token])
        greatest = max(logs.values())
        if tail > 0:
            highest_tail = math.log(tail) + table.greatest
            greatest = max(greatest, highest_tail)
            self._scale = math.exp((highest_tail - greatest) * inverse)
        else:
            self._scale = 0.0
        self._explicit = {token: math.exp((value - greatest) * inverse) for token, value in logs.items()}
        self._explicit_sum = math.fsum(self._explicit.values())
        self._tail_sum = self._scale * max(self._untouched(), 0.0) if self._scale else 0.0
        self.total = self._explicit_sum + self._tail_sum

    def _untouched(self) -> float:
        """The sum of the tail's table values: without the explicit tokens, and after the penalties."""
        ranks, values = self._mixture.unigram.ranks, self._table.values
        rest = self._table.total
        if not self._carried:
            return rest - math.fsum([values[ranks[token]] for token in self._explicit if token in ranks])
        rest += self._sampler._extra_sum - self._sampler._plain_sum
        for token in self._explicit:
            carried = self._carried.get(token)
            if carried is not None:
                rest -= carried[1]
            elif token in ranks:
                rest -= values[ranks[token]]
        return rest

    def weight(self, token: int) -> float:
        """Of any token of the vocabulary; over `total` it is the probability before the nucleus is cut."""
        explicit = self._explicit.get(token)
        if explicit is not None:
            return explicit
        carried = self._carried.get(token)
        if carried is not None:
            return carried[1] * self._scale
        rank = self._mixture.unigram.ranks.get(token)
        return 0.0 if rank is None else self._table.values[rank] * self._scale

    def choose(self) -> int:
        top_p = self._sampler._settings.top_p
        if top_p >= 1:
            return self._draw()
        head = self._head(top_p * self.total)
        if head is not None:
            point = self._sampler._random.random() * math.fsum(self._explicit[token] for token in head)
            for token in head:
                point -= self._explicit[token]
                if point < 0:
                    return token
            return head[-1]
        for _ in range(_TRIES):
            token = self._draw()
            if self.keeps(token):
                return token
        return self._plainly()

    def _head(self, target: float) -> list[int] | None:
        """The nucleus where it is made of explicit tokens alone, likeliest first; None where it reaches into the tail."""
        bound = self._scale
        head = []
        reached = 0.0
        for token, weight in sorted(self._explicit.items(), key=lambda entry: (-entry[1], entry[0])):
            if weight <= bound:
                return None
            head.append(token)
            reached += weight
            if reached >= target:
                return head
        return head if not self._tail_sum else None

    def keeps(self, token: int) -> bool:
        """Whether `token` is in the nucleus: what is likelier than it has not reached top_p yet."""
        return self._likelier(token) < self._sampler._settings.top_p * self.total

    def _likelier(self, token: int) -> float:
        """The sum of the weights of all tokens that come before `token`, likeliest first and then by number."""
        own = self.weight(token)
        before = math.fsum(
            weight for other, weight in self._explicit.items() if weight > own or (weight == own and other < token)
        )
        if not self._tail_sum:
            return before
        table, scale, ranks = self._table, self._scale, self._mixture.unigram.ranks
        rank = ranks.get(token)
        if rank is None or token in self._explicit or token in self._carried:
            rank = bisect_left(table.falling, -(own / scale))
        inside = table.sums[rank]
        inside -= math.fsum(
            table.values[ranks[other]] for other in self._explicit if other in ranks and ranks[other] < rank
        )
        for other, (value, lowered) in self._carried.items():
            if other in self._explicit:
                continue
            if ranks[other] < rank:
                inside -= value
            if lowered * scale > own:
                inside += lowered
        return before + max(inside, 0.0) * scale

    def _draw(self) -> int:
        """A token by weight, from the whole vocabulary."""
        sampler = self._sampler
        point = sampler._random.random() * self.total
        if point < self._explicit_sum or not self._tail_sum:
            for token, weight in self._explicit.items():
                point -= weight
                if point < 0:
                    return token
            return next(reversed(self._explicit))
        table, order = self._table, self._mixture.unigram.order
        for _ in range(_TRIES):
            rank = bisect_right(table.sums, sampler._random.random() * table.total) - 1
            token = order[min(rank, len(order) - 1)]
            if token in self._explicit:
                continue
            carried = self._carried.get(token)
            if carried is None or sampler._random.random() * carried[0] < carried[1]:
                return token
        weights = {token: self.weight(token) for token in order if token not in self._explicit}
        if not math.fsum(weights.values()):
            return max(self._explicit, key=lambda token: self._explicit[token])
        return draw(weights, sampler._random.random())

    def _plainly(self) -> int:
        """The definition itself: slow, for a nucleus so small and so spread out that drawing does not hit it."""
        sampler = self._sampler
        logs = {token: math.log(share) for token, share in self._mixture.probabilities().items() if share > 0}
        return draw(distribution(logs, sampler._settings, sampler._counts), sampler._random.random())
