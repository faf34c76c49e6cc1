"""Files that go along with a prompt, read off the UI thread."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from coderapp.core.attachments import MOST_FILE_BYTES, size_words
from coderapp.core.errors import CoderappError, StorageError
from coderapp.core.message import FilePart
from coderapp.qt.background import Worker


class FileReader:
    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def read(self, path: str, done: Callable[[FilePart], None], failed: Callable[[CoderappError], None]) -> None:
        """Reads a text file as it is; a byte order mark is left out."""
        self._worker.submit(lambda: read_file(Path(path)), done, failed)


def read_file(path: Path) -> FilePart:
    """Raises StorageError for what is no file, larger than MOST_FILE_BYTES, or no text in UTF-8."""
    import mimetypes  # not on the way to the first window

    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for without end
            raise _refused(path, "it is a folder" if stat.S_ISDIR(status.st_mode) else "it is no ordinary file")
        if status.st_size > MOST_FILE_BYTES:
            raise _too_large(path, status.st_size)
        with path.open("rb") as file:
            data = file.read(MOST_FILE_BYTES + 1)
    except OSError as error:
        raise _refused(path, f"it could not be read: {(error.strerror or str(error)).lower()}") from error
    if len(data) > MOST_FILE_BYTES:
        raise _too_large(path, len(data))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_text(path) from error
    if "\0" in text:
        raise _not_text(path)
    kind = mimetypes.guess_type(path.name)[0] or ""
    return FilePart(path.name, kind if kind.startswith("text/") else "text/plain", text)


def _refused(path: Path, why: str, advice: str = "Choose a text file.") -> StorageError:
    return StorageError(f"{path.name} was not attached: {why}.", advice=advice)


def _not_text(path: Path) -> StorageError:
    return _refused(path, "it is no text in UTF-8", "Only text files can be attached.")


def _too_large(path: Path, size: int) -> StorageError:
    most = size_words(MOST_FILE_BYTES)
    return _refused(path, f"it has {size_words(size)}, and {most} is the most", "Attach the part that matters.")
