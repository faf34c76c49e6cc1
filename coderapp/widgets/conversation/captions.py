"""The words around a message: who speaks, how an answer came about, what a tool call says."""

from __future__ import annotations

import json

from coderapp.core.message import FinishReason, Generation, Role, ToolCallPart
from coderapp.core.parameters import BY_NAME
from coderapp.qt.conversation_model import Row, RowState
from coderapp.text.blocks import Block, CodeBlock, Span, Style, TextBlock

_AUTHORS = {Role.USER: "You", Role.SYSTEM: "System", Role.TOOL: "Tool result", Role.ASSISTANT: "Answer"}

_ENDINGS = {
    FinishReason.LENGTH: "cut at the token limit",
    FinishReason.CONTENT_FILTER: "cut by the server's content filter",
    FinishReason.STOPPED: "stopped",
    FinishReason.FAILED: "failed",
    FinishReason.INTERRUPTED: "interrupted when the program ended",
    FinishReason.TOOL_CALLS: "calls tools",
}

_NOTHING = {
    FinishReason.STOP: "The server sent an empty answer; answer again, or change the prompt",
    FinishReason.LENGTH: "The token limit left no room for a word; raise max tokens",
    FinishReason.CONTENT_FILTER: "The server's content filter let nothing through",
    FinishReason.STOPPED: "Stopped before the first word",
    FinishReason.INTERRUPTED: "The program ended before the first word",
}

SHOWN_VALUE = 24
"""Characters of a parameter's value that a footer shows."""


def author(row: Row) -> str:
    generation = row.message.generation
    if row.message.role is Role.ASSISTANT and generation and generation.model:
        return generation.model
    if row.message.role is Role.ASSISTANT and generation and generation.profile:
        return generation.profile
    return _AUTHORS[row.message.role]


def footer(row: Row) -> str:
    """What stands under an answer."""
    if row.notice:
        return row.notice
    if row.state is RowState.WAITING:
        return "Waiting for the first word…"
    if row.state is RowState.STREAMING:
        return "Writing…"
    generation = row.message.generation
    if generation is None:
        return ""
    said = bool(row.message.parts)
    return "  ·  ".join(_facts(generation) if said else [*filter(None, [_nothing(generation)]), *_facts(generation)])


def _nothing(generation: Generation) -> str:
    """Why an answer has no words; a failure says so itself."""
    return _NOTHING.get(generation.finish, "") if generation.finish else ""


def _facts(generation: Generation) -> list[str]:
    facts = [generation.profile] if generation.profile else []
    facts += [f"{BY_NAME[name].label.lower()} {_short(value)}" for name, value in _shown(generation)]
    usage = generation.usage
    if usage.output_tokens is not None:
        given = f"{usage.input_tokens:,} → " if usage.input_tokens is not None else ""
        facts.append(f"{given}{usage.output_tokens:,} tokens")
    if generation.duration is not None:
        facts.append(seconds(generation.duration) + _pace(generation))
    if generation.finish in _ENDINGS:
        facts.append(_ENDINGS[generation.finish])
    return facts


def _shown(generation: Generation) -> list[tuple[str, object]]:
    return [(name, value) for name, value in generation.parameters.items() if name in BY_NAME]


def _short(value: object) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return str(len(value))
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, bool):
        return "on" if value else "off"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN_VALUE else text[: SHOWN_VALUE - 1] + "…"


def seconds(duration: float) -> str:
    if duration < 10:
        return f"{duration:.1f} s"
    if duration < 60:
        return f"{duration:.0f} s"
    return f"{int(duration // 60)} min {int(duration % 60)} s"


def _pace(generation: Generation) -> str:
    tokens, duration = generation.usage.output_tokens, generation.duration
    if not tokens or not duration:
        return ""
    writing = duration - (generation.first_token_after or 0.0)
    return f" ({tokens / writing:,.0f} tokens/s)" if writing > 0.2 else ""


def tool_call_blocks(call: ToolCallPart) -> tuple[Block, ...]:
    """A tool call as a line and a block of JSON; arguments that do not parse are shown as they came."""
    try:
        arguments = json.dumps(json.loads(call.arguments or "{}"), indent=2, ensure_ascii=False)
    except ValueError:
        arguments = call.arguments
    said = f"Calls the tool {call.name} with:"
    spans = (Span(len("Calls the tool "), len(call.name), Style.CODE),) if call.name else ()
    return TextBlock(said, spans), CodeBlock(f'json title="{call.name}.json"', arguments.split("\n"))
