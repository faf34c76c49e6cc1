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

_MOST_GAIN = 8.0
"""Up to this logit, after temperature, a penalty's gain is carried in sums; above it, sums would lose the rest."""


class Penalised:
    """The tokens of the answer so far, as the tail of a mixture sees them: their places in the table and what the
    penalties make of them. `carried`: token → (table value, value after the penalty), with both sums. `heavy`: tokens
    whose gain is too great for that; they are looked at one by one.
    """

    __slots__ = ("_settings", "_since", "after", "before", "carried", "counts", "heavy")

    def __init__(self, settings: SamplingSettings) -> None:
        self._settings = settings
        self.counts: Counter[int] = Counter()
        self.carried: dict[int, tuple[float, float]] = {}
        self.heavy: set[int] = set()
        self.before = self.after = 0.0
        self._since = 0

    def add(self, token: int, value: float | None) -> None:
        """Count `token`; `value` is its table value, None where the tail does not hold it or there is no table."""
        self.counts[token] += 1
        if value is None:
            return
        gain = -self._settings.penalty(self.counts[token]) / self._settings.temperature
        earlier = self.carried.pop(token, (0.0, 0.0))
        if gain > _MOST_GAIN:
            self.heavy.add(token)
            now = (0.0, 0.0)
        else:
            self.heavy.discard(token)
            now = self.carried[token] = (value, value * math.exp(gain))
        self.before += now[0] - earlier[0]
        self.after += now[1] - earlier[1]
        self._since += 1
        if self._since >= _REFRESH:  # running sums gather rounding errors
            self._since = 0
            self.before = math.fsum(before for before, _ in self.carried.values())
            self.after = math.fsum(after for _, after in self.carried.values())


class Sampler:
    """One answer's draws. `take` must be told of each token that became part of the answer."""

    __slots__ = ("_simple", "_table", "penalised", "random", "settings")

    def __init__(self, settings: SamplingSettings, seed: int | None = None) -> None:
        self.settings = settings
        self.random = random.Random(seed)
        self.penalised = Penalised(settings)
        self._simple = settings.temperature == 1 and settings.top_p >= 1 and not settings.penalises
        self._table: PowerTable | None = None

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
        rank = mixture.unigram.ranks.get(token)
        held = rank is not None and self.settings.temperature > 0
        self.penalised.add(token, self.table(mixture).values[rank] if held and rank is not None else None)

    def table(self, mixture: Mixture) -> PowerTable:
        if self._table is None:
            self._table = mixture.unigram.table(1 / self.settings.temperature)
        return self._table

    def _choose_simply(self, mixture: Mixture) -> int:
        point = self.random.random()
        for token, share in mixture.explicit.items():
            point -= share
            if point < 0:
                return token
        if mixture.tail <= 0:
            return next(reversed(mixture.explicit))
        table = mixture.unigram.table(1.0)
        rank = bisect_right(table.sums, self.random.random() * table.total) - 1
        return mixture.unigram.order[min(rank, len(mixture.unigram.order) - 1)]

    def _likeliest(self, mixture: Mixture) -> int:
        counts = self.penalised.counts
        candidates = set(mixture.explicit)
        if mixture.tail > 0:
            candidates.update(token for token in counts if token in mixture.unigram.ranks)
            # Of those that are neither explicit nor penalised, the likeliest comes first in the unigram's order.
            candidates.update(next(([token] for token in mixture.unigram.order if token not in candidates), []))
        best, best_logit = -1, -math.inf
        for token in sorted(candidates):
            logit = math.log(max(mixture.probability(token), _LOWEST)) - self.settings.penalty(counts[token])
            if logit > best_logit:
                best, best_logit = token, logit
        return best


