"""Small JSON files that are read on the way to the first window: with `json`, and forgiving."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from coderapp.core.errors import Problem, StorageError
from coderapp.core.message import JsonValue
from coderapp.storage.atomic import keep_copy, write_atomically
from coderapp.storage.errors import from_os


@dataclass(slots=True)
class ObjectRead:
    """The fields of the file, empty where there is none or it does not read; `problems` says why."""

    fields: dict[str, JsonValue] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_object(path: Path, what: str) -> ObjectRead:
    """`what` names the content in a sentence, as in "The settings". Never raises; a damaged file is kept as a copy."""
    read = ObjectRead()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return read
    except OSError as error:
        read.problems.append(Problem.of(from_os(error, "could not be read", path)))
        return read
    try:
        value = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        read.fields = value
        return read
    try:
        where = f"The damaged file is kept as {keep_copy(path, data)}."
    except StorageError as error:
        where = f"{error.sentence} {error.advice}"
    sentence = f"{what} in {path.name} could not be read, so the defaults are used."
    read.problems.append(Problem.of(StorageError(sentence, advice=where)))
    return read


def write_object(path: Path, fields: dict[str, JsonValue]) -> None:
    """Indented, with what is not ASCII as it is. Raises StorageError."""
    text = json.dumps(fields, ensure_ascii=False, indent=2) + "\n"
    try:
        data = text.encode()
    except UnicodeEncodeError:  # half a character, which only an escape can say
        data = (json.dumps(fields, indent=2) + "\n").encode("ascii")
    write_atomically(path, data)
