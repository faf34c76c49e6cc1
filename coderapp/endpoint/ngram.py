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
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

END = 0
"""The number of the end token in every vocabulary."""

END_TEXT = "<|end|>"
"""How the end token is named where log probabilities list it as an alternative. It is never part of an answer."""

LOW_SHARE = 2e-4
FLOOR_SHARE = 2e-6
SIDE_SHARE = 0.05
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


class Unigram:
    """How common each token is. `probability[n]` is 0 for numbers that this format does not use.

    `order` lists the tokens in use, likeliest first (equal ones by number), `ranks` their places in it.
    """

    __slots__ = ("_tables", "order", "probability", "ranks")

    def __init__(self, counts: dict[int, int], size: int) -> None:
        """`counts`: occurrences of each token in use, 0 allowed; `size`: the vocabulary's."""
        total = sum(counts.values()) + _LIDSTONE * len(counts)
        self.probability = [0.0] * size
        for token, count in counts.items():
            self.probability[token] = (count + _LIDSTONE) / total
        self.order = sorted(counts, key=lambda token: (-counts[token], token))
        self.ranks = {token: rank for rank, token in enumerate(self.order)}
        self._tables: OrderedDict[float, PowerTable] = OrderedDict()

    def table(self, exponent: float) -> PowerTable:
        """The distribution raised to a power. The last few are kept."""
        table = self._tables.get(exponent)
        if table is None:
            table = self._tables[exponent] = PowerTable(self, exponent)
            if len(self._tables) > 8:
                self._tables.popitem(last=False)
        return table


class PowerTable:
    """(probability / greatest probability) ** exponent, likeliest first, with running sums.

    `greatest` is the greatest probability's logarithm. `falling` holds the values negated,
    which is how `bisect` wants a falling list; `sums[n]` is the sum of the first n.
    """

    __slots__ = ("falling", "greatest", "sums", "total", "values")

    def __init__(self, unigram: Unigram, exponent: float) -> None:
        greatest = math.log(unigram.probability[unigram.order[0]])
        raised: dict[float, float] = {}  # few tokens differ in how common they are
        values = []
        for token in unigram.order:
            probability = unigram.probability[token]
            value = raised.get(probability)
            if value is None:
                value = raised[probability] = math.exp((math.log(probability) - greatest) * exponent)
            values.append(value)
        self.values = array("d", values)
        self.falling = array("d", [-value for value in values])
        self.sums = array("d", [0.0, *accumulate(values)])
        self.total = self.sums[-1]
        self.greatest = greatest


@dataclass(slots=True)
class Mixture:
    """One step's distribution: p(token) = explicit.get(token, 0) + tail * unigram(token)."""

    explicit: dict[int, float]
    tail: float
    unigram: Unigram

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
    """Exact counts of what follows one or two tokens in the whole library. Counted on demand, the last few kept."""

    __slots__ = ("_flat", "_kept", "_places", "counts")

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
        self._kept: OrderedDict[tuple[int, int], dict[int, float]] = OrderedDict()
        self.counts: dict[int, int] = {token: len(known) for token, known in enumerate(places) if known is not None}

    def followers(self, before: int, last: int) -> dict[int, float]:
        """What follows `before last`, or `last` alone where the two never stood together: token → probability.

        Empty where neither was seen.
        """
        key = (before, last)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = self._count(before, last)
            if len(self._kept) > 4096:
                self._kept.popitem(last=False)
        return found

    def _count(self, before: int, last: int) -> dict[int, float]:
        known = self._places[last] if last < len(self._places) else None
        if known is None or last == END:
            return {}
        flat = self._flat
        seen = Counter([flat[place + 1] for place in known if place and flat[place - 1] == before])
        if not seen:
            seen = Counter([flat[place + 1] for place in known])
        total = sum(seen.values())
        return {token: count / total for token, count in seen.items()}


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
        "_after", "_before", "_frame", "_home", "_last", "_lengths", "_low", "_place", "_starts", "_stream",
        "_trusted", "_unigram", "_weights",
    )  # fmt: skip

    def __init__(
        self, documents: Sequence[Document], low: LowOrders, unigram: Unigram, frame: Frame | None = None
    ) -> None:
        self._low = low
        self._unigram = unigram
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
        low = self._low.followers(self._before, self._last)
        if self._frame.tokens:
            return self._framed(high, low)
        if not low:
            rest = FLOOR_SHARE if high else 1.0
            explicit = {token: share * (1 - rest) for token, share in high.items()}
            return Mixture(explicit, rest, self._unigram)
        low_share = LOW_SHARE if high else 1 - FLOOR_SHARE
        explicit = {token: share * low_share for token, share in low.items()}
        high_share = 1 - low_share - FLOOR_SHARE
        for token, share in high.items():
            explicit[token] = explicit.get(token, 0.0) + share * high_share
        return Mixture(explicit, FLOOR_SHARE, self._unigram)

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
