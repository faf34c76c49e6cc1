"""What the parts of the conversation view need of it."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QPoint

from coderapp.widgets.conversation.hot_spots import HotSpot


class Stage(Protocol):
    """The view, as its pointer and keyboard see it."""

    def refresh(self) -> None:
        """Paints everything on screen anew."""

    def scroll_to(self, offset: float) -> None:
        """As if the user had scrolled there."""

    def act(self, row: int, spot: HotSpot) -> None:
        """Does what a place is for."""

    def reveal_spot(self, row: int, spot: HotSpot) -> None:
        """Scrolls so that a place is seen."""

    def open_link(self, address: str) -> None: ...

    def ask_menu(self, at: QPoint) -> None:
        """Opens the context menu at a point of the viewport."""
