"""What comes in from each format."""

from __future__ import annotations

import copy
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from coderapp.core.message import FilePart, FinishReason, ReasoningPart, Role, TextPart, TokenUsage
from tests.unit.exchange import foreign as samples
from tests.unit.exchange.desk import Desk, everything, marked, words_of


@pytest.mark.parametrize("name", samples.ALL)
def test_every_word_of_a_sample_comes_in(desk: Desk, name: str) -> None:
    summary, imported = desk.bring_in(desk.file(samples.ALL[name]))
    found = desk.all()
    told = everything(found)
    assert {word for word in marked(samples.ALL[name]) if word not in told} == set()
    assert summary.conversations == len(found) == len(imported.new)
    assert summary.messages == sum(len(each) for each in found)
    assert not summary.faults
    assert not summary.damaged


@pytest.mark.parametrize("name", samples.ALL)
def test_a_second_import_of_the_same_adds_nothing(desk: Desk, name: str) -> None:
    file = desk.file(samples.ALL[name])
    first, _ = desk.bring_in(file)
    before = {path.name: path.read_bytes() for path in desk.paths.conversations.iterdir()}
    again, imported = desk.bring_in(file)
    assert again.duplicates == first.conversations
    assert not again.anything
    assert not imported.new
    assert not imported.grown
    assert {path.name: path.read_bytes() for path in desk.paths.conversations.iterdir()} == before
    assert again.headline().startswith("Nothing new:")


@pytest.mark.parametrize("name", samples.ALL)
def test_every_byte_order_of_text_is_read(desk: Desk, name: str) -> None:
    text = json.dumps(samples.ALL[name], ensure_ascii=False)
    desk.bring_in(desk.file(samples.ALL[name]))
    for encoding, tail in (("utf-8-sig", b""), ("utf-16", b""), ("utf-16-le", b""), ("utf-8", b"\0" * 4096)):
        summary, _ = desk.bring_in(desk.file(text.encode(encoding) + tail))
        assert summary.duplicates, encoding
        assert not summary.anything, encoding


def test_chatgpt_keeps_branches_and_the_shown_path(desk: Desk) -> None:
    desk.bring_in(desk.file([samples.chatgpt()]))
    found = desk.only()
    assert found.title == "«Sorting»"
    assert found.created == 1700000000.25
    assert found.updated == 1700000200.0
    assert [message.id for message in found.path()] == ["u1", "a2", "t1", "t2", "a3", "u2", "a4"]
    assert found.children["u1"] == ["a1", "a2"]
    first = found.messages["a1"]
    assert first.generation is not None
    assert (first.generation.model, first.generation.finish) == ("gpt-4o", FinishReason.STOP)
    assert first.created == 1700000100.5
    assert found.messages["a2"].parts == (ReasoningPart("«plan»\n\n«stable sort»"),)
    assert found.messages["t2"].role is Role.TOOL
    assert found.origin["source"] == "chatgpt"
    assert found.origin["id"] == "c1"


def test_chatgpt_goes_to_the_branch_that_was_shown(desk: Desk) -> None:
    desk.bring_in(desk.file([{**samples.chatgpt(), "current_node": "a1"}]))
    assert [message.id for message in desk.only().path()] == ["u1", "a1"]


def test_chatgpt_says_what_it_kept_raw_and_what_it_left_out(desk: Desk) -> None:
    summary, _ = desk.bring_in(desk.file([samples.chatgpt()]))
    assert summary.raw == {"weird_new_thing": 1}
    assert summary.left_out == {"picture": 1, "attached file": 1}
    assert any("weird_new_thing" in sentence for sentence in summary.details())
    assert "“«Sorting»” (export.json, byte 1): 1 × weird_new_thing kept as raw text." in summary.places
    assert '"words": "«unheard of»"' in words_of(desk.only().messages["a4"])


