"""BM25 over the library: which snippets a prompt is about. Fields are weighted as in BM25F (Robertson 2009)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from coderapp.endpoint.library import FRAMEWORKS, Snippet
from coderapp.endpoint.words import counted_terms, terms, words

_SATURATION = 1.2
_LENGTH = 0.6

_STRONG = 3.0
"""A term of this weight or more in a snippet says what the snippet is about."""


def _fields(snippet: Snippet) -> Iterable[tuple[float, Mapping[str, int]]]:
    """Each field's weight, and its terms with their counts."""
    yield 5.0, Counter(terms(snippet.title))
    yield 4.0, Counter(terms(snippet.pattern.replace("-", " ")))
    yield 3.0, dict.fromkeys(terms(" ".join(snippet.keywords)), 1)
    yield 2.0, dict.fromkeys((*terms(FRAMEWORKS[snippet.framework]), snippet.language), 1)
    yield 2.0, {snippet.theme: 1} if snippet.theme in ("light", "dark") else {}
    yield 1.0, Counter(terms(snippet.explanation))
    yield 0.5, Counter(terms(snippet.notes))
    yield 0.1, counted_terms(snippet.code)


@dataclass(frozen=True, slots=True)
class Match:
    """How well a snippet fits. `score`: BM25. `strong`: the query's terms that the snippet is about."""

    place: int
    score: float
    strong: frozenset[str]


class Index:
    """The library's terms. Places are places in `snippets`."""

    __slots__ = ("_about", "_phrases", "_postings", "_rarity", "_titles", "snippets")

    def __init__(self, snippets: Sequence[Snippet]) -> None:
        self.snippets = snippets
        tables: list[dict[str, float]] = []
        for snippet in snippets:
            table: dict[str, float] = {}
            for weight, found in _fields(snippet):
                for term, count in found.items():
                    table[term] = table.get(term, 0.0) + weight * count
            tables.append(table)
        lengths = [sum(table.values()) for table in tables]
        average = sum(lengths) / len(lengths)
        frequency: Counter[str] = Counter()
        postings: dict[str, list[tuple[int, float]]] = {}
        self._about: list[frozenset[str]] = []
        for place, table in enumerate(tables):
            norm = _SATURATION * (1 - _LENGTH + _LENGTH * lengths[place] / average)
            frequency.update(table.keys())
            for term, weight in table.items():
                postings.setdefault(term, []).append((place, weight * (_SATURATION + 1) / (weight + norm)))
            self._about.append(frozenset(term for term, weight in table.items() if weight >= _STRONG))
        self._postings = postings
        total = len(snippets)
        self._rarity = {term: math.log(1 + (total - count + 0.5) / (count + 0.5)) for term, count in frequency.items()}
        self._titles: dict[str, list[int]] = {}
        for place, snippet in enumerate(snippets):
            for name in dict.fromkeys((" ".join(words(snippet.title)), " ".join(words(snippet.label)))):
                self._titles.setdefault(name, []).append(place)
        self._phrases = [
            [frozenset(found) for found in map(words, snippet.keywords) if found and terms(" ".join(found)) == found]
            for snippet in snippets
        ]

    def rarity(self, term: str) -> float:
        """The inverse document frequency: how much a term says. Unknown ones say as much as the rarest."""
        return self._rarity.get(term, math.log(1 + (len(self.snippets) + 0.5) / 0.5))

    def is_subject(self, term: str) -> bool:
        """Whether any snippet is about `term`."""
        return any(term in about for about in self._about) if term in self._postings else False

    def search(self, query: Mapping[str, float]) -> list[Match]:
        """Snippets that share a term with `query` (term → weight), best first; equal ones in the library's order."""
        scores: dict[int, float] = {}
        for term, weight in query.items():
            rarity = self.rarity(term) * weight
            for place, share in self._postings.get(term, ()):
                scores[place] = scores.get(place, 0.0) + rarity * share
        ranked = sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))
        return [Match(place, score, self._about[place] & query.keys()) for place, score in ranked]

    def titled(self, text: str) -> tuple[int, ...]:
        """The places of the snippets whose title, or label, has exactly the words of `text`."""
        return tuple(self._titles.get(" ".join(words(text[:400])), ()))

    def phrases(self, place: int) -> Sequence[frozenset[str]]:
        """The terms of each keyword of a snippet."""
        return self._phrases[place]
