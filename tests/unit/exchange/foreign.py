"""What other programs write, in their shapes, with words of ours. Every word between « and » has to come in."""

from __future__ import annotations

from typing import Any

Json = Any


def chatgpt(name: str = "c1") -> Json:
    """A tree with a regenerated answer, hidden system text, thoughts, a tool and pieces of unknown kind."""

    def node(identity: str, parent: str | None, children: list[str], message: Json = None) -> Json:
        return {"id": identity, "message": message, "parent": parent, "children": children}

    def message(identity: str, role: str, content: Json, time: float | None = 1700000100.5, **more: Json) -> Json:
        return {
            "id": identity,
            "author": {"role": role, "name": more.pop("author_name", None), "metadata": {}},
            "create_time": time,
            "update_time": None,
            "content": content,
            "status": "finished_successfully",
            "end_turn": True,
            "weight": 1.0,
            "metadata": more.pop("metadata", {}),
            "recipient": more.pop("recipient", "all"),
            "channel": None,
        }

    def text(*words: Json) -> Json:
        return {"content_type": "text", "parts": list(words)}

    gpt = {"model_slug": "gpt-4o", "finish_details": {"type": "stop"}}
    hidden = {"is_visually_hidden_from_conversation": True}
    mapping = {
        "root": node("root", None, ["sys"]),
        "sys": node("sys", "root", ["u1"], message("sys", "system", text(""), None, metadata=hidden)),
        "u1": node("u1", "sys", ["a1", "a2"], message("u1", "user", text("«sort a list» in Python"))),
        "a1": node("a1", "u1", [], message("a1", "assistant", text("«first try»: `sorted(x)`"), metadata=gpt)),
        "a2": node("a2", "u1", ["t1"], message("a2", "assistant", {
            "content_type": "thoughts",
            "thoughts": [{"summary": "«plan»", "content": "«stable sort»", "chunks": [], "finished": True}],
            "source_analysis_msg_id": "x",
        }, metadata=gpt)),
        "t1": node("t1", "a2", ["t2"], message("t1", "assistant", {
            "content_type": "code", "language": "python", "response_format_name": None, "text": "«x = sorted(y)»",
        }, recipient="python", metadata=gpt)),
        "t2": node("t2", "t1", ["a3"], message("t2", "tool", {
            "content_type": "execution_output", "text": "«[1, 2, 3]»",
        }, author_name="python")),
        "a3": node("a3", "t2", ["u2"], message("a3", "assistant", text("«the list» is sorted:\n```python\nx\n```"),
                                               metadata=gpt)),
        "u2": node("u2", "a3", ["a4"], message("u2", "user", {
            "content_type": "multimodal_text",
            "parts": [
                {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-1", "width": 10},
                "«what is on it»?",
            ],
        }, metadata={"attachments": [{"id": "f", "name": "shot.png", "mime_type": "image/png"}]})),
        "a4": node("a4", "u2", [], message("a4", "assistant", {
            "content_type": "weird_new_thing", "payload": {"words": "«unheard of»"},
        }, None, metadata=gpt)),
    }  # fmt: skip
    return {
        "title": "«Sorting»",
        "create_time": 1700000000.25,
        "update_time": 1700000200.0,
        "mapping": mapping,
        "moderation_results": [],
        "current_node": "a4",
        "plugin_ids": None,
        "conversation_id": name,
        "id": name,
        "conversation_template_id": None,
        "gizmo_id": None,
        "is_archived": False,
        "safe_urls": [],
        "default_model_slug": "gpt-4o",
    }


def claude(name: str = "0b1c") -> Json:
    return {
        "uuid": name,
        "name": "«A parser»",
        "created_at": "2024-11-05T10:00:00.123456Z",
        "updated_at": "2024-11-05T10:05:00Z",
        "account": {"uuid": "acc"},
        "chat_messages": [
            {
                "uuid": "m1",
                "text": "«write a parser»",
                "content": [{"type": "text", "text": "«write a parser»", "citations": [], "start_timestamp": None}],
                "sender": "human",
                "created_at": "2024-11-05T10:00:01Z",
                "updated_at": "2024-11-05T10:00:01Z",
                "attachments": [
                    {
                        "file_name": "grammar.txt",
                        "file_size": 12,
                        "file_type": "txt",
                        "extracted_content": "«expr := term»",
                    }
                ],
                "files": [{"file_name": "photo.png"}],
            },
            {
                "uuid": "m2",
                "text": "«here it is» This block is not supported on your current device yet.",
                "content": [
                    {"type": "thinking", "thinking": "«recursive descent»", "summaries": []},
                    {"type": "text", "text": "«here it is»"},
                    {
                        "type": "tool_use",
                        "name": "artifacts",
                        "input": {"id": "p", "title": "parser.py", "language": "python", "content": "«def parse(): …»"},
                    },
                    {"type": "tool_result", "name": "artifacts", "content": [{"type": "text", "text": "OK"}]},
                    {"type": "tool_use", "name": "repl", "input": {"code": "«parse()»"}},
                    {"type": "tool_result", "name": "repl", "content": [{"type": "text", "text": "«parsed»"}]},
                    {"type": "hologram", "data": {"words": "«three dimensional»"}},
                ],
                "sender": "assistant",
                "created_at": "2024-11-05T10:00:09Z",
                "updated_at": "2024-11-05T10:00:09Z",
                "attachments": [],
                "files": [],
            },
            {"uuid": "m3", "text": "«thanks»", "sender": "human", "created_at": None, "attachments": []},
        ],
    }


def open_webui(name: str = "w1") -> Json:
    messages = {
        "w-u1": {
            "id": "w-u1",
            "parentId": None,
            "childrenIds": ["w-a1", "w-a2"],
            "role": "user",
            "content": "«regex for dates»",
            "timestamp": 1710000000,
            "models": ["llama3:8b"],
            "files": [{"type": "file", "name": "dates.txt", "file": {"data": {"content": "«2024-01-31»"}}}],
        },
        "w-a1": {
            "id": "w-a1",
            "parentId": "w-u1",
            "childrenIds": [],
            "role": "assistant",
            "content": "«use strptime»",
            "model": "llama3:8b",
            "timestamp": 1710000005,
            "usage": {"prompt_tokens": 11, "completion_tokens": 22},
        },
        "w-a2": {
            "id": "w-a2",
            "parentId": "w-u1",
            "childrenIds": [],
            "role": "assistant",
            "content": "«a pattern»",
            "reasoning_content": "«digits»",
            "model": "qwen",
            "timestamp": 1710000006,
        },
    }
    return {
        "id": name,
        "user_id": "u",
        "title": "«Dates»",
        "chat": {
            "id": "",
            "title": "Dates",
            "models": ["llama3:8b"],
            "params": {"system": "«be brief»"},
            "history": {"messages": messages, "currentId": "w-a1"},
            "messages": [messages["w-u1"], messages["w-a1"]],
            "tags": [],
            "timestamp": 1710000000123,
        },
        "updated_at": 1710000009,
        "created_at": 1710000000,
        "share_id": None,
        "archived": False,
        "pinned": True,
        "meta": {"tags": ["regex"]},
        "folder_id": None,
    }


def librechat(name: str = "l1", *, recursive: bool = False) -> Json:
    def message(identity: str, parent: str, user: bool, **more: Json) -> Json:
        return {
            "messageId": identity,
            "conversationId": name,
            "parentMessageId": parent,
            "sender": "User" if user else "GPT-4",
            "isCreatedByUser": user,
            "createdAt": "2024-03-01T12:00:00.000Z",
            "model": None if user else "gpt-4",
            "error": False,
            "unfinished": False,
            **more,
        }

    none = "00000000-0000-0000-0000-000000000000"
    first = message("l-u1", none, True, text="«a flexbox»")
    answer = message(
        "l-a1",
        "l-u1",
        False,
        text="",
        content=[
            {"type": "think", "think": "«columns»"},
            {"type": "text", "text": {"value": "«display: flex»"}},
            {
                "type": "tool_call",
                "tool_call": {
                    "id": "t",
                    "name": "search",
                    "args": '{"q": "«gap»"}',
                    "output": "«found»",
                    "type": "tool",
                },
            },
        ],
    )
    other = message("l-a2", "l-u1", False, text="«display: grid»")
    last = message("l-u2", "l-a2", True, text="«and rows»?")
    export = {
        "conversationId": name,
        "endpoint": "openAI",
        "title": "«Layout»",
        "exportAt": "12:00:00 GMT+0000",
        "branches": True,
        "recursive": recursive,
        "options": {"model": "gpt-4", "promptPrefix": "«you know CSS»"},
    }
    if recursive:
        other["children"] = [{**last, "children": []}]
        return {**export, "messagesTree": [{**first, "children": [{**answer, "children": []}, other]}]}
    return {**export, "messages": [first, answer, other, last]}


def lm_studio() -> Json:
    def user(words: str) -> Json:
        content = [{"type": "text", "text": words}]
        return {"versions": [{"type": "singleStep", "role": "user", "content": content}], "currentlySelected": 0}

    def answer(*words: str) -> Json:
        steps = [
            {
                "type": "contentBlock",
                "stepIdentifier": "1",
                "content": [{"type": "text", "text": f"«thought of» {words[0]}"}],
                "style": {"type": "thinking", "ended": True},
            },
            {
                "type": "contentBlock",
                "stepIdentifier": "2",
                "content": [{"type": "text", "text": " ".join(words)}],
                "genInfo": {
                    "indexedModelIdentifier": "qwen/qwen2.5-coder",
                    "identifier": "qwen2.5-coder",
                    "stats": {
                        "stopReason": "eosFound",
                        "totalTimeSec": 1.5,
                        "timeToFirstTokenSec": 0.25,
                        "promptTokensCount": 9,
                        "predictedTokensCount": 33,
                    },
                },
            },
            {"type": "debugInfoBlock", "debugInfo": "Conversation naming technique: 'prompt'"},
        ]
        return {"type": "multiStep", "role": "assistant", "senderInfo": {"senderName": "qwen"}, "steps": steps}

    return {
        "name": "«Quick sort»",
        "pinned": False,
        "createdAt": 1725000000000,
        "preset": "",
        "tokenCount": 42,
        "systemPrompt": "«answer in code»",
        "messages": [
            user("«quicksort in C»"),
            {"versions": [answer("«pivot first»"), answer("«pivot last»")], "currentlySelected": 1},
            user("«and in Rust»"),
        ],
        "usePerChatPredictionConfig": True,
        "perChatPredictionConfig": {"fields": []},
        "lastUsedModel": {"identifier": "qwen2.5-coder"},
        "notes": [],
    }


def chatbox() -> Json:
    def message(identity: str, role: str, words: str, **more: Json) -> Json:
        parts = [{"type": "text", "text": words}]
        return {"id": identity, "role": role, "contentParts": parts, "timestamp": 1730000000000, **more}

    session = {
        "id": "s1",
        "type": "chat",
        "name": "«Chatting»",
        "starred": True,
        "messages": [
            message("b1", "system", "«you help»"),
            message("b2", "user", "«a shell script»", files=[{"id": "f", "name": "log.txt", "fileType": "text"}]),
            {
                **message(
                    "b3", "assistant", "«use find»", model="deepseek", usage={"inputTokens": 5, "outputTokens": 6}
                ),
                "contentParts": [
                    {"type": "reasoning", "text": "«which tool»"},
                    {"type": "text", "text": "«use find»"},
                    {
                        "type": "tool-call",
                        "state": "result",
                        "toolCallId": "1",
                        "toolName": "web",
                        "args": {"query": "«man find»"},
                        "result": {"hits": ["«find -name»"]},
                    },
                ],
            },
        ],
        "threads": [
            {"id": "th1", "name": "«Before»", "createdAt": 1720000000000, "messages": [message("b0", "user", "«old»")]}
        ],
        "messageForksHash": {
            "b2": {
                "position": 0,
                "lists": [
                    {"id": "x", "messages": [message("b4", "assistant", "«use fd»")]},
                    {"id": "y", "messages": []},
                ],
                "createdAt": 1730000000000,
            }
        },
    }
    return {
        "__exported_items": ["conversations"],
        "__exported_at": "2024-10-27T00:00:00.000Z",
        "chat-sessions-list": [{"id": "s1", "name": "Chatting", "type": "chat"}],
        "session:s1": session,
        "settings": {"theme": "dark"},
    }


def request_body() -> Json:
    return {
        "model": "gpt-4o-mini",
        "temperature": 0.2,
        "messages": [
            {"role": "system", "content": "«speak JSON»"},
            {"role": "user", "content": [
                {"type": "text", "text": "«the weather»"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            ]},
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"«Bern»"}'}}
            ]},
            {"role": "tool", "tool_call_id": "1", "content": "«12 degrees»"},
            {"role": "assistant", "content": "«it is mild»"},
        ],
    }  # fmt: skip


