"""Messages and addresses as they are written, lists as they are read, scripts as they are played."""

import asyncio
from typing import Any

import pytest

from coderapp.api.catalog import models_in, results_in, tools_in
from coderapp.api.chat_completions import encode_messages
from coderapp.api.client import Client
from coderapp.api.dialect import dialect_of, get, host_of
from coderapp.api.failures import Redactor, Site
from coderapp.api.http_client import HttpClient
from coderapp.api.scripted import ScriptedClient, answer
from coderapp.core.errors import BadReply, KeyMissing, ServerFailed
from coderapp.core.events import Failed, Finished, Started, TextDelta
from coderapp.core.message import (
    FilePart,
    FinishReason,
    Message,
    Part,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from coderapp.core.profile import KeyPlacement, Profile, ProfileKind
from coderapp.core.request import GenerationRequest
from tests.unit.api.scenes import KEY, request_to, run, text_of

SITE = Site("example.test", "/", Redactor(None))


def message(role: Role, *parts: Part) -> Message:
    return Message(role, role, parts)


@pytest.mark.parametrize("kind", [ProfileKind.OPENAI, ProfileKind.PIXLAB])
def test_files_go_out_as_text_before_the_words(kind: ProfileKind) -> None:
    file = FilePart("a.md", "text/markdown", "```\ncode\n```")
    request = request_to("http://h", kind=kind)
    bare = GenerationRequest(request.profile, (message(Role.USER, file), message(Role.USER, file, TextPart("Why?"))))
    text = "File: a.md\n````\n```\ncode\n```\n````"
    assert dialect_of(kind).body(bare)["messages"] == [
        {"role": "user", "content": text},
        {"role": "user", "content": f"{text}\n\nWhy?"},
    ]


def test_messages() -> None:
    call = ToolCallPart("c1", "contrast", '{"a": 1}')
    wire_call = {"id": "c1", "type": "function", "function": {"name": "contrast", "arguments": '{"a": 1}'}}
    assert encode_messages(
        (
            message(Role.SYSTEM, TextPart("Be brief.")),
            message(Role.USER, TextPart("Hi "), TextPart("there")),
            message(Role.ASSISTANT, ReasoningPart("Hm"), TextPart("Yes"), call),
            message(Role.TOOL, ToolResultPart("c1", "contrast", "4.5"), ToolResultPart("c2", "palette", "[]")),
            message(Role.ASSISTANT, call),
            message(Role.ASSISTANT, ReasoningPart("nothing came of it")),
            message(Role.ASSISTANT),
            message(Role.USER, ToolResultPart("c1", "contrast", "4.6"), TextPart("and?")),
            message(Role.USER, ToolResultPart("c1", "contrast", "4.7")),
            message(Role.USER),
        )
    ) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi there"},
        {"role": "assistant", "content": "Yes", "tool_calls": [wire_call]},
        {"role": "tool", "tool_call_id": "c1", "content": "4.5"},
        {"role": "tool", "tool_call_id": "c2", "content": "[]"},
        {"role": "assistant", "content": None, "tool_calls": [wire_call]},
        {"role": "tool", "tool_call_id": "c1", "content": "4.6"},
        {"role": "user", "content": "and?"},
        {"role": "tool", "tool_call_id": "c1", "content": "4.7"},
        {"role": "user", "content": ""},
    ]


def test_hosts() -> None:
    assert host_of("https://llm.pixlab.io/coder") == "llm.pixlab.io"
    assert host_of("http://u:p@[::1]:80/x") == "[::1]:80"
    assert host_of("nothing") == "the server"


def test_a_get_has_no_body_for_a_key() -> None:
    profile = Profile("p", "P", ProfileKind.OPENAI, "http://h/v1", key_placement=KeyPlacement.BODY)
    outgoing = get(profile, "http://h/v1/models", KEY, dialect_of(profile.kind))
    assert outgoing.body is None
    assert outgoing.headers == {"Authorization": f"Bearer {KEY.reveal()}"}


# lists


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ({"object": "list", "data": [{"id": "b"}, {"id": "a"}, {"id": "b"}]}, ("b", "a")),
        ({"models": [{"name": "llama3:8b", "model": "llama3:8b"}]}, ("llama3:8b",)),
        ({"models": ["one", "two"]}, ("one", "two")),
        ([{"id": "x"}, 7, {"id": ""}, {}, {"id": 5}], ("x",)),
        ({"data": []}, ()),
        ({"data": None, "models": [{"name": "é\ud83d"}]}, ("é�",)),
    ],
)
def test_models(value: Any, names: tuple[str, ...]) -> None:
    assert models_in(value, SITE, b"") == names


@pytest.mark.parametrize("value", [None, 7, "x", {}, {"data": {}}, {"data": "x"}])
def test_no_list(value: Any) -> None:
    for read in (models_in, tools_in):
        with pytest.raises(BadReply, match="sent no list of"):
            read(value, SITE, b"raw")
    with pytest.raises(BadReply, match="sent no list of results"):
        results_in(value, (ToolCallPart("a", "one", ""),), SITE, b"raw")


