"""Text with spans as Markdown source: marks around what is styled, escapes where characters would be read as marks.

What needs an escape hangs on everything around it. So the source with the fewest escapes is tried first, read again and
compared; only where that gives something else are there more escapes, or other marks for the same styles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise

from coderapp.text.blocks import LINE_BREAK, Span, Style

LONGEST_CHECKED = 50_000
"""Characters of one text up to which it is checked; reading longer ones several times would take too long."""

_LEAVES = Style.CODE | Style.MATH | Style.NOTE
_EMPHASES = (Style.BOLD, Style.ITALIC, Style.STRIKE)
_EMPHASIS = Style.BOLD | Style.ITALIC | Style.STRIKE

_SPECIAL = re.compile(
    r"[\\`\[$\n\r\t\u2028]|(?<![^\W_])_|_(?![^\W_])|(?<!\s)\*|\*(?!\s)|~~|://|www\.|#$", re.IGNORECASE
)
"""What may be a mark inside a line."""

_NOTABLE = re.compile(r"[^\w ,;'\"?@%/]|_| (?=\u2028)|(?<=\u2028) ")
_WORDS = re.compile(r"(?!\d+[.)])[^\W_]")
_HTML = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_NUMBER = re.compile(r"\d{1,9}(?=[.)])")
_MAIL = re.compile(r"[A-Za-z0-9.+-]+@[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*")
_ADDRESS = re.compile(r"[A-Za-z]{2,20}:[!#$&-;=?-Z_a-z~@\[\]]+")


class Care(IntEnum):
    """How much is escaped."""

    LEAST = 0  # what other programs would read as HTML or a footnote, and white space that would be lost
    USUAL = 1  # what could be a mark here
    ALL = 2  # each character that can be a mark anywhere


@dataclass(frozen=True, slots=True)
class Manner:
    """One way of writing. `bare`: an address may stand without marks. `line_break`: what a LINE_BREAK becomes; a source
    that had that character itself keeps it.
    """

    care: Care
    italic: str = "*"
    bold: str = "**"
    bare: bool = True
    line_break: str = "\\\n"


_MANNERS = (
    Manner(Care.LEAST),
    Manner(Care.USUAL),
    Manner(Care.USUAL, italic="_"),
    Manner(Care.USUAL, bold="__"),
    Manner(Care.USUAL, bare=False),
    Manner(Care.ALL, bare=False),
    Manner(Care.ALL, italic="_", bare=False),
    Manner(Care.ALL, bold="__", bare=False),
    Manner(Care.USUAL, bare=False, line_break=LINE_BREAK),
)


def inline_source(text: str, spans: Sequence[Span], means_it: Callable[[str], bool]) -> str:
    """Markdown for the text. `means_it`: whether a source is read as these very text and spans
    where no way of writing is, the likeliest is taken.
    """
    if _is_simple(text, spans):
        return _write(text, spans, Manner(Care.LEAST))
    if len(text) > LONGEST_CHECKED:
        return _write(text, spans, Manner(Care.USUAL))
    tried: list[str] = []
    for manner in _MANNERS:
        source = _write(text, spans, manner)
        if source in tried:
            continue
        if means_it(source):
            return source
        tried.append(source)
    return _write(text, spans, Manner(Care.USUAL))


def _is_simple(text: str, spans: Sequence[Span]) -> bool:
    """Whether the source with the fewest escapes is right for sure: words and code, each style between spaces."""
    around = text
    end = -1
    for span in spans:
        start, after = span.start, span.start + span.length
        if start <= end or span.style not in (Style.CODE, Style.BOLD, Style.ITALIC, Style.LINK):
            return False
        end = after
        if span.style is Style.CODE:
            if "`" in text[start:after] or not text[start:after].strip() or LINE_BREAK in text[start:after]:
                return False
            around = f"{around[:start]}{'x' * span.length}{around[after:]}"
        elif not (text[start].isalnum() and text[after - 1].isalnum()):
            return False
        if (start and text[start - 1] not in " (") or (after < len(text) and text[after] not in " .,;:)!?"):
            return False
    if _SPECIAL.search(around) or text[-1:].isspace():
        return False
    return not text or bool(_WORDS.match(around))


def tidy(text: str, spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans that are cut out of longer ones, without the white space at the ends of emphases."""
    found: list[Span] = []
    intervals = list(_trimmed(text, _intervals(spans)))
    for span in spans:
        end = span.start + span.length
        inside = [each for each in intervals if each.start < end and each.end > span.start]
        edges = {span.start, end, *(edge for each in inside for edge in (each.start, each.end))}
        cuts = sorted(edge for edge in edges if span.start <= edge <= end)
        for first, last in pairwise(cuts):
            style = span.style & ~_EMPHASIS
            for each in inside:
                if each.start <= first and each.end >= last:
                    style |= each.style
            if style:
                found.append(Span(first, last - first, style, span.href))
    return tuple(found)


