"""A variable-order n-gram language model with exact counts, conditioned on the prompt.

At each step the next token's probability is interpolated from three estimates:

* **high orders**: contexts of three tokens and more, without an upper bound, counted in the few documents that
  retrieval found for the prompt. A count weighs what its document weighs, and more the longer its context is; most
  of the mass follows the longest context of all, as long as that one is long enough to be trusted;
* **low orders**: contexts of two tokens, or of one where two were never seen, counted in the whole library with
  equal weights;
* **the unigram floor**: how common each token is (Lidstone's estimate), so that nothing has probability 0.

An order that has not seen its context leaves its mass to the next lower one (back-off). The result is a `Mixture`:
a few explicit probabilities plus a multiple of the unigram distribution. It sums to 1.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

END = 0
"""The number of the end token in every vocabulary."""

END_TEXT = "<|end|>"
"""How the end token is named where log probabilities list it as an alternative. It is never part of an answer."""

LOW_SHARE = 2e-5
FLOOR_SHARE = 1e-6
SIDE_SHARE = 5e-4
"""What is left to the low orders, to the floor, and, beside a trusted longest context, to the other high orders."""

TRUSTED = 12
"""From this length on the longest context leads alone."""

_FROM_START = 24
"""The length that the beginning of a document counts as."""

_SHORTEST = 3
_AFTER_GAP = 6
"""The length that a context with one replaced token counts as."""

_GAIN = tuple(float(2 ** min(length, 10)) for length in range(64))
_AHEAD = 64
_AHEAD_BOOST = 16.0
_LIDSTONE = 0.5

LOWEST = 1e-300
"""Stands for a probability of 0 where its logarithm is wanted."""

_CONTEXTS = 1024
_CROWDED = 128
"""From this many occurrences on, a token's are sorted by what stands before them."""


class Unigram:
    """How common each token is. `probability[n]` is 0 for numbers that this format does not use.

    `order` lists the tokens in use, likeliest first (equal ones by number). Equally common ones form a group:
    `begins[g]` is its first place in `order` (with the total number of places at the end), `sizes[g]` its size,
    `logs[g]` its tokens' log probability, `groups[token]` the group that a token is in.
    """

    __slots__ = ("_powers", "begins", "groups", "logs", "order", "probability", "sizes", "upto")

    def __init__(self, counts: dict[int, int], size: int) -> None:
        """`counts`: occurrences of each token in use, 0 allowed; `size`: the vocabulary's."""
        total = sum(counts.values()) + _LIDSTONE * len(counts)
        self.probability = [0.0] * size
        for token, count in counts.items():
            self.probability[token] = (count + _LIDSTONE) / total
        self.order = sorted(counts, key=lambda token: (-counts[token], token))
        self.begins: list[int] = []
        self.groups: dict[int, int] = {}
        self.logs: list[float] = []
        last = None
        for place, token in enumerate(self.order):
            if counts[token] != last:
                last = counts[token]
                self.begins.append(place)
                self.logs.append(math.log(self.probability[token]))
            self.groups[token] = len(self.logs) - 1
        self.begins.append(len(self.order))
        self.sizes = [end - begin for begin, end in pairwise(self.begins)]
        self.upto = list(accumulate(size * math.exp(log) for size, log in zip(self.sizes, self.logs, strict=True)))
        self._powers: OrderedDict[float, list[float]] = OrderedDict()

    def powers(self, exponent: float) -> list[float]:
        """Of each group: (its probability / the first group's) ** exponent. The last few exponents are kept."""
        found = self._powers.get(exponent)
        if found is None:
            found = self._powers[exponent] = [math.exp((log - self.logs[0]) * exponent) for log in self.logs]
            if len(self._powers) > 8:
                self._powers.popitem(last=False)
        return found

    def member(self, group: int, place: int) -> int:
        """The token at `place` in a group."""
        return self.order[self.begins[group] + place]

    def at(self, point: float) -> int:
        """The token in whose share of the unit interval `point` falls."""
        group = min(bisect_right(self.upto, point), len(self.logs) - 1)
        into = point - (self.upto[group - 1] if group else 0.0)
        return self.member(group, min(int(into / math.exp(self.logs[group])), self.sizes[group] - 1))