def test_hidden_system_text_is_left_out_and_counted(desk: Desk) -> None:
    sample = samples.chatgpt()
    sample["mapping"]["sys"]["message"]["content"]["parts"] = ["Original custom instructions no longer available"]
    summary, _ = desk.bring_in(desk.file([sample]))
    assert summary.left_out["hidden system message"] == 1
    assert desk.only().parents["u1"] == ""


def test_claude(desk: Desk) -> None:
    desk.bring_in(desk.file([samples.claude()]))
    found = desk.only()
    assert [message.role for message in found.path()] == [Role.USER, Role.ASSISTANT, Role.USER]
    prompt, answer, last = found.path()
    assert prompt.parts[0] == FilePart("grammar.txt", "txt", "«expr := term»")
    assert answer.reasoning == "«recursive descent»"
    assert "```python\n«def parse(): …»\n```" in answer.text
    assert "not supported" not in answer.text, "the flat text repeats what the blocks say"
    assert prompt.created == 1730800801.0
    assert last.created == answer.created, "where a time is missing, that of the message before"


def test_what_has_no_place_is_kept_beside_and_told(desk: Desk) -> None:
    sample = samples.claude()
    sample["summary"] = "«short»"
    sample["chat_messages"][1]["content"][0]["citations"] = [{"url": "https://example.org/a", "title": "«Source»"}]
    sample["settings"] = {"mood": "«calm and quiet»", "kind": "plain", "temperature": 0.25, "top_p": 7}
    summary, _ = desk.bring_in(desk.file([sample]))
    found = desk.only()
    assert found.origin["beside"] == {
        "summary": ["«short»"], "url": ["https://example.org/a"], "title": ["«Source»"], "mood": ["«calm and quiet»"],
        "text": ["OK"],
    }  # fmt: skip
    assert found.parameters == {"temperature": 0.25}
    (sentence,) = [each for each in summary.details() if each.startswith("Kept in the files")]
    assert "summary" in sentence
    again, _ = desk.bring_in(desk.file([sample]))
    assert again.duplicates == 1


def test_custom_instructions_are_no_prompt(desk: Desk) -> None:
    sample = samples.chatgpt()
    root = next(name for name, node in sample["mapping"].items() if not node.get("parent"))
    first = sample["mapping"][root]["children"][0]
    content = {"content_type": "user_editable_context", "user_profile": "«a baker»", "user_instructions": "«briefly»"}
    hidden = {"is_visually_hidden_from_conversation": True}
    said = {"id": "ctx", "author": {"role": "user"}, "content": content, "metadata": hidden}
    sample["mapping"]["ctx"] = {"id": "ctx", "parent": root, "children": [first], "message": said}
    sample["mapping"][root]["children"] = ["ctx", *sample["mapping"][root]["children"][1:]]
    sample["mapping"][first]["parent"] = "ctx"
    desk.bring_in(desk.file([sample]))
    found = desk.only()
    assert not any("baker" in message.text for message in found.messages.values())
    beside = found.origin["beside"]
    assert isinstance(beside, dict)
    assert (beside["user_profile"], beside["user_instructions"]) == (["«a baker»"], ["«briefly»"])


def test_what_is_kept_beside_is_bounded(desk: Desk) -> None:
    sample = samples.claude()
    sample["notes"] = [f"«{number}» " + "many words " * 5_000 for number in range(10)]
    summary, _ = desk.bring_in(desk.file([sample]))
    beside = desk.only().origin["beside"]
    assert isinstance(beside, dict)
    assert len(json.dumps(beside)) < 220_000
    assert summary.beside["notes"] == 10


def test_claude_in_a_tree(desk: Desk) -> None:
    sample = samples.claude()
    one, two, three = sample["chat_messages"]
    one["parent_message_uuid"] = "00000000-0000-4000-8000-000000000000"
    two["parent_message_uuid"] = three["parent_message_uuid"] = "m1"
    sample["current_leaf_message_uuid"] = "m2"
    desk.bring_in(desk.file([sample]))
    found = desk.only()
    assert found.children["m1"] == ["m2", "m3"]
    assert found.leaf_id == "m2"


