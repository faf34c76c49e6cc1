"""What stands inside a paragraph, heading or cell: text with spans.

markdown-it reads the marks: CommonMark with strikethrough, bare URLs, formulas (`$a$`, `$$a$$`, `\\(a\\)`) and
footnote references (`[^a]`); raw HTML stays text. Only `http://`, `https://` and `mailto:` addresses become links; the
words of any other link stay as plain text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLink
from markdown_it.rules_inline import StateInline, image, link
from markdown_it.token import Token

from coderapp.text.blocks import LINE_BREAK, Span, Style

HEAVIEST = 6_000
"""Weight up to which a text is read at once, which takes at most about 5 ms. A heavier one stays as it is; paragraphs
are cut before."""

MARGIN = " \t\n\v\f\r"
"""White space that does not count at either end of a text."""

# Each is found by what is before it alone, so that a text may be weighed in pieces.
_HEAVY = r"[*_~\[<]|(?<=:/)/|(?<=[Ww]{3})\."
_LIGHT_MARK = re.compile(r"[\\\]&!$\n]|(?<!`)`")
_HEAVY_MARK = re.compile(_HEAVY)
_MARK = re.compile(rf"({_HEAVY})|{_LIGHT_MARK.pattern}")
_LIGHT_WEIGHT = 10
_HEAVY_WEIGHT = 30
_ANY_MARK = re.compile(r"[\\*_~\[\]<&$`]|://|www\.", re.IGNORECASE)

_STYLES = {"strong": Style.BOLD, "em": Style.ITALIC, "s": Style.STRIKE}

_SAFE = re.compile(r"(?:https?://|mailto:)\S", re.IGNORECASE)
# Ends at quotation marks and at the full-width punctuation that follows an address without a space in CJK text.
_BARE = re.compile(
    r"""(?:(?<![a-z0-9])https?://|(?<![^\s*_~(\["'“‘])www\.)[^\s<>"`“”‘’、。，；：！？（）「」『』【】《》]+""",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:[^\W_]|\[[0-9a-f:.]+\])[\w.-]*", re.IGNORECASE)
_TRAILING = frozenset("?!.,:;*_~'([")
_PAIRS = {")": "(", "]": "["}

_PLAIN = re.compile(r"(?:[^\W_]|[ ,.?'\"\n-])*")
_SHORT = 700
_MOST_RECENT = 8  # the pieces of a line that is not complete
_MOST_UNCLOSED = 100

_DOLLAR = re.compile(r"\$(?![\s$])([^$\\]*(?:\\.[^$\\]*)*)(?<!\s)\$(?!\d)", re.DOTALL)
_DOLLARS = re.compile(r"\$\$(?!\$)([^$\\]*(?:\\.[^$\\]*)*)\$\$", re.DOTALL)
_PRICE = re.compile(r"\d[\d.,]*[\s,;:]+[A-Za-z]{2}")
_NOTE = re.compile(r"\[\^([\w.-]{1,60})\]")


Read = tuple[str, tuple[Span, ...]]
"""Text without marks, and the spans that are not plain."""


@cache
def inline_parser() -> MarkdownIt:
    """One for all: it keeps nothing from one text to the next, and never raises."""
    return with_inline_rules(MarkdownIt("commonmark", {"html": False, "maxNesting": 24}))


def with_inline_rules(md: MarkdownIt) -> MarkdownIt:
    """`md` with what we read beyond CommonMark."""
    md.enable("strikethrough")
    md.inline.ruler.before("escape", "formula", _formula)
    md.inline.ruler.before("link", "note", _note)
    md.inline.ruler.at("link", _where_closed(link))
    md.inline.ruler.at("image", _where_closed(image))
    return md


def _where_closed(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    """markdown-it looks for each bracket's end through all the text: not where there is none, nor again and again."""

    def closed(state: StateInline, silent: bool) -> bool:
        if state.src[state.pos] not in "[!" or state.src.find("]", state.pos, state.posMax) < 0:
            return False
        tried: int = getattr(state, "unclosed_brackets", 0)
        if tried >= _MOST_UNCLOSED:
            return False
        found = rule(state, silent)
        if not found and not silent:
            state.unclosed_brackets = tried + 1  # type: ignore[attr-defined]
        return found

    return closed


def _formula(state: StateInline, silent: bool) -> bool:
    """`$a$` with no space inside the marks and no digit behind them, so that "$5 and $10" stays text."""
    source, start = state.src, state.pos
    if source.startswith("\\(", start):
        end = source.find("\\)", start + 2, state.posMax)
        if end < 0 or not (tex := source[start + 2 : end].strip()):
            return False
        end += 2
    elif source[start] == "$" and (start == 0 or source[start - 1] != "$"):
        rule = _DOLLARS if source.startswith("$$", start) else _DOLLAR
        match = rule.match(source, start, state.posMax)
        if not match or not (tex := match[1].strip()) or _PRICE.match(tex):
            return False
        end = match.end()
    else:
        return False
    if not silent:
        state.push("formula", "", 0).content = tex.replace("\n", " ")
    state.pos = end
    return True


def _note(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "[" or not (match := _NOTE.match(state.src, state.pos, state.posMax)):
        return False
    if not silent:
        state.push("note", "", 0).content = match[1]
    state.pos = match.end()
    return True


def weight(text: str, start: int = 0) -> int:
    """What it takes to read the marks from `start` on, in characters of plain text (each about 1 µs)."""
    light, heavy = len(_LIGHT_MARK.findall(text, start)), len(_HEAVY_MARK.findall(text, start))
    return len(text) - start + _LIGHT_WEIGHT * light + _HEAVY_WEIGHT * heavy


def heavy_at(text: str, room: int) -> int:
    """Where the weight of `text` passes `room`, which it does: a function of the text before that place alone."""
    for mark in _MARK.finditer(text):
        if mark.start() >= room:
            break
        room -= _HEAVY_WEIGHT if mark[1] else _LIGHT_WEIGHT
        if mark.start() >= room:
            return mark.start()
    return room


def read(text: str, references: MutableMapping[str, Any]) -> Read:
    """Source without marks, and the spans that are not plain."""
    if not _ANY_MARK.search(text):
        return (text.replace("\n", " "), ()) if " \n" not in text else _read_marks(text, references)
    if weight(text) > HEAVIEST:
        return text.replace("\n", " "), ()
    return _read_marks(text, references)


def _read_marks(text: str, references: MutableMapping[str, Any]) -> Read:
    return inline(inline_parser().parseInline(text, {"references": references})[0])


class Reader:
    """Reads a text that grows, at the cost of what is new to it."""

    def __init__(self) -> None:
        self._source = ""
        self._found: Read = ("", ())
        self._weight = 0  # of what was read when the marks were last looked at
        self._recent: dict[str, Read] = {}

    def exact(self, source: str, references: MutableMapping[str, Any]) -> Read:
        """The same as `read`."""
        if "[" in source:  # depends on the references
            return read(source, references)
        if source == self._source:
            return self._found
        return self._recent.get(source) or read(source, references)

    def guess(self, source: str, references: MutableMapping[str, Any]) -> Read:
        """Exact where `source` is short. A long one that goes on the one before is read again when it has grown by a
        sixteenth; until then its new characters stand there as they came.
        """
        if found := self._recent.get(source):
            return found
        known = len(self._source)
        if known and source.startswith(self._source):
            text, spans = self._found
            added = source[known:]
            word = self._source[self._source.rfind(" ") + 1 :] + added
            if _PLAIN.fullmatch(word) and " \n" not in added and "www." not in word.lower():
                self._source, self._found = source, (text + added.replace("\n", " "), spans)
                return self._found
            if self._weight > _SHORT and weight(source, known) * 16 < self._weight:
                return text + added.replace("\n", " "), spans
        self._source, self._found = source, read(source, references)
        self._weight = weight(source)
        if self._weight > _SHORT and "[" not in source:
            self._recent[source] = self._found
            if len(self._recent) > _MOST_RECENT:
                del self._recent[next(iter(self._recent))]
        return self._found


def bare_urls(text: str) -> list[tuple[int, int, str]]:
    """(start, end, href) of the addresses in plain text, by the rules of GitHub's autolinks."""
    lowered = text.lower() if len(text) >= 5 else ""
    if "://" not in lowered and "www." not in lowered:
        return []
    found = []
    for match in _BARE.finditer(text):
        start = match.start()
        end = start + _trimmed(match[0])
        is_www = text[start] in "wW"
        host = _HOST.match(text, start if is_www else text.index("//", start) + 2, end)
        labels = host[0].rstrip(".").split(".") if host else []
        if not labels or any("_" in label for label in labels[-2:]) or (is_www and len(labels) < 2):
            continue
        address = text[start:end]
        found.append((start, end, normalizeLink(f"http://{address}" if is_www else address)))
    return found


def _trimmed(address: str) -> int:
    """Its length without the punctuation of the sentence around it; closing brackets that it opens itself stay."""
    surplus = {close: address.count(close) - address.count(opener) for close, opener in _PAIRS.items()}
    end = len(address)
    while end:
        last = address[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return end


class _Run:
    """Text and spans under way."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.spans: list[Span] = []
        self.position = 0
        self._depth: dict[Style, int] = {}
        self._style = Style.PLAIN
        self._hrefs: list[str] = []

    def enter(self, style: Style) -> None:
        self._depth[style] = self._depth.get(style, 0) + 1
        self._style |= style

    def leave(self, style: Style) -> None:
        self._depth[style] -= 1
        if not self._depth[style]:
            self._style &= ~style

    def enter_link(self, href: str) -> None:
        self._hrefs.append(href if _SAFE.match(href) else "")

    def leave_link(self) -> None:
        self._hrefs.pop()

    def put(self, text: str, extra: Style = Style.PLAIN, href: str = "") -> None:
        if not text:
            return
        href = next((each for each in self._hrefs if each), href)
        style = self._style | extra | (Style.LINK if href else Style.PLAIN)
        if style:
            last = self.spans[-1] if self.spans else None
            if last and last.start + last.length == self.position and last.style == style and last.href == href:
                self.spans[-1] = Span(last.start, last.length + len(text), style, href)
            else:
                self.spans.append(Span(self.position, len(text), style, href))
        self.pieces.append(text)
        self.position += len(text)

    def put_words(self, text: str) -> None:
        """Plain text, in which bare addresses become links unless it stands in a link already."""
        done = 0
        if not self._hrefs:
            for start, end, href in bare_urls(text):
                self.put(text[done:start])
                self.put(text[start:end], href=href)
                done = end
        self.put(text[done:])


def inline(token: Token) -> Read:
    """An inline token as text and the spans that are not plain."""
    run = _Run()
    for child in token.children or ():
        kind, _, end = child.type.rpartition("_")
        if child.type == "text":
            run.put_words(child.content)
        elif child.type == "softbreak":
            run.put(" ")
        elif child.type == "hardbreak":
            run.put(LINE_BREAK)
        elif child.type == "code_inline":
            run.put(child.content, Style.CODE)
        elif child.type == "formula":
            run.put(child.content, Style.MATH)
        elif child.type == "note":
            run.put(child.content, Style.NOTE)
        elif child.type == "link_open":
            run.enter_link(str(child.attrs.get("href", "")))
        elif child.type == "link_close":
            run.leave_link()
        elif child.type == "image":
            source = str(child.attrs.get("src", ""))
            run.put(_words(child) or "image", href=source if _SAFE.match(source) else "")
        elif end == "open" and kind in _STYLES:
            run.enter(_STYLES[kind])
        elif end == "close" and kind in _STYLES:
            run.leave(_STYLES[kind])
        else:
            run.put(child.content)
    return "".join(run.pieces), tuple(run.spans)


def _words(image: Token) -> str:
    """An image's description without marks."""
    pieces = []
    for child in image.children or ():
        if child.type == "image":
            pieces.append(_words(child))
        else:
            pieces.append(" " if child.type in ("softbreak", "hardbreak") else child.content)
    return "".join(pieces)


def without_task_mark(text: str, spans: tuple[Span, ...]) -> tuple[str, tuple[Span, ...], bool | None]:
    """The text of a list item's first paragraph behind `[ ] ` or `[x] `, and which it was."""
    mark = text[:4]
    if mark not in ("[ ] ", "[x] ", "[X] ") or (spans and spans[0].start < 4):
        return text, spans, None
    moved = tuple(Span(span.start - 4, span.length, span.style, span.href) for span in spans)
    return text[4:], moved, mark != "[ ] "
