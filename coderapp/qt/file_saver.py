"""Files that the user saves, written off the UI thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from coderapp.core.errors import CoderappError, StorageError
from coderapp.qt.background import Worker


class FileSaver:
    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def save(self, path: str, text: str, done: Callable[[], None], failed: Callable[[CoderappError], None]) -> None:
        """Writes `text` as UTF-8; lone surrogates, which no file can hold, become question marks."""

        self._submit(path, lambda: text.encode("utf-8", "replace"), done, failed)

    def save_bytes(
        self, path: str, make: Callable[[], bytes], done: Callable[[], None], failed: Callable[[CoderappError], None]
    ) -> None:
        """Writes what `make` gives, which runs in the thread."""
        self._submit(path, make, done, failed)

    def _submit(
        self, path: str, make: Callable[[], bytes], done: Callable[[], None], failed: Callable[[CoderappError], None]
    ) -> None:
        def work() -> None:
            data = make()
            try:
                Path(path).write_bytes(data)
            except OSError as error:
                sentence = f"{path} could not be written: {error.strerror or error}."
                raise StorageError(sentence, advice="Choose another folder.") from error

        self._worker.submit(work, lambda _: done(), failed)
