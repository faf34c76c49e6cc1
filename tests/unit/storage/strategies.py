"""Conversations as hypothesis draws them: every kind of part, branches, half characters, numbers at their limits."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from coderapp.core.conversation import ROOT, Conversation
from coderapp.core.errors import Problem, Remedy
from coderapp.core.message import (
    FilePart,
    FinishReason,
    Generation,
    Message,
    ReasoningPart,
    Role,
    TextPart,
    TokenLogprob,
    TokenUsage,
    ToolCallPart,
    ToolResultPart,
)
from coderapp.storage.records import whole

CONVERSATION_ID = "20261122-170355-ab12cd"

# with lone surrogates; a pair of halves that belong together comes back from any JSON as one character
texts = st.text(st.characters(), max_size=20).map(whole)
times = st.floats(0, 4e9).map(lambda value: round(value, 3))
durations = st.floats(0, 1e5).map(lambda value: round(value, 4))
counts = st.integers(0, 10**7) | st.none()
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
objects = st.dictionaries(texts, json_values, max_size=3)

files = st.builds(FilePart, texts, texts, texts)
parts = st.one_of(
    files,
    st.builds(TextPart, texts),
    st.builds(ReasoningPart, texts),
    st.builds(ToolCallPart, texts, texts, texts),
    st.builds(ToolResultPart, texts, texts, texts),
)
pairs = st.tuples(texts, st.floats(-100, 0))
logprobs = st.builds(
    TokenLogprob, texts, st.floats(-100, 0) | st.just(float("-inf")), st.lists(pairs, max_size=2).map(tuple)
)
generations = st.builds(
    Generation,
    profile=texts,
    model=texts,
    parameters=objects,
    usage=st.builds(TokenUsage, counts, counts),
    started=times,
    first_token_after=st.none() | durations,
    duration=st.none() | durations,
    finish=st.none() | st.sampled_from(FinishReason),
    problem=st.none() | st.builds(Problem, texts, texts, texts, st.sampled_from(Remedy), texts, st.none() | texts),
    reply_id=texts,
    logprobs=st.lists(logprobs, max_size=2).map(tuple),
)


def messages(identity: st.SearchStrategy[str]) -> st.SearchStrategy[Message]:
    return st.builds(
        Message,
        identity,
        st.sampled_from(Role),
        st.lists(parts, max_size=3).map(tuple),
        times,
        st.none() | generations,
    )


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    conversation = Conversation(CONVERSATION_ID, draw(times.filter(bool)))
    ids = draw(st.lists(texts.filter(bool), max_size=6, unique=True))
    for identity in ids:
        parent = draw(st.sampled_from([ROOT, *conversation.messages]))
        conversation.add(draw(messages(st.just(identity))), parent=parent)
    for identity in draw(st.lists(st.sampled_from(ids), max_size=2)) if ids else []:
        conversation.choose(identity)
    conversation.title = draw(texts)
    conversation.titled_by_user = draw(st.booleans())
    conversation.updated = draw(times)
    conversation.profile_id = draw(texts)
    conversation.system_prompt, conversation.draft = draw(texts), draw(texts)
    conversation.draft_files = tuple(draw(st.lists(files, max_size=2)))
    conversation.parameters = draw(objects)
    conversation.folder = draw(texts)
    conversation.tags = tuple(draw(st.lists(texts.filter(bool), max_size=3, unique=True)))
    conversation.pinned, conversation.archived = draw(st.booleans()), draw(st.booleans())
    conversation.starred = set(draw(st.lists(st.sampled_from(ids), max_size=2))) if ids else set()
    conversation.origin = draw(objects)
    return conversation