def messages() -> Json:
    return [{"role": "user", "content": "«hello there»"}, {"role": "assistant", "content": "«general answer»"}]


def ours() -> Json:
    return {
        "version": 2,
        "id": "20251122-170355-ab12cd",
        "title": "«Ours»",
        "titled_by_user": True,
        "created": 1700000000.5,
        "updated": 1700000100.0,
        "message_count": 2,
        "journal": 7,
        "folder": "Work",
        "tags": ["css"],
        "pinned": True,
        "archived": False,
        "profile_id": "",
        "system_prompt": "«be kind»",
        "parameters": {"temperature": 0.5},
        "draft": "«not sent yet»",
        "chosen": {},
        "messages": [
            {"id": "o1", "parent": "", "role": "user", "created": 1700000000.5,
             "parts": [{"type": "text", "text": "«a card»"}]},
            {"id": "o2", "parent": "o1", "role": "assistant", "created": 1700000001.0,
             "parts": [{"type": "reasoning", "text": "«think»"}, {"type": "text", "text": "«<div>»"}],
             "generation": {"model": "m", "finish": "stop"}},
        ],
    }  # fmt: skip


ALL: dict[str, Json] = {
    "chatgpt": [chatgpt(), chatgpt("c2")],
    "claude": [claude()],
    "open-webui": [open_webui()],
    "librechat": librechat(),
    "librechat-recursive": librechat("l2", recursive=True),
    "lm-studio": lm_studio(),
    "chatbox": chatbox(),
    "request-body": request_body(),
    "messages": messages(),
    "ours": ours(),
}
