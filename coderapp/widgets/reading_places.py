"""Where in each conversation the user was reading, so that it is there again after a restart."""

from __future__ import annotations

from coderapp.qt.books import StateBook

MOST = 200
"""Conversations whose place is remembered; the ones left longest ago go first."""

Place = tuple[str, int, float]
"""(message id, block, pixels from the top of the screen to the top of the block)."""


class ReadingPlaces:
    """Kept with the window's state. A conversation that is read at its end has no place: it follows."""

    NAME = "reading_places"

    def __init__(self, state: StateBook) -> None:
        self._state = state

    def keep(self, conversation_id: str, place: Place | None) -> None:
        known = self._known()
        known.pop(conversation_id, None)
        if place is not None:
            known[conversation_id] = list(place)
        for old in list(known)[: max(0, len(known) - MOST)]:
            del known[old]
        self._state.set(self.NAME, known)

    def of(self, conversation_id: str) -> Place | None:
        match self._known().get(conversation_id):
            case [str(message_id), int(block), int(y) | float(y)]:
                return message_id, block, float(y)
        return None

    def _known(self) -> dict[str, object]:
        known = self._state.get(self.NAME)
        return dict(known) if isinstance(known, dict) else {}
