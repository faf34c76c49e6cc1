"""The chunk that comes thousands of times a second, read without making objects of what surrounds its text.

A chunk is quick where it holds a text and nothing else that counts. For every other one the answer here is None, and
the dialect's reader takes it apart in full.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType


class _Delta(Struct, gc=False, forbid_unknown_fields=True):
    """A field that is not named here may mean something: then the chunk is not quick."""

    content: str
    role: str | None = None
    reasoning_content: None = None
    reasoning: None = None
    thinking: None = None
    refusal: None = None
    tool_calls: None = None
    function_call: None = None


class _Choice(Struct, gc=False):
    delta: _Delta
    error: None = None
    logprobs: None = None
    finish_reason: None = None


class _Chunk(Struct, gc=False):
    choices: tuple[_Choice]
    object: Literal["chat.completion.chunk"] | None = None
    error: None = None
    usage: None = None
    status: None = None


class _Simple(Struct, gc=False):
    output: str
    choices: UnsetType = UNSET
    error: None = None
    status: Literal[200] | None = None
    tool_calls: None = None
    logprobs: None = None
    finish_reason: None = None
    total_input_tokens: None = None
    total_output_tokens: None = None


_chunk = msgspec.json.Decoder(_Chunk).decode
_simple = msgspec.json.Decoder(_Simple).decode


def text_of_chunk(data: bytes) -> str | None:
    """The text of a chunk in OpenAI's dialect."""
    try:
        return _chunk(data).choices[0].delta.content
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def text_of_simple(data: bytes) -> str | None:
    """The text of a chunk in PixLab's simple style."""
    try:
        return _simple(data).output
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