@dataclass(slots=True)
class Mixture:
    """One step's distribution: p(token) = explicit.get(token, 0) + tail * unigram(token).

    `known_logs`: log probabilities that are known already, right for all of its tokens but those in `changed`.
    """

    explicit: dict[int, float]
    tail: float
    unigram: Unigram
    known_logs: dict[int, float] | None = None
    changed: Iterable[int] = ()

    def logs(self) -> dict[int, float]:
        """The log probabilities of the explicit tokens, as a new dictionary."""
        tail, uniform, explicit = self.tail, self.unigram.probability, self.explicit
        if self.known_logs is None:
            return {token: math.log(max(share + tail * uniform[token], LOWEST)) for token, share in explicit.items()}
        logs = self.known_logs.copy()
        for token in self.changed:
            logs[token] = math.log(max(explicit[token] + tail * uniform[token], LOWEST))
        return logs

    def probability(self, token: int) -> float:
        return self.explicit.get(token, 0.0) + self.tail * self.unigram.probability[token]

    def probabilities(self) -> dict[int, float]:
        """Of the whole vocabulary, by number: the plain form, for tests and for looking at."""
        tokens = sorted({*self.unigram.order, *self.explicit}) if self.tail > 0 else sorted(self.explicit)
        return {token: self.probability(token) for token in tokens}

    def top(self, count: int) -> list[tuple[int, float]]:
        """The `count` likeliest tokens with their probabilities; equal ones by number."""
        candidates = set(self.explicit)
        if self.tail > 0:
            candidates.update(self.unigram.order[: count + len(candidates)])
        ranked = sorted(candidates, key=lambda token: (-self.probability(token), token))
        return [(token, self.probability(token)) for token in ranked[:count]]


class LowOrders:
    """Exact counts of what follows one or two tokens in the whole library. Counted on demand."""

    __slots__ = ("_flat", "_places", "_sorted", "counts")

    def __init__(self, documents: Sequence[Sequence[int]], size: int) -> None:
        """`documents` without their end tokens; `size`: the vocabulary's."""
        flat = array("I")
        for document in documents:
            flat.extend(document)
            flat.append(END)
        places: list[array[int] | None] = [None] * size
        for place, token in enumerate(flat):
            known = places[token]
            if known is None:
                places[token] = array("I", (place,))
            else:
                known.append(place)
        self._flat = flat
        self._places = places
        self._sorted: dict[int, dict[int, list[int]]] = {}
        self.counts: dict[int, int] = {token: len(known) for token, known in enumerate(places) if known is not None}

    def followers(self, before: int, last: int) -> dict[int, float]:
        """What follows `before last`, or `last` alone where the two never stood together: token → probability.

        Empty where neither was seen.
        """
        known = self._places[last] if last < len(self._places) else None
        if known is None or last == END:
            return {}
        flat = self._flat
        seen = Counter([flat[place + 1] for place in self._after(before, last, known)])
        if not seen:
            seen = Counter([flat[place + 1] for place in known])
        total = sum(seen.values())
        return {token: count / total for token, count in seen.items()}

    def _after(self, before: int, last: int, known: array[int]) -> Sequence[int]:
        """The places of `last` where `before` stands before it."""
        flat = self._flat
        if len(known) < _CROWDED:
            return [place for place in known if place and flat[place - 1] == before]
        found = self._sorted.get(last)
        if found is None:
            found = self._sorted[last] = {}
            for place in known:
                if place:
                    found.setdefault(flat[place - 1], []).append(place)
        return found.get(before, ())


@dataclass(frozen=True, slots=True)
class Context:
    """What the low orders say after two tokens: `shares` sums to 1, or is empty. `weighted` is that part of a step's
    distribution, `logs` its log probability together with the floor.
    """

    shares: dict[int, float]
    weighted: dict[int, float]
    logs: dict[int, float]