class Step:
    """One step's weights, relative to the greatest: of explicit tokens one by one, of the others by the table."""

    __slots__ = ("_carried", "_explicit", "_explicit_sum", "_mixture", "_sampler", "_scale", "_table", "_tail", "total")

    def __init__(self, sampler: Sampler, mixture: Mixture) -> None:
        self._sampler = sampler
        self._mixture = mixture
        settings, penalised = sampler.settings, sampler.penalised
        inverse = 1 / settings.temperature
        tail, uniform = mixture.tail, mixture.unigram.probability
        table = self._table = sampler.table(mixture)
        logs = {
            token: math.log(max(share + tail * uniform[token], _LOWEST)) for token, share in mixture.explicit.items()
        }
        self._carried: dict[int, tuple[float, float]] = {}
        if settings.penalises:
            counts = penalised.counts
            for token in logs.keys() & counts.keys():
                logs[token] -= settings.penalty(counts[token])
            if tail > 0:
                self._carried = penalised.carried
                for token in penalised.heavy:
                    if token not in logs:
                        logs[token] = math.log(tail) + math.log(uniform[token]) - settings.penalty(counts[token])
        greatest = max(logs.values())
        self._scale = 0.0
        if tail > 0:
            highest = math.log(tail) + table.greatest
            greatest = max(greatest, highest)
            self._scale = math.exp((highest - greatest) * inverse)
        self._explicit = {token: math.exp((value - greatest) * inverse) for token, value in logs.items()}
        self._explicit_sum = math.fsum(self._explicit.values())
        self._tail = self._scale * max(self._tail_sum(), 0.0) if self._scale else 0.0
        self.total = self._explicit_sum + self._tail

    def _tail_sum(self) -> float:
        """The sum of the tail's table values: without the explicit tokens, and after the penalties."""
        ranks, values, carried = self._mixture.unigram.ranks, self._table.values, self._carried
        rest = self._table.total
        if carried:
            rest += self._sampler.penalised.after - self._sampler.penalised.before
        for token in self._explicit:
            if token in carried:
                rest -= carried[token][1]
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
        top_p = self._sampler.settings.top_p
        if top_p >= 1:
            return self._draw()
        head = self._head(top_p * self.total)
        if head is not None:
            point = self._sampler.random.random() * math.fsum(self._explicit[token] for token in head)
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
        """The nucleus where explicit tokens alone make it, likeliest first; None where it reaches into the tail."""
        bound = self._scale
        if self._sampler.settings.frequency_penalty < 0 or self._sampler.settings.presence_penalty < 0:
            bound *= math.exp(_MOST_GAIN)
        head = []
        reached = 0.0
        for token, weight in sorted(self._explicit.items(), key=lambda entry: (-entry[1], entry[0])):
            if weight <= bound:
                return None
            head.append(token)
            reached += weight
            if reached >= target:
                return head
        return None if self._tail else head

    def keeps(self, token: int) -> bool:
        """Whether `token` is in the nucleus: what is likelier than it has not reached top_p yet."""
        likelier = self._likelier(token)
        return likelier <= 0 or likelier < self._sampler.settings.top_p * self.total

    def _likelier(self, token: int) -> float:
        """The sum of the weights of all tokens that come before `token`, likeliest first and then by number."""
        own = self.weight(token)
        before = [
            weight for other, weight in self._explicit.items() if weight > own or (weight == own and other < token)
        ]
        if not self._tail:
            return math.fsum(before)
        values, scale, ranks = self._table.values, self._scale, self._mixture.unigram.ranks
        rank = ranks.get(token)
        if rank is None or token in self._explicit or token in self._carried:
            rank = bisect_left(self._table.falling, -(own / scale))
        inside = [self._table.sums[rank]]
        inside += [-values[ranks[other]] for other in self._explicit if other in ranks and ranks[other] < rank]
        for other, (value, lowered) in self._carried.items():
            if other in self._explicit:
                continue
            if ranks[other] < rank:
                inside.append(-value)
            if lowered * scale > own or (lowered * scale == own and other < token):
                inside.append(lowered)
        return math.fsum(before) + max(math.fsum(inside), 0.0) * scale

    def _draw(self) -> int:
        """A token by weight, from the whole vocabulary."""
        numbers = self._sampler.random
        point = numbers.random() * self.total
        if point < self._explicit_sum or not self._tail:
            for token, weight in self._explicit.items():
                point -= weight
                if point < 0:
                    return token
            return next(reversed(self._explicit))
        if self._carried:
            point -= self._explicit_sum
            for token, (_, lowered) in self._carried.items():
                if token not in self._explicit:
                    point -= lowered * self._scale
                    if point < 0:
                        return token
        table, order = self._table, self._mixture.unigram.order
        for _ in range(_TRIES):
            rank = bisect_right(table.sums, numbers.random() * table.total) - 1
            token = order[min(rank, len(order) - 1)]
            if token not in self._explicit and token not in self._carried:
                return token
        rest = [token for token in order if token not in self._explicit and token not in self._carried]
        if not rest:
            return max(self._explicit, key=lambda token: self._explicit[token])
        return draw({token: table.values[self._mixture.unigram.ranks[token]] for token in rest}, numbers.random())

    def _plainly(self) -> int:
        """The definition itself: slow, for a nucleus so small and so spread out that drawing does not hit it."""
        sampler = self._sampler
        logs = {token: math.log(share) for token, share in self._mixture.probabilities().items() if share > 0}
        return draw(distribution(logs, sampler.settings, sampler.penalised.counts), sampler.random.random())
