"""The reading side of an import as a process of its own: memory, and Python's one lock, are not the window's.

One request comes as a line of JSON: `data_dir`, `files`, `folder`, `job`. Lines of JSON go back: `{"progress": …}` now
and then, and at the end `{"ready": summary}` or `{"failed": [sentence, advice]}`. When the asking side goes away, so
does this one; what it made ready is removed by the asking side, or at the program's next start.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import IO

from coderapp.core.errors import StorageError
from coderapp.core.message import JsonValue
from coderapp.exchange.importers.importing import Importer, Progress
from coderapp.exchange.importers.values import items, mapping, text_of
from coderapp.storage.paths import Paths
from coderapp.storage.staging import Staging


def serve(requests: IO[bytes], replies: IO[bytes]) -> None:
    asked = mapping(json.loads(requests.readline()))
    watch = threading.Thread(target=_leave_with, args=(requests,), daemon=True)
    watch.start()

    def tell(value: JsonValue) -> None:
        replies.write(json.dumps(value).encode() + b"\n")
        replies.flush()

    def report(progress: Progress) -> None:
        tell({"progress": [progress.done, progress.total, progress.conversations, progress.file]})

    staging = Staging(Paths(Path(text_of(asked.get("data_dir")))), text_of(asked.get("job")))
    try:
        staging.begin()
        importer = Importer(staging.paths, staging, folder=text_of(asked.get("folder")), report=report)
        summary = importer.run([Path(text_of(name)) for name in items(asked.get("files"))])
        if summary.anything:
            staging.ready(summary.to_json())
        else:
            staging.discard()
        tell({"ready": summary.to_json()})
    except StorageError as error:
        staging.discard()
        tell({"failed": [error.sentence, error.advice]})


def _leave_with(requests: IO[bytes]) -> None:
    """Nothing more is said to this side: the end of it is the end."""
    requests.read()
    os._exit(1)
