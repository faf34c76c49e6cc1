"""Link reference definitions: `[label]: address "title"` at the beginning of a paragraph."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from markdown_it.common.utils import normalizeReference
from markdown_it.helpers import parseLinkDestination

from coderapp.text.markdown import inline_parser

References = MutableMapping[str, Any]
"""What stands behind each label, in the shape in which markdown-it looks it up."""

_OPENING = re.compile(r"\[((?:[^\[\]\\]|\\.){1,999}?)\]:[ \t\n]*", re.DOTALL)
_SPACE = re.compile(r"[ \t\n]*")
_LINE_END = re.compile(r"[ \t]*(?:\n|\Z)")
_TITLES = {
    '"': re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)(")?', re.DOTALL),
    "'": re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)(')?", re.DOTALL),
    "(": re.compile(r"\(([^()\\]*(?:\\.[^()\\]*)*)(\)|\()?", re.DOTALL),
}
_LABEL = re.compile(r"\[((?:[^\[\]\\]|\\.)+)\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Definition:
    end: int  # behind its last line's end
    label: str
    href: str
    titled: bool
    unclosed: bool  # what may be its title is not closed yet


def _definition(text: str, start: int) -> _Definition | None:
    """The one that begins at `start`. Its title only matters for where it ends."""
    opening = _OPENING.match(text, start)
    if not opening or not (label := normalizeReference(opening[1])):
        return None
    found = parseLinkDestination(text, opening.end(), len(text))
    if not found.ok:
        return None
    href = inline_parser().normalizeLink(found.str)
    if not inline_parser().validateLink(href):
        return None
    space = _SPACE.match(text, found.pos)
    assert space
    unclosed = False
    if (
        space[0]
        and (rule := _TITLES.get(text[space.end() : space.end() + 1]))
        and (title := rule.match(text, space.end()))
    ):
        if title[2] in ('"', "'", ")") and (end := _LINE_END.match(text, title.end())):
            return _Definition(end.end(), label, href, True, False)
        unclosed = not title[2]
    end = _LINE_END.match(text, found.pos)
    return _Definition(end.end(), label, href, False, unclosed) if end else None


def take_definitions(text: str, references: References, below: str | None) -> str:
    """The rest of a paragraph behind the definitions at its beginning, which go into `references`. `below` is the line
    that may be added to the paragraph: what it could make a part of a definition stays. None: nothing comes below.
    """
    start = 0
    while text.startswith("[", start) and (found := _definition(text, start)):
        if below is not None and (
            found.unclosed or (found.end >= len(text) and not found.titled and below[:1] in "\"'(")
        ):
            break
        references.setdefault(found.label, {"href": found.href, "title": "", "map": [0, 0]})
        start = found.end
    return text[start:]


def labels(text: str) -> frozenset[str]:
    """What stands in brackets, as labels of link references."""
    return frozenset(normalizeReference(each) for each in _LABEL.findall(text) if not each.isspace())
