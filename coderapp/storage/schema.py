"""The JSON form of a conversation (docs/storage.md) and its way to and from `core`'s Conversation.

Reading forgives: `decode` raises for a later version only. What it could not use is in `Document.set_aside`, which
goes back into the file, and is told in `Document.complaints`.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from coderapp.core.conversation import Conversation
from coderapp.core.message import FilePart, Generation, JsonValue, Message
from coderapp.storage.document import Document
from coderapp.storage.errors import NewerVersion
from coderapp.storage.lenient import Fields, read_files
from coderapp.storage.migrations import migrate
from coderapp.storage.placement import choose, place, place_forms

if TYPE_CHECKING:
    from coderapp.storage import forms

VERSION = 2

HEAD_END = b',\n  "profile_id": '
"""Ends the fields that a list of conversations needs; a line end can't stand inside a JSON string."""

DRAFT_FILES = "draft_files"
"""The field for the files of a draft; only where there are some."""

MOST_MESSAGES = 10**8
"""Higher numbers of messages are damage."""

_TIME_DIGITS = 3


# writing


def encode(document: Document) -> bytes:
    """The file: one field a line, then one message a line."""
    conversation = document.conversation
    head: list[tuple[str, JsonValue]] = [
        ("version", VERSION),
        ("id", conversation.id),
        ("title", conversation.title),
        ("titled_by_user", conversation.titled_by_user),
        ("created", round(conversation.created, _TIME_DIGITS)),
        ("updated", round(conversation.updated, _TIME_DIGITS)),
        ("message_count", len(conversation)),
        ("journal", document.journal),
        ("folder", conversation.folder),
        ("tags", list(conversation.tags)),
        ("pinned", conversation.pinned),
        ("archived", conversation.archived),
        ("profile_id", conversation.profile_id),
        ("system_prompt", conversation.system_prompt),
        ("parameters", conversation.parameters),
        ("draft", conversation.draft),
        ("chosen", dict(_chosen_by_hand(conversation))),
    ]
    if conversation.starred:
        starred: list[JsonValue] = [*sorted(conversation.starred)]
        head.append(("starred", starred))
    if conversation.origin:
        head.append(("origin", conversation.origin))
    known = {name for name, _ in head} | {DRAFT_FILES, "starred", "origin"}
    head += [(name, value) for name, value in document.extras.items() if name not in known]
    if document.set_aside:
        head.append(("set_aside", document.set_aside))
    lines = [b'  "' + name.encode() + b'": ' if name.isidentifier() and name.isascii() else
             b"  " + encode_value(name) + b": " for name, _ in head]  # fmt: skip
    values = [line + encode_value(value) for line, (_, value) in zip(lines, head, strict=True)]
    if conversation.draft_files:
        values.append(b'  "%s": %s' % (DRAFT_FILES.encode(), encode_files(conversation.draft_files)))
    fields = b",\n".join(values)
    messages = b",\n".join(_encode_messages(document))
    return b"".join([b"{\n", fields, b',\n  "messages": [', b"\n" if messages else b"", messages, b"\n  ]\n}\n"])


