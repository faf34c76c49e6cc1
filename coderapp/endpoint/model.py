"""The sample model: the library's tokens in each format, and the reading of a plan as a language model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from coderapp.endpoint.answering import Answerer, Plan, Turn
from coderapp.endpoint.library import Snippet
from coderapp.endpoint.ngram import END, END_TEXT, Background, Document, Frame, LowOrders, Reading, Unigram
from coderapp.endpoint.rendering import Answer, Rendered, escaped, render
from coderapp.endpoint.tokenizer import Vocabulary, pieces

CONTEXT = 200_000
"""The model's context length in tokens: input and output together."""

ANSWER_LIMIT = 8_192
"""The most tokens of an answer where `max_tokens` is not sent."""


@dataclass(frozen=True, slots=True)
class _Style:
    """A format's statistics over the library. `documents`: each snippet's tokens, in the library's order."""

    documents: tuple[Sequence[int], ...]
    background: Background
    frame: tuple[int, ...]


class Wording:
    """How numbers read in one answer: the vocabulary, tokens of this answer alone, and JSON's frame."""

    __slots__ = ("_base", "_escapes", "_frame_texts", "_own", "_texts")

    def __init__(self, base: Vocabulary, frame_texts: dict[int, str], *, escapes: bool) -> None:
        self._base = base
        self._texts = base.texts
        self._own = Vocabulary()
        self._frame_texts = frame_texts
        self._escapes = escapes

    def encode(self, text: str) -> list[int]:
        base = self._base
        size = len(base)
        found = []
        for piece in pieces(text):
            number = base.known(piece)
            found.append(size + self._own.number(piece) if number is None else number)
        return found

    def frame(self, text: str, place: int) -> int:
        """The number of a piece of frame that only this answer has."""
        number = len(self._base) + self._own.number(f"\x00{place}{text}")
        self._frame_texts[number] = text
        return number

    @property
    def own(self) -> range:
        """The numbers that only this answer has."""
        return range(len(self._base), len(self._base) + len(self._own))

    def text(self, number: int) -> str:
        """The text of a token as it stands in the answer."""
        framing = self._frame_texts.get(number)
        if framing is not None:
            return framing
        texts = self._texts
        piece = texts[number] if number < len(texts) else self._own.texts[number - len(texts)]
        return escaped(piece) if self._escapes else piece


class SampleModel:
    """Read-only once built; answers may be read at the same time."""

    def __init__(self, snippets: Sequence[Snippet]) -> None:
        self.snippets = tuple(snippets)
        self._answerer = Answerer(self.snippets)
        self._vocabulary = Vocabulary((END_TEXT,))
        self._frame_texts: dict[int, str] = {}
        self._frame: tuple[int, ...] = ()
        self._styles: dict[str, _Style] = {}
        encoded = self._encode()
        # The library is encoded in every format before the vocabulary is closed; counting can wait until it is asked.
        self._encoded = encoded

    def _encode(self) -> dict[str, list[list[int]]]:
        """Each snippet's tokens in each format. Its code, the most of it, is encoded once."""
        encode = self._vocabulary.encode
        encoded: dict[str, list[list[int]]] = {"text": [], "markdown": [], "json": []}
        for snippet in self.snippets:
            code = encode(snippet.code)
            for style in ("text", "markdown"):
                text = render(Answer(snippet=snippet), style).texts[0]
                before, after = text.split(snippet.code, 1) if snippet.code else (text, "")
                encoded[style].append([*encode(before), *code, *encode(after)])
            rendered = render(Answer(snippet=snippet), "json")
            if not self._frame:
                self._frame = tuple(self._vocabulary.number(f"\x00{i}{t}") for i, t in enumerate(rendered.frame))
                self._frame_texts = dict(zip(self._frame, rendered.frame, strict=True))
            parts = [code if text is snippet.code else encode(text) for text in rendered.texts]
            encoded["json"].append(_framed(self._frame, parts))
        return encoded

    def _style(self, name: str) -> _Style:
        style = self._styles.get(name)
        if style is None:
            documents = tuple(self._encoded[name])
            low = LowOrders(documents, len(self._vocabulary))
            counts = dict(low.counts)
            if name == "json":
                for token in (*self._frame, END):
                    counts.pop(token, None)
            background = Background(low, Unigram(counts, len(self._vocabulary)))
            style = _Style(documents, background, self._frame if name == "json" else ())
            self._styles[name] = style
        return style

    def warm(self, style: str) -> None:
        """Count a format's tokens now instead of at its first answer."""
        self._style(style)

    def plan(self, turns: Sequence[Turn]) -> Plan:
        return self._answerer.plan(turns)

    def read(self, plan: Plan, style_name: str) -> tuple[Reading, Wording]:
        """The model, set to give the plan's answer in a format."""
        style = self._style(style_name)
        wording = Wording(self._vocabulary, dict(self._frame_texts), escapes=style_name == "json")
        rest = 1 - sum(weight for _, weight in plan.beside)
        places = {snippet.slug: place for place, snippet in enumerate(self.snippets)}
        answer = plan.answer
        frame = style.frame
        if answer.snippet is not None and not answer.message and not answer.offers and answer.whole:
            main: Sequence[int] = style.documents[places[answer.snippet.slug]]
        else:
            main, frame = self._compose(render(answer, style_name), wording)
        starts = {snippet.slug: share for snippet, share in plan.begins}
        documents = [Document(main, rest, 1 - math.fsum(starts.values()))]
        if frame == style.frame:
            documents += [
                Document(style.documents[places[snippet.slug]], weight, starts.get(snippet.slug, 0.0))
                for snippet, weight in plan.beside
            ]
        background = style.background
        unigram = background.unigram
        own = [number for number in wording.own if number not in frame]
        missing = [number for number in main if number < len(self._vocabulary) and not unigram.probability[number]]
        missing = [number for number in dict.fromkeys(missing) if number not in frame]
        if own or missing:
            counts = {number: background.counts.get(number, 0) for number in unigram.order}
            size = len(self._vocabulary) + len(wording.own)
            background = background.over(Unigram({**counts, **dict.fromkeys([*own, *missing], 0)}, size))
        everything = frozenset((*style.frame, *frame))
        return Reading(documents, background, Frame(frame, everything) if style_name == "json" else None), wording

    def _compose(self, rendered: Rendered, wording: Wording) -> tuple[list[int], tuple[int, ...]]:
        parts = [wording.encode(text) for text in rendered.texts]
        if not rendered.frame:
            return [number for part in parts for number in part], ()
        frame = tuple(wording.frame(text, place) for place, text in enumerate(rendered.frame))
        return _framed(frame, parts), frame


def _framed(frame: Sequence[int], parts: Sequence[Sequence[int]]) -> list[int]:
    tokens = [frame[0]]
    for part, after in zip(parts, frame[1:], strict=True):
        tokens += part
        tokens.append(after)
    return tokens