def test_open_webui(desk: Desk) -> None:
    desk.bring_in(desk.file([samples.open_webui()]))
    found = desk.only()
    assert found.system_prompt == "«be brief»"
    assert found.pinned
    assert found.tags == ("regex",)
    assert found.children["w-u1"] == ["w-a1", "w-a2"]
    assert found.leaf_id == "w-a1"
    answer = found.messages["w-a1"].generation
    assert answer is not None
    assert answer.usage == TokenUsage(11, 22)
    assert found.messages["w-u1"].files == (FilePart("dates.txt", "text/plain", "«2024-01-31»"),)


def test_open_webui_of_old_has_a_list_alone(desk: Desk) -> None:
    sample = samples.open_webui()
    del sample["chat"]["history"]
    desk.bring_in(desk.file([sample]))
    assert [message.id for message in desk.only().path()] == ["w-u1", "w-a1"]


@pytest.mark.parametrize("recursive", [False, True])
def test_librechat(desk: Desk, recursive: bool) -> None:
    desk.bring_in(desk.file(samples.librechat(recursive=recursive)))
    found = desk.only()
    assert found.children["l-u1"] == ["l-a1", "l-a2"]
    assert found.parents["l-u2"] == "l-a2"
    assert found.system_prompt == "«you know CSS»"
    assert found.messages["l-a1"].reasoning == "«columns»"
    assert "«found»" in found.messages["l-a1"].text


def test_librechat_nested_a_thousand_deep(desk: Desk) -> None:
    text = "[]"
    for number in range(900, 0, -1):
        head = json.dumps({"messageId": f"m{number}", "isCreatedByUser": number % 2 == 1, "text": f"«{number}»"})
        text = f'[{head[:-1]}, "children": {text}}}]'
    desk.bring_in(desk.file(f'{{"conversationId": "deep", "title": "Deep", "messagesTree": {text}}}'.encode()))
    assert len(list(desk.only().path())) == 900


def test_lm_studio(desk: Desk) -> None:
    desk.bring_in(desk.file(samples.lm_studio(), "1725000000000.conversation.json"))
    found = desk.only()
    assert found.system_prompt == "«answer in code»"
    assert found.created == 1725000000.0
    path = list(found.path())
    assert [words_of(message).splitlines()[-1] for message in path] == [
        "«quicksort in C»", "«pivot last»", "«and in Rust»",
    ]  # fmt: skip
    assert len(found.children[path[0].id]) == 2
    generation = path[1].generation
    assert generation is not None
    assert (generation.model, generation.usage, generation.duration) == ("qwen2.5-coder", TokenUsage(9, 33), 1.5)
    assert found.origin["id"] == "1725000000000", "the file's name, for there is no id in it"


def test_chatbox(desk: Desk) -> None:
    summary, _ = desk.bring_in(desk.file(samples.chatbox()))
    assert summary.conversations == 2
    main, thread = sorted(desk.all(), key=len, reverse=True)
    assert main.pinned
    assert main.children["b2"] == ["b3", "b4"]
    assert main.leaf_id == "b3"
    assert "«find -name»" in main.messages["b3"].text
    assert thread.title == "«Chatting» – «Before»"


def test_a_request_body(desk: Desk) -> None:
    summary, _ = desk.bring_in(desk.file(samples.request_body()))
    found = desk.only()
    assert found.system_prompt == "«speak JSON»"
    assert [message.role for message in found.path()] == [Role.USER, Role.ASSISTANT, Role.TOOL, Role.ASSISTANT]
    answer = list(found.path())[1]
    assert answer.text == 'To weather:\n\n```json\n{\n  "city": "«Bern»"\n}\n```'
    assert answer.generation is not None
    assert answer.generation.model == "gpt-4o-mini"
    assert summary.left_out == {"picture": 1}