def encode_value(value: object) -> bytes:
    """One line of JSON in UTF-8. Lone surrogates (half an emoji) go through as escapes, which msgspec refuses."""
    from coderapp.storage import forms

    try:
        return forms.encode(value)
    except UnicodeEncodeError:
        plain = forms.plain_json(forms.to_plain(value))
        return json.dumps(plain, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def encode_files(files: tuple[FilePart, ...]) -> bytes:
    from coderapp.storage import forms

    return encode_value([forms.part_form(file) for file in files])


def encode_message(parent: str, message: Message, extras: dict[str, JsonValue] | None = None) -> bytes:
    from coderapp.storage import forms

    form = forms.message_form(parent, message)
    if not extras:
        return encode_value(form)
    plain = cast("dict[str, JsonValue]", forms.to_plain(form))
    for name, value in extras.items():
        inner = plain.get(name)
        if isinstance(inner, dict) and isinstance(value, dict):
            plain[name] = value | inner
        elif name not in plain and name != "generation":
            plain[name] = value
    return encode_value(plain)


def encode_generation(generation: Generation | None) -> bytes:
    from coderapp.storage import forms

    return encode_value(None if generation is None else forms.generation_form(generation))


def _encode_messages(document: Document) -> Iterable[bytes]:
    from coderapp.storage import forms

    conversation, extras = document.conversation, document.message_extras
    parents = conversation.parents
    form, encode_form = forms.message_form, forms.encode
    for message in conversation.messages.values():
        parent = parents[message.id]
        try:
            if message.id not in extras:
                yield b"    " + encode_form(form(parent, message))
                continue
        except UnicodeEncodeError:
            pass
        yield b"    " + encode_message(parent, message, extras.get(message.id))


def _chosen_by_hand(conversation: Conversation) -> Iterable[tuple[str, str]]:
    """Only where the active path does not take the newest branch: that is what a reader assumes."""
    for parent, children in conversation.children.items():
        if (child := conversation.chosen.get(parent)) is not None and child != children[-1]:
            yield parent, child


# reading


ANY_VERSION = 9999
"""Higher numbers are no version but damage."""

_FIELDS = frozenset(
    ("version", "title", "titled_by_user", "created", "updated", "message_count", "journal", "folder", "tags", "pinned",
     "archived", "profile_id", "system_prompt", "parameters", "draft", DRAFT_FILES, "chosen", "starred", "origin",
     "set_aside")
)  # fmt: skip


def decode(conversation_id: str, data: bytes, *, newest: int = VERSION) -> Document:
    """From a file's bytes, whatever they are. The file's name decides the id. Raises NewerVersion for one of a later
    version than `newest`.
    """
    with _collector_off():
        members = _split(data)
        if members is not None and (document := _decode_strict(conversation_id, members, newest)) is not None:
            return document
    from coderapp.storage.salvage import salvage

    rest = salvage(data, _FIELDS)
    _check_version(rest.members.get("version"), newest)
    messages = rest.members.pop("messages", None)
    if isinstance(messages, list):
        misnamed = ""
    elif misnamed := _misnamed(rest.members):
        rest.members["set_aside"] = [*_as_list(rest.members.get("set_aside")), *_as_list(messages)]
        messages = rest.members.pop(misnamed)
    count = rest.members.get("message_count")
    document = _head(conversation_id, rest.members)
    if not rest.whole:
        document.complaints.append("parts of the file are damaged")
    if isinstance(messages, list):
        if misnamed:
            document.complaints.append(f"its messages stood under the name {misnamed[:30]}")
        place(document, messages)
        if _is_count(count) and rest.whole and count > len(messages):
            document.complaints.append(f"{len(messages)} of its {count} messages are in the file")
    else:
        if messages is not None:
            document.set_aside.append(messages)
        document.complaints.append("the list of messages is missing")
    choose(document)
    return document


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_MESSAGES


def _as_list(value: JsonValue) -> list[JsonValue]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _misnamed(members: dict[str, JsonValue]) -> str:
    """The unknown field that holds messages: one wrong letter in a name must not hide them all."""

    def messages_in(value: JsonValue) -> int:
        rows = value if isinstance(value, list) else []
        return sum(isinstance(row, dict) and {"id", "role", "parts"} <= row.keys() for row in rows)

    unknown = [name for name in members if name not in _FIELDS]
    best = max(unknown, key=lambda name: messages_in(members[name]), default="")
    return best if best and messages_in(members[best]) else ""


@contextmanager
def _collector_off() -> Iterator[None]:
    """Tens of thousands of new objects that all stay: looking among them for rubbish doubles the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read_head(data: bytes) -> dict[str, Any] | None:
    """The fields that a list needs, from the beginning of a file; None where that does not read."""
    end = data.find(HEAD_END)
    try:
        value = json.loads(data[:end] + b"}") if end >= 0 else json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _split(data: bytes) -> dict[str, Any] | None:
    from coderapp.storage import forms

    try:
        return forms.decode_object(data)
    except (ValueError, RecursionError):
        return None


def _decode_strict(conversation_id: str, members: dict[str, Any], newest: int) -> Document | None:
    """The ordinary way; None where a field has to be looked at more closely than msgspec does."""
    from coderapp.storage import forms

    if (raw := members.pop("messages", None)) is None:
        return None
    try:
        head = {name: forms.decode_any(value) for name, value in members.items()}
        _check_version(head.get("version"), newest)
        pieces = _decode_messages(raw)
    except (ValueError, RecursionError):
        return None
    count = head.get("message_count")
    if _is_count(count) and count > len(pieces):
        return None  # as where the list stands there twice: the last one alone is seen here
    document = _head(conversation_id, head)
    if not all(isinstance(piece, forms.MessageForm) for piece in pieces) or not place_forms(
        document, cast("list[forms.MessageForm]", pieces)
    ):
        place(document, pieces)
    choose(document)
    return document


def _decode_messages(raw: Any) -> list[Any]:
    """Forms where all fit; otherwise a form or a plain value for each."""
    from coderapp.storage import forms

    try:
        return list(forms.decode_messages(raw))
    except ValueError:
        pieces: list[Any] = []
        for piece in forms.decode_pieces(raw):
            try:
                pieces.append(forms.decode_message(piece))
            except ValueError:
                pieces.append(forms.decode_any(piece))
        return pieces


def _check_version(version: object, newest: int) -> None:
    if isinstance(version, int) and not isinstance(version, bool) and newest < version <= ANY_VERSION:
        raise NewerVersion(f"This conversation was saved by a newer coderapp (format {version}, here {VERSION}).")


def _head(conversation_id: str, members: dict[str, JsonValue]) -> Document:
    read_version = migrate(members, VERSION)
    fields = Fields(members)
    version = fields.count("version")
    if version is not None and not 1 <= version <= ANY_VERSION:
        fields.faults.append("version")
    fields.rest.pop("id", None)
    fields.rest.pop("message_count", None)
    chosen = fields.mapping("chosen") or {}
    conversation = Conversation(
        conversation_id,
        fields.number("created") or 0.0,
        title=fields.text("title"),
        titled_by_user=bool(fields.flag("titled_by_user")),
        profile_id=fields.text("profile_id"),
        system_prompt=fields.text("system_prompt"),
        parameters=fields.mapping("parameters") or {},
        draft=fields.text("draft"),
        draft_files=fields.take(DRAFT_FILES, read_files) or (),
        folder=fields.text("folder"),
        tags=fields.texts("tags"),
        pinned=bool(fields.flag("pinned")),
        archived=bool(fields.flag("archived")),
        starred=set(fields.texts("starred")),
        origin=fields.mapping("origin") or {},
        chosen={parent: child for parent, child in chosen.items() if isinstance(child, str)},
        updated=fields.number("updated") or 0.0,
    )
    document = Document(
        conversation,
        version=read_version,
        journal=max(fields.count("journal") or 0, 0),
        set_aside=fields.items("set_aside"),
    )
    if fields.faults:
        document.set_aside.append({name: members[name] for name in dict.fromkeys(fields.faults)})
        document.complaints.append(f"these fields are of the wrong type: {', '.join(dict.fromkeys(fields.faults))}")
    document.extras = fields.rest
    return document