def _trimmed(text: str, intervals: Iterable[_Interval]) -> Iterator[_Interval]:
    for each in intervals:
        start, end = each.start, each.end
        if each.style is Style.LINK:
            continue
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        if start < end:
            yield replace(each, start=start, end=end)


def code_span(text: str) -> str:
    """Text between as many backticks as it takes."""
    runs = {len(run) for run in re.findall("`+", text)}
    ticks = "`" * next(size for size in range(1, len(runs) + 2) if size not in runs)
    pad = text[:1] == "`" or text[-1:] == "`" or (text[:1] == text[-1:] == " " and bool(text.strip(" ")))
    return f"{ticks} {text} {ticks}" if pad else f"{ticks}{text}{ticks}"


@dataclass(frozen=True, slots=True)
class _Interval:
    start: int
    end: int
    style: Style
    href: str = ""


def _intervals(spans: Sequence[Span]) -> Iterator[_Interval]:
    """What stands between one pair of marks, for each style and each link."""
    for style in _EMPHASES:
        for start, end, _ in _joined((s.start, s.start + s.length, "") for s in spans if s.style & style):
            yield _Interval(start, end, style)
    for start, end, href in _joined((s.start, s.start + s.length, s.href) for s in spans if s.style & Style.LINK):
        yield _Interval(start, end, Style.LINK, href)