class Background:
    """The low orders over a unigram distribution. The last contexts are kept."""

    __slots__ = ("_kept", "_low", "unigram")

    def __init__(self, low: LowOrders, unigram: Unigram) -> None:
        self._low = low
        self.unigram = unigram
        self._kept: OrderedDict[tuple[int, int, float], Context] = OrderedDict()

    def over(self, unigram: Unigram) -> Background:
        """The same counts over another unigram distribution."""
        return Background(self._low, unigram)

    @property
    def counts(self) -> dict[int, int]:
        return self._low.counts

    def context(self, before: int, last: int, weight: float) -> Context:
        """`weight`: the share of the low orders in the step's distribution, 1 for all that the floor leaves."""
        key = (before, last, weight)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        shares = self._low.followers(before, last)
        part = min(weight, 1 - FLOOR_SHARE)
        weighted = {token: share * part for token, share in shares.items()}
        uniform = self.unigram.probability
        logs = {token: math.log(share + FLOOR_SHARE * uniform[token]) for token, share in weighted.items()}
        found = self._kept[key] = Context(shares, weighted, logs)
        if len(self._kept) > _CONTEXTS:
            self._kept.popitem(last=False)
        return found


@dataclass(frozen=True, slots=True)
class Document:
    """Tokens without the end token. `weight` is the share in the high orders' counts, `start` the share in how an
    answer begins.
    """

    tokens: Sequence[int]
    weight: float
    start: float


@dataclass(frozen=True, slots=True)
class Frame:
    """The order of a JSON document's frame: the only frame tokens that may come, one after the other, then the end."""

    tokens: tuple[int, ...] = ()
    everything: frozenset[int] = field(default=frozenset())
    """All tokens that frame any document, so that those of others can be refused."""


