"""The endpoint's OpenAPI 3.1 document. The request's fields come from the table of parameters."""

from __future__ import annotations

from coderapp import __version__
from coderapp.core.message import JsonValue
from coderapp.core.parameters import PARAMETERS, Kind, Parameter

Json = dict[str, JsonValue]

_REFUSALS = {
    "400": "The body is not a JSON object, or a field breaks its rule",
    "401": "The key is missing or wrong",
    "405": "Another method",
    "413": "The body is too large",
    "415": "The Content-Type is not application/json",
    "421": "The Host header names another host",
    "431": "The headers are too large",
    "503": "The endpoint is closing",
    "429": "Too many answers are being written; Retry-After says when to try again",
}


def field_schema(row: Parameter) -> Json:
    """A parameter's rule as JSON Schema."""
    schema: Json
    if row.wire_values:
        schema = {"type": "boolean"}
    elif row.kind is Kind.FLOAT:
        schema = {"type": "number"}
    elif row.kind is Kind.INTEGER:
        schema = {"type": "integer"}
    elif row.kind is Kind.BOOLEAN:
        schema = {"type": "boolean"}
    elif row.kind is Kind.CHOICE:
        schema = {"type": "string", "enum": list(row.choices)}
    elif row.kind is Kind.TEXTS:
        one: Json = {"type": "string", "minLength": 1}
        several: Json = {"type": "array", "items": one, "minItems": 1, "maxItems": int(row.maximum or 4)}
        schema = {"oneOf": [one, several]}
    elif row.kind is Kind.TOOLS:
        schema = {"type": "array", "items": {"$ref": "#/components/schemas/Tool"}}
    else:
        schema = {"type": "string"}
    if row.kind in (Kind.FLOAT, Kind.INTEGER):
        if row.minimum is not None:
            schema["minimum"] = row.minimum
        if row.maximum is not None:
            schema["maximum"] = row.maximum
    if row.default is not None:
        schema["default"] = row.on_the_wire(row.default)
    needs = f" Requires {row.needs}: true." if row.needs else ""
    schema["description"] = row.help + needs + (f" {row.advice}" if row.advice else "")
    return schema