def _joined(parts: Iterator[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Neighbours that touch and belong together, in one."""
    under_way: tuple[int, int, str] | None = None
    for part in parts:
        if under_way is not None and under_way[1] == part[0] and under_way[2] == part[2]:
            under_way = (under_way[0], part[1], part[2])
            continue
        if under_way is not None:
            yield under_way
        under_way = part
    if under_way is not None:
        yield under_way


def _write(text: str, spans: Sequence[Span], manner: Manner) -> str:
    spans = [span for span in spans if span.length > 0]
    leaves = {span.start: span for span in spans if span.style & _LEAVES}
    intervals = list(_intervals(spans))
    addresses = {each.start: each for each in intervals if _is_address(text, each, spans, manner)}
    intervals = [each for each in intervals if addresses.get(each.start) is not each]
    edges = {0, len(text)}
    edges.update(edge for each in intervals for edge in (each.start, each.end))
    edges.update(edge for each in (*leaves.values(),) for edge in (each.start, each.start + each.length))
    edges.update(edge for each in addresses.values() for edge in (each.start, each.end))
    opening: dict[int, list[_Interval]] = {}
    for each in intervals:
        opening.setdefault(each.start, []).append(each)
    out: list[str] = []
    stack: list[_Interval] = []
    emphases = [each for each in intervals if each.style is not Style.LINK]
    firsts, lasts = {each.start for each in emphases}, {each.end - 1 for each in emphases}
    ordered = sorted(edges)
    done = 0
    for position, following in zip(ordered, [*ordered[1:], len(text)], strict=True):
        opened = list(opening.get(position, ()))
        if any(each.end <= position for each in stack):
            deepest = next(index for index, each in enumerate(stack) if each.end <= position)
            out += [_mark(each, manner, closing=True) for each in reversed(stack[deepest:])]
            opened += [each for each in stack[deepest:] if each.end > position]
            del stack[deepest:]
        for each in sorted(opened, key=lambda each: (-each.end, each.style is not Style.LINK, each.style)):
            out.append(_mark(each, manner, closing=False))
            stack.append(each)
        if position < done:
            continue
        if position in leaves:
            span = leaves[position]
            done = position + span.length
            out.append(_leaf(text[position:done], span.style, manner))
        elif position in addresses:
            done = addresses[position].end
            out.append(_address(text[position:done], addresses[position].href, manner))
        elif following > position:
            in_link = any(each.style is Style.LINK for each in stack)
            inner = {position} & firsts | {following - 1} & lasts
            written = _escaped(text, position, following, manner, in_link, inner)
            if text[following - 1] == "!" and any(each.style is Style.LINK for each in opening.get(following, ())):
                written = written.removesuffix("\\!").removesuffix("!") + "\\!"  # not an image
            out.append(written)
    return "".join(out)


def _mark(interval: _Interval, manner: Manner, *, closing: bool) -> str:
    if interval.style is Style.LINK:
        return f"]({_destination(interval.href)})" if closing else "["
    return {Style.BOLD: manner.bold, Style.ITALIC: manner.italic}.get(interval.style, "~~")


def _destination(href: str) -> str:
    href = _ENTITY.sub("&amp;", href)
    if href and not re.search(r"[\s()<>\\]", href):
        return href
    escaped = re.sub(r"[<>\\]", r"\\\g<0>", href)
    return f"<{escaped}>"


def _leaf(text: str, style: Style, manner: Manner) -> str:
    if style & Style.NOTE:
        return f"[^{text}]"
    if style & Style.MATH:
        return f"${text}$" if manner.care < Care.ALL else f"\\({text}\\)"
    return code_span(text)


def _is_address(text: str, link: _Interval, spans: Sequence[Span], manner: Manner) -> bool:
    """Whether a link can be written as its address alone."""
    if link.style is not Style.LINK:
        return False
    if not any((s.start, s.start + s.length) == (link.start, link.end) and not s.style & _LEAVES for s in spans):
        return False
    words = text[link.start : link.end]
    if manner.bare:
        from coderapp.text.markdown import bare_urls

        if bare_urls(words) == [(0, len(words), link.href)]:
            return True
    return bool(_ADDRESS.fullmatch(words) and link.href == words) or bool(
        _MAIL.fullmatch(words) and link.href == f"mailto:{words}"
    )


def _address(words: str, href: str, manner: Manner) -> str:
    if manner.bare:
        from coderapp.text.markdown import bare_urls

        if bare_urls(words) == [(0, len(words), href)]:
            return words
    return f"<{words}>"


def _escaped(text: str, start: int, end: int, manner: Manner, in_link: bool, inner: set[int]) -> str:
    """A run of plain text. `inner`: its characters that stand right inside the marks of an emphasis."""
    out: list[str] = []
    done = start
    notable = {match.start() for match in _NOTABLE.finditer(text, start, end)}
    for position in sorted(notable | {start, end - 1}):
        character = text[position]
        before = text[position - 1] if position else LINE_BREAK
        after = text[position + 1] if position + 1 < len(text) else LINE_BREAK
        if character == "\\" and position == end - 1:
            after = LINE_BREAK  # a mark comes next
        if character == LINE_BREAK:
            written = manner.line_break
        elif character.isspace():
            if not (LINE_BREAK in (before, after) or character in "\n\r" or position in inner):
                continue
            written = f"&#{ord(character)};"
        elif character.isalnum() or not _needs_escape(text, position, before, after, manner.care, in_link):
            continue
        elif character in "[]()" and manner.care is Care.ALL:
            written = f"&#{ord(character)};"  # a backslash would make a formula of it
        else:
            written = f"\\{character}"
        out += (text[done:position], written)
        done = position + 1
    out.append(text[done:end])
    return "".join(out)


def _needs_escape(text: str, position: int, before: str, after: str, care: Care, in_link: bool) -> bool:
    character = text[position]
    if character == "<" and _HTML.match(text, position):
        return True
    if (character == "[" and after == "^") or (character == "]" and in_link):
        return True
    if character == "&":
        return bool(_ENTITY.match(text, position)) or care is Care.ALL
    if care is Care.LEAST or character not in _PUNCTUATION:
        return False
    if before == LINE_BREAK and character in "-+=>#:|~*_":
        return True
    if character in ".)" and before.isdigit():
        line = text.rfind(LINE_BREAK, 0, position) + 1
        number = _NUMBER.match(text, line)
        if number and number.end() == position:
            return True
    if care is Care.ALL:
        return character in "\\`*_{}[]()<>#+-!|~$=^"
    if character == "\\":
        return after in _PUNCTUATION or after == LINE_BREAK
    if character == "*":
        return not (before.isspace() and after.isspace())
    if character == "_":
        return not (before.isalnum() and after.isalnum())
    if character == "#":
        return after == LINE_BREAK or before == " "
    if character == "|":
        return LINE_BREAK in text
    return character in "`[~$"