def test_lines_of_fine_tuning_are_a_conversation_each(desk: Desk) -> None:
    lines = b"".join(
        json.dumps({"messages": [{"role": "user", "content": f"«{n}»"}]}).encode() + b"\n" for n in range(3)
    )
    summary, _ = desk.bring_in(desk.file(lines, "train.jsonl"))
    assert summary.conversations == 3


def test_a_message_a_line_is_one_conversation(desk: Desk) -> None:
    lines = b"\n".join(json.dumps({"role": role, "content": f"«{role}»"}).encode() for role in ("user", "assistant"))
    desk.bring_in(desk.file(lines, "chat.jsonl"))
    assert [message.text for message in desk.only().path()] == ["«user»", "«assistant»"]
    assert desk.only().title == "«user»"


def test_very_many_messages_are_several_conversations(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coderapp.exchange.importers.importing.GATHERED_MESSAGES", 4)
    lines = b"\n".join(json.dumps({"role": "user", "content": f"«{number}»"}).encode() for number in range(10))
    summary, _ = desk.bring_in(desk.file(lines, "chat.jsonl"))
    assert (summary.conversations, summary.messages) == (3, 10)
    told = everything(desk.all())
    assert all(f"«{number}»" in told for number in range(10))


def test_an_archive_of_archives_is_told(desk: Desk) -> None:
    path = desk.root / "nested.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.zip", b"PK")
    summary, _ = desk.bring_in(path)
    assert summary.faults == ["nested.zip holds no JSON files. If they lie in archives within it, unpack it."]


def test_a_broken_line_costs_itself(desk: Desk) -> None:
    good = [json.dumps({"messages": [{"role": "user", "content": f"«{n}»"}]}) for n in range(3)]
    good[1] = good[1][:-3]
    summary, _ = desk.bring_in(desk.file("\n".join(good).encode(), "train.jsonl"))
    assert summary.damaged == 1
    told = everything(desk.all())
    assert all(f"«{n}»" in told for n in range(3))


def test_ours_keeps_all_it_has(desk: Desk) -> None:
    desk.bring_in(desk.file(samples.ours()))
    found = desk.only()
    assert found.id == "20251122-170355-ab12cd"
    assert found.titled_by_user
    assert (found.folder, found.tags, found.pinned) == ("Work", ("css",), True)
    assert found.parameters == {"temperature": 0.5}
    assert found.draft == "«not sent yet»"
    assert found.messages["o2"].parts == (ReasoningPart("«think»"), TextPart("«<div>»"))


def test_ours_of_a_later_version_is_told_and_left(desk: Desk) -> None:
    summary, _ = desk.bring_in(desk.file({**samples.ours(), "version": 99}))
    assert not summary.anything
    assert "newer coderapp" in summary.faults[0]


def test_ours_with_the_same_id_and_other_words_stands_beside(desk: Desk) -> None:
    desk.bring_in(desk.file(samples.ours()))
    other = json.loads(json.dumps(samples.ours()).replace("a card", "a table").replace("<div>", "<table>"))
    desk.bring_in(desk.file(other))
    assert sorted(len(each) for each in desk.all()) == [2, 2]
    assert len({each.id for each in desk.all()}) == 2
    again, _ = desk.bring_in(desk.file(other))
    assert not again.anything


def test_a_zip_of_chatgpt(desk: Desk) -> None:
    path = desk.root / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conversations.json", json.dumps([samples.chatgpt()]))
        archive.writestr("user.json", json.dumps({"id": "user-1", "email": "a@example.org"}))
        archive.writestr("message_feedback.json", json.dumps([{"id": "f", "rating": "thumbs_up"}]))
        archive.writestr("chat.html", "<html></html>")
    summary, _ = desk.bring_in(path)
    assert summary.conversations == 1
    assert summary.passed_over == ["export.zip/message_feedback.json", "export.zip/user.json"]
    assert not summary.faults


