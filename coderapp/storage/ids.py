"""Names of conversations: safe as file names everywhere, in the order of their making."""

from __future__ import annotations

import re
import secrets
import time
from datetime import UTC, datetime

from coderapp.storage.errors import UnknownConversation

_VALID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def new_id(now: float | None = None) -> str:
    """Like 20261122-170355-ab12cd: the time in UTC, then six random digits."""
    moment = datetime.fromtimestamp(time.time() if now is None else now, UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def is_valid(conversation_id: str) -> bool:
    return _VALID.fullmatch(conversation_id) is not None


def checked(conversation_id: str) -> str:
    """The id, fit for a file name: no dots, no separators. Raises UnknownConversation."""
    if not is_valid(conversation_id):
        raise UnknownConversation(f"{conversation_id!r} is not the name of a conversation.")
    return conversation_id


def time_of(conversation_id: str) -> float:
    """When the conversation was made, by its name; 0.0 where that does not tell."""
    try:
        return datetime.strptime(conversation_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
