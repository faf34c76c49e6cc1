"""Files of exports that are dropped on a widget."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

SUFFIXES = (".json", ".jsonl", ".ndjson", ".zip")


class FileDrop(QObject):
    """Has a widget take what looks like exports, and folders; everything else it lets by. Signal: `dropped(paths)`."""

    dropped = Signal(list)

    def __init__(self, target: QWidget) -> None:
        super().__init__(target)
        target.setAcceptDrops(True)
        target.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in (QEvent.Type.DragEnter, QEvent.Type.DragMove) and isinstance(event, QDragEnterEvent | QDropEvent):
            if files(event.mimeData()):
                event.acceptProposedAction()
                return True
        elif kind is QEvent.Type.Drop and isinstance(event, QDropEvent) and (paths := files(event.mimeData())):
            event.acceptProposedAction()
            self.dropped.emit(paths)
            return True
        return False


def files(data: QMimeData) -> list[str]:
    """The paths, where it is nothing but files of this machine that may be exports. A name without a dot is taken for a
    folder's: the disk is not asked while somebody drags.
    """
    if not data.hasUrls() or not all(url.isLocalFile() for url in data.urls()):
        return []
    paths = [url.toLocalFile().rstrip("/") for url in data.urls()]
    names = [path.rpartition("/")[2].lower() for path in paths]
    return paths if all(name.endswith(SUFFIXES) or "." not in name for name in names) else []