def test_an_archive_is_opened_once_for_all_its_members(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.root / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(20):
            archive.writestr(f"{number}.json", json.dumps([samples.chatgpt(f"c{number}")]))
    listed: list[object] = []
    read = zipfile.ZipFile._RealGetContents  # type: ignore[attr-defined]

    def counted(self: zipfile.ZipFile) -> None:
        listed.append(self)
        read(self)

    monkeypatch.setattr(zipfile.ZipFile, "_RealGetContents", counted)
    summary, _ = desk.bring_in(path)
    assert summary.conversations == 20
    assert len(listed) == 2  # to see what is in it, and to unpack


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_or_a_device_is_not_read(desk: Desk) -> None:
    pipe, link, device = desk.root / "pipe.json", desk.root / "link.json", Path("/dev/zero")
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    summary, _ = desk.bring_in(pipe, link, device, desk.file([samples.chatgpt()]))
    assert summary.conversations == 1
    assert [fault.split(". ")[0] for fault in summary.faults] == [
        f"{path} is not a file" for path in (pipe, link, device)
    ]


def test_a_folder_with_a_journal_beside(desk: Desk) -> None:
    from coderapp.core.message import Message
    from coderapp.storage.conversations import ConversationStore
    from coderapp.storage.paths import Paths

    elsewhere = Paths(desk.root / "other")
    desk.file(samples.ours(), f"other/conversations/{samples.ours()['id']}.json")
    store = ConversationStore(elsewhere)
    store.add_message(samples.ours()["id"], Message("o3", Role.USER, (TextPart("«journalled»"),), 1.0))
    store.sync()
    desk.bring_in(elsewhere.conversations)
    assert desk.only().leaf_id == "o3"


def test_a_file_that_holds_no_conversation(desk: Desk) -> None:
    summary, _ = desk.bring_in(desk.file({"name": "package", "version": "1.0.0", "files": ["a"]}), desk.file(b"PK\3\4"))
    assert not summary.anything
    assert summary.passed_over == ["export.json", "export.json"] or summary.faults


def test_one_broken_conversation_among_others(desk: Desk) -> None:
    texts = [json.dumps(samples.chatgpt(f"c{n}"), ensure_ascii=False) for n in range(3)]
    cut = texts[1].index('"attachments"')
    texts[1] = texts[1][:cut] + "\x00\x00\x00" + texts[1][cut + 3 :]
    summary, _ = desk.bring_in(desk.file(f"[{','.join(texts)}]".encode()))
    assert summary.damaged == 1
    assert summary.conversations == 3
    broken = next(each for each in desk.all() if each.origin["id"] == "c1" or "damaged" in everything([each]))
    assert "«sort a list»" in everything([broken])
    assert "unheard of" in everything([broken]), "what follows the fault is kept as text"


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.95])
def test_a_file_that_was_cut_off(desk: Desk, share: float) -> None:
    text = json.dumps([samples.chatgpt(f"c{n}") for n in range(4)], ensure_ascii=False)
    whole = text[: int(len(text) * share)]
    summary, _ = desk.bring_in(desk.file(whole.encode()))
    assert summary.damaged == 1
    told = everything(desk.all())
    assert {word for word in marked_in(whole) if word not in told} == set()


def marked_in(text: str) -> set[str]:
    import re

    return set(re.findall("«[^«»]*»", text))


def test_what_is_no_conversation_among_them_is_kept(desk: Desk) -> None:
    summary, _ = desk.bring_in(desk.file([samples.chatgpt(), {"note": "«a stray»"}, "«words»"]))
    assert summary.conversations == 2
    assert "«a stray»" in everything(desk.all())
    assert "«words»" in everything(desk.all())
    assert summary.raw["entry of unknown kind"] == 2


# a second import of what has grown


