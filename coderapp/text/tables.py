"""The lines of a table as cells."""

from __future__ import annotations

import re

MOST_COLUMNS = 100
"""A table with more columns is text."""

_DELIMITERS = re.compile(r"(?:-[-|:]|[|:][-|: \t])[-|: \t]*$")
_DELIMITER = re.compile(r":?-+:?$")
_BAR = re.compile(r"(?<!\\)\|")
_MARGIN = " \t\n\v\f\r"


def alignment(line: str) -> tuple[str, ...]:
    """What the line below a head says of the columns; () where it is no such line."""
    if not _DELIMITERS.match(line) or line.count("|") > MOST_COLUMNS + 1:
        return ()
    found = []
    columns = line.split("|")
    for place, column in enumerate(columns):
        mark = column.strip(_MARGIN)
        if not mark and place in (0, len(columns) - 1):
            continue
        if not _DELIMITER.match(mark):
            return ()
        right = mark.endswith(":")
        found.append("center" if right and mark.startswith(":") else "right" if right else "left")
    return tuple(found) if len(found) <= MOST_COLUMNS else ()


def cells(line: str) -> list[str]:
    """The source of each cell of a row."""
    columns = _BAR.split(line.strip(_MARGIN))
    if columns[0] == "":
        columns.pop(0)
    if columns and columns[-1] == "":
        columns.pop()
    return [column.replace("\\|", "|").strip(_MARGIN) for column in columns]
