"""How each language resumes: the one table, from which `docs/highlighting.md` is made."""

from __future__ import annotations

from coderapp.text.machines import MOST_FAR, REACH, SHORT_REACH, WHOLE_LINES

WAITS: dict[str, str] = {
    "bash": "a heredoc, until its end",
    "c": "a function's head, until its brace or semicolon; a comment; a line that goes on by a backslash",
    "cpp": "as C; a raw string",
    "csharp": "a verbatim string, a comment",
    "css": "a comment",
    "docker": "a heredoc; an instruction that goes on by a backslash",
    "html": "a comment, an attribute's value. A script or style is lexed by its own lexer as it grows; one that is "
    "never closed goes on to the end (Pygments: its first line only)",
    "java": "a text block, a comment, a method's head",
    "javascript": "a comment",
    "json": "a string, until it is known whether a colon follows; nothing is remembered behind a bracket or comma",
    "make": "conditions and comments are taken out line by line, as Pygments does; the rest waits at a recipe's end",
    "markdown": "a fence, until it is closed; a paragraph's line, until the next one is no underline",
    "objective-c": "as C",
    "perl": "a heredoc, POD, a quoted list or expression, until its end",
    "php": "a heredoc, a quoted string, a comment",
    "powershell": "a here-string, a comment",
    "python": "a docstring",
    "ruby": "a heredoc (its rule's function looks ahead itself), =begin, an expression, until its end",
    "scala": "a comment, a string. Its rule for strings is mended: Pygments' takes exponential time on backslashes",
    "sql": "a quoted string, a comment",
    "xml": "a comment, CDATA, an attribute's value",
    "yaml": "nothing but white space",
}
"""Language → what is not final before it is complete. Those that are not named wait for less than a line."""


def table() -> str:
    """The table as Markdown."""
    rows = [f"| {language} | {waits} |" for language, waits in sorted(WAITS.items())]
    rows.append("| any other that Pygments drives by a table | the construct that runs over lines, until its end |")
    rows.append(
        f"| any other lexer (consoles, languages inside templates) | everything: up to {WHOLE_LINES:,} lines once, "
        "when the block closes; beyond, each line for itself (not exact) |"
    )
    limit = (
        f"What is longer than {REACH:,} characters is coloured as if the text ended there, and where that has happened "
        f"{MOST_FAR} times in a block, or in Java, what is longer than {SHORT_REACH:,}: this alone differs from the "
        "whole text's colours."
    )
    return "\n".join(["| language | what is provisional while the block grows |", "|---|---|", *rows, "", limit])