def grown() -> Any:
    sample = samples.chatgpt()
    sample["mapping"]["a4"]["children"] = ["u3"]
    sample["mapping"]["u3"] = {
        "id": "u3", "parent": "a4", "children": [],
        "message": {
            "id": "u3", "author": {"role": "user"}, "create_time": 1700000300.0,
            "content": {"content_type": "text", "parts": ["«one more»"]}, "metadata": {},
        },
    }  # fmt: skip
    sample["current_node"] = "u3"
    sample["update_time"] = 1700000300.0
    return sample


def test_new_messages_go_under_their_parents(desk: Desk) -> None:
    desk.bring_in(desk.file([samples.chatgpt()]))
    summary, imported = desk.bring_in(desk.file([grown()]))
    found = desk.only()
    assert (summary.grown, summary.grown_messages, summary.conversations) == (1, 1, 0)
    assert imported.grown == (found.id,)
    assert found.leaf_id == "u3"
    assert found.parents["u3"] == "a4"
    assert found.updated == 1700000300.0
    again, _ = desk.bring_in(desk.file([grown()]))
    assert not again.anything


def test_what_the_user_changed_stays(desk: Desk) -> None:
    from coderapp.core.message import Message
    from coderapp.storage.conversations import ConversationStore

    desk.bring_in(desk.file([samples.chatgpt()]))
    name = desk.only().id
    store = ConversationStore(desk.paths)
    store.set_fields(name, title="Mine", titled_by_user=True, folder="Kept", tags=["x"], pinned=True)
    store.add_message(name, Message("mine", Role.USER, (TextPart("my own reply"),), 1.0))
    store.close()
    desk.bring_in(desk.file([grown()]))
    found = desk.only()
    assert (found.title, found.folder, found.tags, found.pinned) == ("Mine", "Kept", ("x",), True)
    assert found.children["a4"] == ["mine", "u3"]
    assert found.leaf_id == "mine", "the user's own continuation is still the one that is shown"


def test_an_answer_that_says_something_else_by_now_stands_beside(desk: Desk) -> None:
    desk.bring_in(desk.file([samples.chatgpt()]))
    changed = grown()
    changed["mapping"]["a4"]["message"]["content"] = {"content_type": "text", "parts": ["«whole at last»"]}
    desk.bring_in(desk.file([changed]))
    found = desk.only()
    before, after = found.children["u2"]
    assert before == "a4"
    assert "unheard of" in words_of(found.messages["a4"])
    assert words_of(found.messages[after]) == "«whole at last»"
    assert found.parents["u3"] == after
    again, _ = desk.bring_in(desk.file([changed]))
    assert not again.anything


def test_twice_in_one_import(desk: Desk) -> None:
    summary, _ = desk.bring_in(desk.file([samples.chatgpt(), grown(), samples.chatgpt()]))
    assert summary.conversations == 1
    assert summary.duplicates == 1
    assert desk.only().leaf_id == "u3"


def test_what_is_in_the_trash_comes_in_anew_and_is_told(desk: Desk) -> None:
    from coderapp.storage.conversations import ConversationStore

    for sample in ([samples.chatgpt()], samples.ours()):
        desk.bring_in(desk.file(sample))
        name = desk.only().id
        store = ConversationStore(desk.paths)
        trashed = store.delete(name)
        summary, _ = desk.bring_in(desk.file(sample))
        assert summary.conversations == 1
        assert summary.in_trash == 1
        assert any("in the trash" in sentence for sentence in summary.details())
        store.restore(trashed)
        assert len(desk.all()) == 2
        for each in desk.all():
            store = ConversationStore(desk.paths)
            store.delete(each.id)


def test_into_a_folder_of_the_list(desk: Desk) -> None:
    desk.bring_in(desk.file([samples.chatgpt()]), folder="From before")
    assert desk.only().folder == "From before"


def test_a_sample_is_not_changed_by_reading(desk: Desk) -> None:
    from coderapp.exchange.importers import chatgpt

    sample = samples.chatgpt()
    before = copy.deepcopy(sample)
    chatgpt.read(sample)
    assert sample == before
