"""TeX as models write it, put into the words that the libraries read. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Callable

LONGEST = 2_000
"""Characters of TeX."""


class FormulaError(ValueError):
    """This TeX is not drawn; the source is to be shown."""


_DROPPED = re.compile(r"\\(?:label|cssId|class)\s*\{[^{}]*\}|\\(?:nonumber|notag|hline|displaylimits)(?![A-Za-z])")
_NUMBERED = re.compile(r"\\(begin|end)\{(?:align|alignat|eqnarray|flalign)\*?\}")
_SINGLE = re.compile(r"\\(?:begin|end)\{(?:equation|displaymath|math|multline)\*?\}")
_PLACED = re.compile(r"(\\begin\{(?:aligned|gathered|alignedat|split|array)\})\[[tbc]\]")
_LINE_SKIP = re.compile(r"\\\\\s*\[[-+.\d\s]*(?:pt|em|ex|px|mm|cm|in|mu)\]")
_WORDS = re.compile(r"\\text(?:rm|bf|it|sf|tt|normal)?\{([^{}]*)\}")


_ESCAPED = re.compile(r"\\([_%#$ ])")


def prepared(tex: str) -> str:
    """The same formula in the words that can be drawn."""
    tex = _DROPPED.sub(" ", tex)
    tex = _NUMBERED.sub(r"\\\1{align*}", tex)
    tex = _SINGLE.sub(" ", tex)
    tex = _PLACED.sub(r"\1", tex)
    tex = _LINE_SKIP.sub(r"\\\\ ", tex)
    tex = _WORDS.sub(_plain_words, tex)
    tex = _with_arguments(tex, ("\\tag*", "\\tag"), 1, lambda tag: rf"\qquad \text{{({tag})}}")
    tex = _with_arguments(tex, ("\\mathop",), 1, lambda body: f"{{{body}}}")
    # ziamath looks for the end of an argument at the next brace.
    return _with_arguments(
        tex,
        ("\\binom", "\\dbinom", "\\tbinom"),
        2,
        lambda above, below: rf"\left( {{{above}}} \atop {{{below}}} \right)",
    )


def _plain_words(match: re.Match[str]) -> str:
    """Text with the formulas in it taken out, and its escapes undone."""
    command = match[0][: match[0].index("{")]
    pieces = match[1].split("$")
    if len(pieces) % 2 == 0:  # a lone dollar sign
        pieces = [match[1]]
    words = []
    for number, piece in enumerate(pieces):
        plain = _ESCAPED.sub(r"\1", piece)
        words.append(piece if number % 2 else f"{command}{{{plain}}}" if plain else "")
    return "".join(words)


def _with_arguments(tex: str, commands: tuple[str, ...], count: int, put: Callable[..., str]) -> str:
    """`tex` with each of `commands` and its `count` arguments in braces replaced by what `put` makes of these."""
    for command in commands:
        start = tex.find(command)
        while start >= 0:
            end = start + len(command)
            arguments: list[str] = []
            while len(arguments) < count and (closed := _closing(tex, end)):
                arguments.append(tex[tex.index("{", end) + 1 : closed - 1])
                end = closed
            made = put(*arguments) if len(arguments) == count else command
            tex = tex[:start] + made + (tex[end:] if len(arguments) == count else tex[start + len(command) :])
            if len(tex) > 2 * LONGEST:
                raise FormulaError("too long")
            start = tex.find(command, start + (len(command) if made == command else 0))
    return tex


def _closing(tex: str, start: int) -> int:
    """Behind the brace that closes the one that opens at `start`, or after blanks there; 0 for none."""
    while start < len(tex) and tex[start].isspace():
        start += 1
    if not tex.startswith("{", start):
        return 0
    level = 0
    while start < len(tex):
        if tex[start] == "\\":
            start += 1
        elif tex[start] == "{":
            level += 1
        elif tex[start] == "}":
            level -= 1
            if not level:
                return start + 1
        start += 1
    return 0