def document(server: str) -> Json:
    """`server`: the endpoint's address."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "coderapp's built-in CODER endpoint",
            "version": __version__,
            "description": "A small sample model that speaks the CODER contract and OpenAI's chat completions.",
        },
        "servers": [{"url": server}],
        "security": [{"bare": []}, {"bearer": []}, {"query": []}],
        "paths": _paths(),
        "components": {"schemas": _schemas(), "securitySchemes": _key_places()},
    }


def _key_places() -> Json:
    return {
        "bare": {
            "type": "apiKey",
            "in": "header",
            "name": "WWW-Authenticate",
            "description": "The bare key. It may also stand in the body as `key`.",
        },
        "bearer": {"type": "http", "scheme": "bearer"},
        "query": {"type": "apiKey", "in": "query", "name": "key"},
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _content(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _operation(
    summary: str, reply: Json, *, body: Json | None = None, openai: bool = False, stream: bool = False
) -> Json:
    content = _content(reply)
    if stream:
        content["text/event-stream"] = {
            "schema": {"type": "string", "description": "data: {…} events, then data: [DONE]"}
        }
    responses: Json = {"200": {"description": "The reply", "content": content}}
    refusal = _content(_ref("OpenAIError" if openai else "Error"))
    for status, description in _REFUSALS.items():
        responses[status] = {"description": description, "content": refusal}
    operation: Json = {"summary": summary, "responses": responses}
    if body is not None:
        operation["requestBody"] = {"required": True, "content": _content(body)}
    return operation


def _paths() -> Json:
    tools = _operation("List the ready-made tools", _ref("ToolList"))
    with_key = _operation("List the ready-made tools, the key in the body", _ref("ToolList"), body=_ref("KeyOnly"))
    return {
        "/coder": {
            "post": _operation(
                "Answer a conversation",
                {"oneOf": [_ref("SimpleReply"), _ref("OpenAIReply")]},
                body=_ref("CoderRequest"),
                stream=True,
            )
        },
        "/tools": {"get": tools, "post": with_key},
        "/toolcall": {"post": _operation("Run tool calls", _ref("ToolResults"), body=_ref("ToolCalls"))},
        "/v1/chat/completions": {
            "post": _operation(
                "Answer a conversation, in OpenAI's shape; format is markdown by default",
                _ref("OpenAIReply"),
                body=_ref("CoderRequest"),
                openai=True,
                stream=True,
            )
        },
        "/v1/models": {"get": _operation("List the models", _ref("ModelList"), openai=True)},
        "/v1/models/{name}": {"get": _one_model()},
        "/openapi.json": {
            "get": {
                "summary": "This document",
                "security": [],
                "responses": {"200": {"description": "The document", "content": _content({"type": "object"})}},
            }
        },
    }


def _one_model() -> Json:
    operation = _operation("Describe a model", _ref("Model"), openai=True)
    responses = operation["responses"]
    assert isinstance(responses, dict)
    responses["404"] = {"description": "There is no such model", "content": _content(_ref("OpenAIError"))}
    name: Json = {"name": "name", "in": "path", "required": True, "schema": _TEXT, "description": "The model's name"}
    return {**operation, "parameters": [name]}


def _object(properties: Json, required: list[JsonValue] | None = None, description: str = "") -> Json:
    schema: Json = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    if description:
        schema["description"] = description
    return schema


def _list_of(schema: Json) -> Json:
    return {"type": "array", "items": schema}


_TEXT: Json = {"type": "string"}
_WHOLE: Json = {"type": "integer"}
_TEXT_OR_NULL: Json = {"type": ["string", "null"]}


def _schemas() -> Json:
    content: Json = {"type": ["string", "array", "null"], "description": "A text, or a list of parts with a type"}
    roles: list[JsonValue] = ["system", "developer", "user", "assistant", "tool", "function"]
    message = _object({"role": {"type": "string", "enum": roles}, "content": content}, ["role"])
    fields: Json = {
        "messages": {
            "oneOf": [_TEXT, {"type": "array", "items": _ref("Message"), "minItems": 1}],
            "description": "The conversation, or a prompt",
        },
        "key": {"type": "string", "description": "The API key, where no header and no query carries it"},
    }
    for row in PARAMETERS:
        fields[row.field] = field_schema(row)
    fields["stream_options"] = _object({"include_usage": {"type": "boolean"}})
    fields["tool_choice"] = {
        "description": "auto, none, required, or a function to call",
        "oneOf": [{"type": "string", "enum": ["auto", "none", "required"]}, {"type": "object"}],
    }
    alternative: Json = {
        "token": _TEXT,
        "logprob": {"type": "number"},
        "bytes": {"type": ["array", "null"], "items": _WHOLE},
    }
    token = _object({**alternative, "top_logprobs": _list_of(_object(alternative))})
    logprobs = _object({"content": _list_of(token)})
    usage = _object({"prompt_tokens": _WHOLE, "completion_tokens": _WHOLE, "total_tokens": _WHOLE})
    answer = _object({"role": _TEXT, "content": {"type": ["string", "null"]}, "tool_calls": _list_of(_ref("ToolCall"))})
    choice = _object({"index": _WHOLE, "message": answer, "logprobs": logprobs, "finish_reason": _TEXT})
    result = _object({"type": _TEXT, "id": _TEXT, "name": _TEXT, "output": {"type": "object"}, "error": _TEXT})
    return {
        "CoderRequest": _object(fields, ["messages"], "Unknown fields are ignored; null means not set."),
        "Message": message,
        "Tool": _object(
            {
                "type": {"const": "function"},
                "function": _object({"name": _TEXT, "description": _TEXT, "parameters": {"type": "object"}}, ["name"]),
            },
            ["type", "function"],
        ),
        "ToolCall": _object(
            {"id": _TEXT, "type": {"const": "function"}, "function": _object({"name": _TEXT, "arguments": _TEXT})}
        ),
        "SimpleReply": _object(
            {
                "status": _WHOLE, "id": _TEXT, "output": _TEXT, "role": _TEXT, "format": _TEXT, "object": _TEXT,
                "created": _WHOLE, "model": _TEXT, "total_input_tokens": _WHOLE, "total_output_tokens": _WHOLE,
                "finish_reason": _TEXT, "logprobs": logprobs, "tool_calls": _list_of(_ref("ToolCall")),
            },
            ["status", "id", "output", "role", "object", "created", "model"],
        ),
        "OpenAIReply": _object(
            {
                "id": _TEXT, "object": _TEXT, "created": _WHOLE, "model": _TEXT, "choices": _list_of(choice),
                "usage": usage,
            },
            ["id", "object", "created", "model", "choices"],
        ),
        "KeyOnly": _object({"key": _TEXT}),
        "ToolList": _object({"status": _WHOLE, "id": _TEXT, "tools": _list_of(_ref("Tool"))}),
        "ToolCalls": _object({"tools": _list_of(_ref("ToolCall")), "key": _TEXT}, ["tools"]),
        "ToolResults": _object({"status": _WHOLE, "id": _TEXT, "output": _list_of(result)}),
        "ModelList": _object({"object": _TEXT, "data": _list_of(_ref("Model"))}),
        "Model": _object(
            {"id": _TEXT, "object": _TEXT, "created": _WHOLE, "owned_by": _TEXT, "context_length": _WHOLE},
            ["id", "object"],
        ),
        "Error": _object({"status": _WHOLE, "error": _TEXT}, ["status", "error"]),
        "OpenAIError": _object(
            {
                "error": _object(
                    {"message": _TEXT, "type": _TEXT, "param": _TEXT_OR_NULL, "code": _TEXT_OR_NULL}
                )
            },
            ["error"],
        ),
    }  # fmt: skip
