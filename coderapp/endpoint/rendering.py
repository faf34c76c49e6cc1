"""What the model may say, as a document of each format: Markdown, plain text, JSON.

A rendered document is a list of parts. A part is text, or in JSON a piece of the document's frame (braces, names,
quotes). The frame is what keeps JSON valid at any temperature: it comes in its order and nothing else does.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from coderapp.endpoint.library import Snippet

FORMATS = ("text", "json", "markdown")


@dataclass(frozen=True, slots=True)
class Answer:
    """A message, titles on offer, and a snippet, each possibly absent; in this order. `whole` is False where the
    snippet is given as code alone.
    """

    message: str = ""
    offers: tuple[str, ...] = ()
    snippet: Snippet | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Rendered:
    """`texts` and, in JSON, `frame` around them: frame[0] texts[0] frame[1] texts[1] … frame[-1]."""

    texts: tuple[str, ...]
    frame: tuple[str, ...] = ()


def render(answer: Answer, style: str) -> Rendered:
    """An answer as a document of the format `style`."""
    if style == "json":
        return _as_json(answer)
    return Rendered((_as_markdown(answer) if style == "markdown" else _as_text(answer),))


def _as_markdown(answer: Answer) -> str:
    parts = [answer.message, "\n".join(f"- {offer}" for offer in answer.offers)]
    if answer.snippet is not None:
        parts.append(answer.snippet.body if answer.whole else fenced(answer.snippet))
    return "\n\n".join(part for part in parts if part)


def fenced(snippet: Snippet) -> str:
    """The snippet's code block alone, as it stands in the body."""
    body = snippet.body
    end = body.rindex(snippet.notes) if snippet.notes else len(body)
    return body[len(snippet.explanation) : end].strip("\n")


def _as_text(answer: Answer) -> str:
    parts = [plain(answer.message), "\n".join(plain(offer) for offer in answer.offers)]
    snippet = answer.snippet
    if snippet is not None:
        parts += [plain(snippet.explanation), snippet.code, plain(snippet.notes)] if answer.whole else [snippet.code]
    return "\n\n".join(part for part in parts if part)


def _as_json(answer: Answer) -> Rendered:
    names: list[str] = []
    texts: list[str] = []
    snippet = answer.snippet
    if answer.message:
        names.append("message" if snippet is None else "note")
        texts.append(answer.message)
    if snippet is not None:
        names += ["title", "framework", "language", "file"]
        texts += [snippet.title, snippet.framework, snippet.language, snippet.file]
        if answer.whole:
            names.append("explanation")
            texts.append(snippet.explanation)
        names.append("code")
        texts.append(snippet.code)
    frame = [f'{{"{names[0]}": "', *(f'", "{name}": "' for name in names[1:]), '"}']
    if answer.offers:
        frame[-1:] = ['", "suggestions": ["', *['", "'] * (len(answer.offers) - 1), '"]}']
        texts += answer.offers
    return Rendered(tuple(texts), tuple(frame))


def escaped(text: str) -> str:
    """`text` as it stands inside a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


_SPANS = re.compile(r"(`+)(?P<code>.+?)\1", re.DOTALL)
_FENCE_LINE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[^\n]*\n?", re.MULTILINE)
_LINE_MARKS = re.compile(r"^[ \t]*(?:[-*+][ \t]+(?:\[[ xX]\][ \t]+)?|#{1,6}[ \t]+|>[ \t]?)", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]\n]*)\]\(([^)\s]*)[^)\n]*\)")
_STRONG = re.compile(r"(\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1", re.DOTALL)
_HELD = "\x00{}\x00"
_HELD_SPAN = re.compile("\x00(\\d+)\x00")
_EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=[^\s*_])([^*_\n]+?)(?<=\S)\1(?![\w*])")


def plain(markdown: str) -> str:
    """Prose without Markdown's marks: what stood in them stays."""
    spans: list[str] = []

    def put_by(span: re.Match[str]) -> str:
        spans.append(span["code"].strip() or " ")
        return _HELD.format(len(spans) - 1)

    text = _FENCE_LINE.sub("", markdown.replace("\x00", ""))
    text = _SPANS.sub(put_by, text)
    text = _LINE_MARKS.sub("", text)
    text = _LINK.sub(lambda link: f"{link[1]} ({link[2]})" if link[2] not in ("", link[1]) else link[1], text)
    text = _EMPHASIS.sub(r"\2", _STRONG.sub(r"\2", text)).replace("`", "")
    return _HELD_SPAN.sub(lambda held: spans[int(held[1])].replace("`", ""), text)
