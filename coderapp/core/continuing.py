"""A new conversation that begins with what another one said up to a message."""

from __future__ import annotations

from dataclasses import replace

from coderapp.core.conversation import ROOT, TITLE_LENGTH, Conversation


def continued(source: Conversation, message_id: str, new_id: str, now: float) -> Conversation:
    """The path up to `message_id`, files included, with the settings of `source`, its folder and its tags.

    The title says where it comes from, and counts as not given by hand. Stars, the draft and the other branches stay
    behind, and so does where an import came from: this one was not imported. Raises KeyError where the message is not
    there.
    """
    made = replace(
        source,
        id=new_id,
        created=now,
        updated=now,
        title=continued_title(source.title),
        titled_by_user=False,
        parameters=dict(source.parameters),
        draft="",
        draft_files=(),
        pinned=False,
        archived=False,
        starred=set(),
        origin={},
        read_only="",
        messages={},
        parents={},
        children={},
        chosen={},
    )
    parent = ROOT
    for message in source.path_to(message_id):
        made.add(message, parent=parent)
        parent = message.id
    made.updated = now
    return made


def continued_title(title: str) -> str:
    """Says that it goes on; a title that says so already is not made longer each time."""
    if not title or title.endswith(_MARK):
        return title
    room = TITLE_LENGTH - len(_MARK)
    return (title if len(title) <= room else title[: room - 1].rstrip() + "…") + _MARK


_MARK = " (continued)"