class Reading:
    """The state of one answer: what was said so far, and where in the retrieved documents that has been seen."""

    __slots__ = (
        "_after", "_background", "_before", "_frame", "_home", "_last", "_lengths", "_place", "_starts", "_stream",
        "_trusted", "_unigram", "_weights",
    )  # fmt: skip

    def __init__(self, documents: Sequence[Document], background: Background, frame: Frame | None = None) -> None:
        self._background = background
        self._unigram = background.unigram
        self._frame = frame or Frame()
        self._place = 0
        self._before = self._last = END
        self._home = -1
        stream: list[int] = []
        weights: list[float] = []
        after: dict[tuple[int, int, int], list[int]] = {}
        self._lengths: dict[int, int] = {}
        self._starts: dict[int, float] = {}
        for document in documents:
            begin = len(stream)
            if document.start > 0:
                self._lengths[begin] = _FROM_START
                self._starts[begin] = document.start
            padded = [END, END, END, *document.tokens]
            for place, context in enumerate(zip(padded, padded[1:], padded[2:], strict=False), begin):
                places = after.get(context)
                if places is None:
                    after[context] = [place]
                else:
                    places.append(place)
            stream += document.tokens
            stream.append(END)
            weights += [document.weight] * (len(document.tokens) + 1)
        self._stream = stream
        self._weights = weights
        self._after = after
        self._trusted = bool(self._starts)

    def mixture(self) -> Mixture:
        """The distribution of the next token."""
        high = self._high()
        context = self._background.context(self._before, self._last, LOW_SHARE if high else 1.0)
        if self._frame.tokens:
            return self._framed(high, context.shares)
        if not context.shares:
            rest = FLOOR_SHARE if high else 1.0
            return Mixture({token: share * (1 - rest) for token, share in high.items()}, rest, self._unigram)
        if not high:
            return Mixture(context.weighted, FLOOR_SHARE, self._unigram, context.logs)
        explicit = context.weighted.copy()
        for token, share in high.items():
            explicit[token] = explicit.get(token, 0.0) + share * (1 - LOW_SHARE - FLOOR_SHARE)
        return Mixture(explicit, FLOOR_SHARE, self._unigram, context.logs, high)

    def leader(self) -> int | None:
        """The token that has more than half of the next distribution by the high orders alone, if there is one: what
        temperature 0 takes, at less cost than the whole distribution.
        """
        if self._frame.tokens:
            return None
        high = self._high()
        best = max(high, key=high.__getitem__, default=None)
        return best if best is not None and high[best] * (1 - LOW_SHARE - FLOOR_SHARE) > 0.5 else None

    def _high(self) -> dict[int, float]:
        lengths = self._lengths
        if not lengths:
            return {}
        stream = self._stream
        if self._starts:
            return _normalised((stream[place], share) for place, share in self._starts.items())
        weights, home = self._weights, self._home
        if not self._trusted:
            return _normalised(
                (
                    stream[place],
                    weights[place] * _GAIN[min(length, 63)] * (_AHEAD_BOOST if 0 <= place - home <= _AHEAD else 1.0),
                )
                for place, length in lengths.items()
            )
        longest = max(lengths.values())
        lead = _normalised((stream[place], weights[place]) for place, length in lengths.items() if length == longest)
        if len(lengths) == 1:
            return lead
        side = _normalised(
            (stream[place], weights[place] * _GAIN[min(length, 63)]) for place, length in lengths.items()
        )
        together = {token: share * SIDE_SHARE for token, share in side.items()}
        for token, share in lead.items():
            together[token] = together.get(token, 0.0) + share * (1 - SIDE_SHARE)
        return together

    def _framed(self, high: dict[int, float], low: dict[int, float]) -> Mixture:
        """As `mixture`, but of the frame only the next token may come; the rest is renormalised."""
        frame = self._frame
        if self._place == len(frame.tokens):
            return Mixture({END: 1.0}, 0.0, self._unigram)
        due = frame.tokens[self._place]
        if self._place == 0:
            return Mixture({due: 1.0}, 0.0, self._unigram)
        refused = frame.everything
        parts = []
        for table in (high, low):
            kept = {
                token: share for token, share in table.items() if token == due or not (token in refused or token == END)
            }
            parts.append(_normalised(kept.items()) if kept else {})
        allowed_high, allowed_low = parts
        explicit = {due: FLOOR_SHARE}
        low_share = 0.0 if not allowed_low else LOW_SHARE if allowed_high else 1 - 2 * FLOOR_SHARE
        high_share = 1 - low_share - 2 * FLOOR_SHARE if allowed_high else 0.0
        for table, table_share in ((allowed_high, high_share), (allowed_low, low_share)):
            for token, share in table.items():
                explicit[token] = explicit.get(token, 0.0) + share * table_share
        return Mixture(explicit, 1 - math.fsum(explicit.values()), self._unigram)

    @property
    def frame_left(self) -> int:
        """How many frame tokens are still to come."""
        return len(self._frame.tokens) - self._place

    def forced(self) -> Mixture:
        """The distribution where the document must be closed now: its next frame token, for certain."""
        due = self._frame.tokens[self._place] if self.frame_left else END
        return Mixture({due: 1.0}, 0.0, self._unigram)

    def advance(self, token: int) -> None:
        """Take `token` as the next one."""
        frame = self._frame
        if self._place < len(frame.tokens) and token == frame.tokens[self._place]:
            self._place += 1
        stream, old, home = self._stream, self._lengths, self._home
        found = self._after.get((self._before, self._last, token), ())
        lengths = {place: old.get(place - 1, _SHORTEST - 1) + 1 for place in found if place}
        if self._starts:
            lengths = {place + 1: _FROM_START + 1 for place in self._starts if stream[place] == token}
            self._starts = {}
        if home in old and home + 1 < len(stream) and home + 1 not in lengths:
            if stream[home] == token:
                lengths[home + 1] = old[home] + 1
                self._home += 1
            elif any(stream[place] == stream[home + 1] for place in lengths):
                # One token was replaced by another and both go on alike: the text may go on where it was.
                lengths[home + 1] = _AFTER_GAP
                self._home += 1
        self._before, self._last = self._last, token
        self._lengths = lengths
        longest = max(lengths.values(), default=0)
        self._trusted = longest >= TRUSTED
        if self._trusted:
            weights = self._weights
            self._home = max(
                (place for place, length in lengths.items() if length == longest), key=lambda place: weights[place]
            )


def _normalised(entries: Iterable[tuple[int, float]]) -> dict[int, float]:
    weights: dict[int, float] = {}
    for token, weight in entries:
        weights[token] = weights.get(token, 0.0) + weight
    total = math.fsum(weights.values())
    return {token: weight / total for token, weight in weights.items()}