def test_tools() -> None:
    function: Any = {"name": "one", "description": "é", "parameters": {"type": "object"}}
    tool: Any = {"type": "function", "function": function}
    odd: list[Any] = [7, None, {}, {"function": 7}, {"function": {}}, {"function": {"name": ""}}, {"name": 7},
           {"function": {"name": "x", "parameters": []}}]  # fmt: skip
    assert tools_in([tool, {"type": "function", **function}, *odd], SITE, b"") == (tool, tool)
    assert tools_in({"tools": []}, SITE, b"") == ()
    with pytest.raises(BadReply, match="there is none"):
        tools_in(odd, SITE, b"")


def test_results_find_their_calls() -> None:
    one, two = ToolCallPart("a", "one", ""), ToolCallPart("b", "one", "")

    def contents(entries: list[Any], *calls: ToolCallPart) -> list[str]:
        results = results_in({"output": entries}, calls, SITE, b"")
        assert [(result.call_id, result.name) for result in results] == [(call.id, call.name) for call in calls]
        return [result.content for result in results]

    by_id = [{"id": "b", "name": "one", "output": "B"}, {"id": "a", "name": "one", "output": "A"}]
    assert contents(by_id, one, two) == [
        "A", "B"
    ]  # fmt: skip
    assert contents([{"name": "one", "result": 1}, {"name": "one", "content": [2]}], one, two) == ["1", "[2]"]
    assert contents([{"function": {"name": "one"}, "response": None}], one) == ["null"]
    assert contents([{"type": "function", "name": "one", "ratio": 4.5, "passes": True}], one) == [
        '{"ratio":4.5,"passes":true}'
    ]
    assert contents([{"output": "nameless"}], one) == ["nameless"]
    assert contents([7, {"name": "other", "output": "x"}], one) == [
        '{"error": "the server gave no result for this call"}'
    ]


# scripts


def test_both_clients_keep_the_protocol() -> None:
    clients: list[Client] = [HttpClient(), ScriptedClient()]
    assert len(clients) == 2


def play(client: ScriptedClient, **options: Any) -> list[Any]:
    async def scene() -> list[Any]:
        return [event async for event in client.generate(request_to("http://h", **options), options.get("key"))]

    return run(scene())


def test_scripts_are_played_in_turn() -> None:
    broken = ServerFailed("it broke")
    client = ScriptedClient(
        answer("Hello there", piece=5),
        [(0.001, TextDelta("part")), (0.0, Failed(broken)), (0.0, TextDelta("never"))],
        [(0.0, TextDelta("without an end"))],
    )
    assert play(client) == [
        Started("scripted-1", "scripted"),
        TextDelta("Hello"),
        TextDelta(" ther"),
        TextDelta("e"),
        Finished(FinishReason.STOP),
    ]
    assert play(client) == [TextDelta("part"), Failed(broken)]
    for _ in range(2):
        assert play(client) == [TextDelta("without an end"), Finished(FinishReason.STOP)]
    assert len(client.requests) == 4
    assert client.keys_given == [False] * 4
    assert text_of(play(ScriptedClient())) == "Nothing is scripted."


def test_a_script_wants_the_key_that_its_profile_wants() -> None:
    (event,) = play(ScriptedClient(), kind=ProfileKind.PIXLAB)
    assert isinstance(event, Failed)
    assert isinstance(event.error, KeyMissing)


def test_a_script_is_stopped_while_it_waits() -> None:
    async def scene() -> None:
        client = ScriptedClient([(60.0, TextDelta("late"))])

        async def listen() -> None:
            async for _ in client.generate(request_to("http://h"), None):
                pass

        task = asyncio.create_task(listen())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(scene())


def test_scripted_lists() -> None:
    profile = Profile("p", "P", ProfileKind.OPENAI, "http://h/v1")
    tool: Any = {"type": "function", "function": {"name": "one"}}
    calls = (ToolCallPart("a", "one", ""), ToolCallPart("b", "two", ""))

    async def scene() -> None:
        client = ScriptedClient(models=("m",), tools=(tool,), tool_results={"one": "1"})
        assert await client.models(profile, None) == ("m",)
        assert await client.tools(profile, KEY) == (tool,)
        assert await client.run_tools(profile, None, calls) == (
            ToolResultPart("a", "one", "1"),
            ToolResultPart("b", "two", "{}"),
        )
        result = await client.check(profile, KEY)
        assert (result.ok, result.model, result.models, result.key_accepted) == (True, "m", ("m",), True)
        await client.aclose()
        assert client.closed
        failing = ScriptedClient(failure=ServerFailed("it broke"))
        assert (await failing.check(profile, None)).sentence == "it broke"
        for attempt in (
            failing.models(profile, None),
            failing.tools(profile, None),
            failing.run_tools(profile, None, ()),
        ):
            with pytest.raises(ServerFailed):
                await attempt

    run(scene())
