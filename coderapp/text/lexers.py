"""Pygments' lexers as they are used here: three are mended, where theirs could not be used on code that grows."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pygments.lexer import Lexer, using
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound


@lru_cache(maxsize=256)
def lexer_for(language: str) -> Lexer | None:
    """None for a language that Pygments does not know."""
    if language in _MENDED:
        return _MENDED[language]()
    try:
        return get_lexer_by_name(language)
    except ClassNotFound:
        return None


def _html() -> Lexer:
    """A script or style that is not closed (yet) goes on to the end. Pygments takes its first line for one and reads
    the rest as HTML, so that a whole script would change its colours when its closing tag comes.
    """
    from pygments.lexers.css import CssLexer
    from pygments.lexers.html import HtmlLexer
    from pygments.lexers.javascript import JavascriptLexer

    use: Any = using

    def content(tag: str, lexer: Any) -> list[Any]:
        closer = HtmlLexer.tokens[f"{tag}-content"][0]
        return [closer, (rf".+?(?=<\s*/\s*{tag}\s*>)", use(lexer)), (r".+", use(lexer))]

    class Html(HtmlLexer):
        name = HtmlLexer.name
        tokens = {  # noqa: RUF012
            "script-content": content("script", JavascriptLexer),
            "style-content": content("style", CssLexer),
        }

    return Html()  # type: ignore[no-untyped-call, unused-ignore]


def _scala() -> Lexer:
    """Its expression for a quoted string takes exponential time on backslashes where the string does not end."""
    lexer: Any = get_lexer_by_name("scala")
    slow, quick = r'(\\\\|\\"|[^"])*', r'(?:[^"\\]++|\\["\\]|\\(?!["\\]))*+'
    lexer._tokens = _replaced(lexer._tokens, lambda source: source.replace(slow, quick))
    return lexer  # type: ignore[no-any-return]


def _replaced(table: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    import re

    def rule(match: Any, *rest: Any) -> tuple[Any, ...]:
        pattern = match.__self__
        source = change(pattern.pattern)
        return (match if source == pattern.pattern else re.compile(source, pattern.flags).match, *rest)

    return {state: [rule(*each) for each in rules] for state, rules in table.items()}


_MENDED: dict[str, Callable[[], Lexer]] = {"html": _html, "scala": _scala}
