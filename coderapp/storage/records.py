"""What a journal records: each change of a conversation as a value, its JSON, and how it is applied.

Applying never raises for what a file holds: a record that does not fit any more (its message is not there, its text
was to follow text that is lost) gives False.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from coderapp.core.conversation import ROOT, Conversation
from coderapp.core.message import (
    FilePart,
    FinishReason,
    Generation,
    JsonValue,
    Message,
    ReasoningPart,
    Role,
    TextPart,
)
from coderapp.storage import schema
from coderapp.storage.lenient import read_files, read_generation, read_message


@dataclass(frozen=True, slots=True)
class Added:
    parent: str
    message: Message


@dataclass(frozen=True, slots=True)
class Appended:
    """`text` follows the first `at` characters of the message's text, or of its reasoning."""

    message_id: str
    at: int
    text: str
    reasoning: bool = False


@dataclass(frozen=True, slots=True)
class Updated:
    """The message's value from here on."""

    message: Message


@dataclass(frozen=True, slots=True)
class Ended:
    """An answer whose words are all in the journal already: how it came about."""

    message_id: str
    generation: Generation | None


@dataclass(frozen=True, slots=True)
class FieldsSet:
    """Fields of the conversation by name (see FIELDS)."""

    fields: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class DraftFilesSet:
    """The files of the draft from here on. A record of its own: a draft's words change with each pause in typing, and
    its files, which may be large, seldom.
    """

    files: tuple[FilePart, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    message_id: str


@dataclass(frozen=True, slots=True)
class Starred:
    message_id: str
    on: bool


Record = Added | Appended | Updated | Ended | FieldsSet | DraftFilesSet | Chosen | Starred


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


FIELDS: dict[str, Callable[[object], bool]] = {
    "title": lambda value: isinstance(value, str),
    "titled_by_user": lambda value: isinstance(value, bool),
    "profile_id": lambda value: isinstance(value, str),
    "system_prompt": lambda value: isinstance(value, str),
    "parameters": lambda value: isinstance(value, dict),
    "draft": lambda value: isinstance(value, str),
    "updated": _is_number,
    "folder": lambda value: isinstance(value, str),
    "tags": lambda value: isinstance(value, list) and all(isinstance(tag, str) and tag for tag in value),
    "pinned": lambda value: isinstance(value, bool),
    "archived": lambda value: isinstance(value, bool),
    "origin": lambda value: isinstance(value, dict),
}
"""The fields of a conversation that can be set, each with the test of its type."""


def encode(number: int, record: Record) -> bytes:
    """One line of JSON without its end. `number` counts the records of a conversation from 1, for ever."""
    return b'{"n":%d,"op":%s}' % (number, _body(record))


def _body(record: Record) -> bytes:
    """The kind of the record, and its fields after that."""
    value = schema.encode_value
    if isinstance(record, Appended):
        kind = b"reasoning" if record.reasoning else b"text"
        return b'"%s","id":%s,"at":%d,"text":%s' % (kind, value(record.message_id), record.at, value(record.text))
    if isinstance(record, Added):
        return b'"add","message":%s' % schema.encode_message(record.parent, record.message)
    if isinstance(record, Updated):
        return b'"update","message":%s' % schema.encode_message(ROOT, record.message)
    if isinstance(record, Ended):
        about = schema.encode_generation(record.generation)
        return b'"end","id":%s,"generation":%s' % (value(record.message_id), about)
    if isinstance(record, FieldsSet):
        return b'"set","fields":%s' % value(dict(record.fields))
    if isinstance(record, DraftFilesSet):
        return b'"draft_files","files":%s' % schema.encode_files(record.files)
    if isinstance(record, Starred):
        return b'"star","id":%s,"on":%s' % (value(record.message_id), b"true" if record.on else b"false")
    return b'"choose","id":%s' % value(record.message_id)


def decode(value: object) -> tuple[int, Record] | None:
    """From parsed JSON; None for what is no record, or one of a kind that this version does not know."""
    if not isinstance(value, dict) or not isinstance(number := value.get("n"), int):
        return None
    record = _decode(value)
    return None if record is None else (number, record)


def answer_size(record: Record) -> int:
    """The bytes of an answer's words in it."""
    if isinstance(record, Appended):
        text = record.text
    elif isinstance(record, Added | Updated) and record.message.role is Role.ASSISTANT:
        text = record.message.reasoning + record.message.text
    else:
        return 0
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def encode_more(text: str) -> bytes:
    """Text that goes on where the record before ended, and has the next number: a slow answer is many small pieces."""
    return b'{"+":%s}' % schema.encode_value(text)


def more(value: object) -> str | None:
    """The text of such a record; None for every other value."""
    if isinstance(value, dict) and len(value) == 1 and isinstance(text := value.get("+"), str):
        return text
    return None


def _decode(value: dict[str, JsonValue]) -> Record | None:
    match value:
        case {"op": "text" | "reasoning" as kind, "id": str(message_id), "at": int(at), "text": str(text)}:
            return Appended(message_id, at, text, kind == "reasoning")
        case {"op": "add", "message": message} if (read := read_message(message)) is not None:
            return Added(read.parent, read.message)
        case {"op": "update", "message": message} if (read := read_message(message)) is not None:
            return Updated(read.message)
        case {"op": "end", "id": str(message_id), "generation": about}:
            return Ended(message_id, read_generation(about, []))
        case {"op": "set", "fields": dict(fields)}:
            return FieldsSet({name: item for name, item in fields.items() if name in FIELDS and FIELDS[name](item)})
        case {"op": "draft_files", "files": files} if (read_parts := read_files(files)) is not None:
            return DraftFilesSet(read_parts)
        case {"op": "choose", "id": str(message_id)}:
            return Chosen(message_id)
        case {"op": "star", "id": str(message_id), "on": bool(on)}:
            return Starred(message_id, on)
    return None


def apply(conversation: Conversation, record: Record) -> bool:
    """Changes the conversation; False where the record does not fit it."""
    match record:
        case Added(parent, message):
            if message.id in conversation.messages or message.id == ROOT:
                return False
            conversation.add(
                message, parent=parent if parent in conversation.messages else _instead(conversation, parent)
            )
            return True
        case FieldsSet(fields):
            for name, item in fields.items():
                setattr(conversation, name, field_value(item))
            return True
        case DraftFilesSet(files):
            conversation.draft_files = files
            return True
        case Updated(message):
            if message.id not in conversation.messages:
                return False
            conversation.update(message)
            return True
        case Chosen(message_id):
            if message_id not in conversation.messages:
                return False
            conversation.choose(message_id)
            return True
        case Starred(message_id, on):
            if message_id not in conversation.messages:
                return False
            (conversation.starred.add if on else conversation.starred.discard)(message_id)
            return True
    old = conversation.messages.get(record.message_id)
    if old is None:
        return False
    if isinstance(record, Ended):
        conversation.update(replace(old, generation=record.generation))
        return True
    if record.at < len(old.reasoning if record.reasoning else old.text):
        return False  # where it is more, a record between was lost: what follows it is not
    conversation.update(extended(old, record.text, reasoning=record.reasoning))
    return True


def field_value(value: JsonValue) -> object:
    """As a conversation holds it: a container of its own."""
    if isinstance(value, dict):
        return dict(value)
    return tuple(value) if isinstance(value, list) else value


def extended(message: Message, text: str, *, reasoning: bool = False) -> Message:
    """The message with more text at its end. From then on an answer has a Generation: one without an end."""
    kind = ReasoningPart if reasoning else TextPart
    parts = message.parts
    if parts and isinstance(last := parts[-1], kind):
        parts = (*parts[:-1], kind(joined(last.text, text)))
    else:
        parts = (*parts, kind(text))
    generation = message.generation
    if generation is None and message.role is Role.ASSISTANT:
        generation = Generation()
    return replace(message, parts=parts, generation=generation)


def joined(first: str, second: str) -> str:
    """`first + second`, and where a character beyond U+FFFF was split in two halves, one character again."""
    return first[:-1] + whole(first[-1] + second[0]) + second[1:] if halves(first, second) else first + second


def halves(first: str, second: str) -> bool:
    """Whether the end of `first` and the beginning of `second` are one character."""
    return "\ud800" <= first[-1:] <= "\udbff" and "\udc00" <= second[:1] <= "\udfff"


def whole(text: str) -> str:
    """The text with split characters joined, as JSON gives it back; half a character stays half."""
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def streaming(message: Message) -> bool:
    """Whether an answer has not come to its end."""
    if message.role is not Role.ASSISTANT:
        return False
    return not message.parts if message.generation is None else message.generation.finish is None


def interrupted(message: Message) -> Message:
    """The answer as it is after its program was killed."""
    generation = message.generation or Generation()
    return replace(message, generation=replace(generation, finish=FinishReason.INTERRUPTED))


def _instead(conversation: Conversation, parent: str) -> str:
    """Where a message goes whose parent is lost."""
    return ROOT if parent == ROOT else conversation.leaf_id
