"""One conversation at work: sends prompts, takes answers in, keeps everything on disk as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from coderapp.core.attachments import prompt_parts
from coderapp.core.conversation import ROOT, Conversation
from coderapp.core.errors import CoderappError
from coderapp.core.events import Failed, Finished, ReasoningDelta, RetryScheduled, Started, StreamEvent, ToolCallDelta
from coderapp.core.message import FilePart, FinishReason, JsonValue, Message, Role
from coderapp.core.profile import Profile
from coderapp.core.request import request_for
from coderapp.core.secret import Secret
from coderapp.qt.answer import GrowingAnswer
from coderapp.qt.connector import Connector
from coderapp.qt.conversation_keeper import ConversationKeeper
from coderapp.qt.conversation_model import ConversationModel, Row, RowState
from coderapp.qt.stream_worker import StreamWorker

JOURNAL_EVERY = 350
"""Milliseconds between two looks at what has arrived of an answer."""

WORTH_WRITING = 64
"""Characters from which it is written at each look; less waits for the second: so a slow answer, of 20 characters a
second, stays within three bytes for one with the records around it, and all are well inside the promised second."""


class SessionState(Enum):
    """IDLE → WAITING (a prompt was sent) → STREAMING (the first word came) → IDLE; also WAITING → IDLE."""

    IDLE = "idle"
    WAITING = "waiting"
    STREAMING = "streaming"


_LEGAL = {
    SessionState.IDLE: {SessionState.WAITING},
    SessionState.WAITING: {SessionState.STREAMING, SessionState.IDLE},
    SessionState.STREAMING: {SessionState.IDLE},
}


class Session(QObject):
    """Signals: `state_changed(SessionState)`; `changed()`: title, parameters, profile or the like;
    `answered(Message)`: an answer ended, however it ended; `draft_changed()`.
    """

    state_changed = Signal(SessionState)
    changed = Signal()
    answered = Signal(Message)
    draft_changed = Signal()

    def __init__(
        self,
        conversation: Conversation,
        *,
        profile_of: Callable[[str], Profile],
        connector: Connector,
        streams: StreamWorker,
        keeper: ConversationKeeper,
        parent: QObject | None = None,
    ) -> None:
        """`profile_of` gives the profile for an id, the default one for an id that is gone."""
        super().__init__(parent)
        self.conversation = conversation
        self.model = ConversationModel(self)
        self._profile_of = profile_of
        self._connector = connector
        self._streams = streams
        self._keeper = keeper
        self._state = SessionState.IDLE
        self._attempt = 0
        self._job = 0
        self._answer: GrowingAnswer | None = None
        self._unsaved: list[str] = []
        self._unsaved_thoughts: list[str] = []
        self._waits = False  # little had arrived at the last look
        self._journal_timer = QTimer(self, interval=JOURNAL_EVERY, timerType=Qt.TimerType.PreciseTimer)
        self._journal_timer.timeout.connect(self._journal)
        streams.events_arrived.connect(self._on_events)
        self._reset_rows()

    # state

    @property
    def state(self) -> SessionState:
        return self._state

    @property
    def profile(self) -> Profile:
        return self._profile_of(self.conversation.profile_id)

    @property
    def is_idle(self) -> bool:
        return self._state is SessionState.IDLE

    @property
    def may_ask(self) -> bool:
        """Not while an answer is on its way, and not in a conversation that can't be changed."""
        return self.is_idle and not self.conversation.read_only

    def _go(self, state: SessionState) -> None:
        if state not in _LEGAL[self._state]:
            raise RuntimeError(f"a session can't go from {self._state} to {state}")
        self._state = state
        self.state_changed.emit(state)

    # asking

    def send(self, prompt: str, files: tuple[FilePart, ...] = ()) -> None:
        """Adds a prompt at the end of the active path and asks for an answer. Blank words need a file."""
        if self.may_ask and (files or prompt.strip()):
            self.conversation.draft = ""
            self.conversation.draft_files = ()
            self._ask(self._new_prompt(prompt, files), parent=self.conversation.leaf_id)

    def resend(self, message_id: str, prompt: str, files: tuple[FilePart, ...] = ()) -> None:
        """Sends an edited prompt as a branch beside the one it was. A draft stays."""
        if self.may_ask and (files or prompt.strip()):
            self._ask(self._new_prompt(prompt, files), parent=self.conversation.parents[message_id])

    def regenerate(self, message_id: str) -> None:
        """Asks for another answer beside the answer `message_id`."""
        if self.may_ask:
            parent = self.conversation.parents[message_id]
            self._begin_answer(parent)

    def stop(self) -> None:
        """Ends the answer on its way; what has arrived stays. Felt at once: nothing is waited for."""
        if self.is_idle:
            return
        if self._job:
            self._streams.cancel(self._job)
        self._end(FinishReason.STOPPED)

    def _new_prompt(self, prompt: str, files: tuple[FilePart, ...]) -> Message:
        return Message(self._keeper.new_message_id(), Role.USER, prompt_parts(prompt, files), time.time())

    def _ask(self, prompt: Message, *, parent: str) -> None:
        conversation = self.conversation
        self._keeper.ensure(conversation)
        conversation.add(prompt, parent=parent)
        self._keeper.set_draft(conversation)
        self._begin_answer(prompt.id, prompt)
        self.changed.emit()

    def _begin_answer(self, parent: str, prompt: Message | None = None) -> None:
        """Shows the waiting answer at once; the request leaves when the prompt is on disk."""
        self._go(SessionState.WAITING)
        self._attempt += 1
        self._job = 0
        attempt = self._attempt
        profile = self.profile
        answer = GrowingAnswer(self._keeper.new_message_id(), time.time(), profile.name)
        self._answer = answer
        self.conversation.add(answer.message(), parent=parent)
        self._reset_rows()
        history = self.conversation.path_to(parent)

        def saved() -> None:
            if attempt == self._attempt:
                self._connector.connect_to(profile, connected, failed)

        def connected(found: Profile, key: Secret | None) -> None:
            if attempt != self._attempt:
                return
            try:
                request = request_for(self.conversation, found, history)
            except CoderappError as error:
                self._end(FinishReason.FAILED, error)
                return
            answer.will_send(request.parameters, request.model)
            if self._is_shown():
                self.model.change(len(self.model.rows) - 1, message=answer.message())
            self._job = self._streams.start(request, key)

        def failed(error: CoderappError) -> None:
            if attempt == self._attempt:
                self._end(FinishReason.FAILED, error)

        added = [message for message in (prompt, answer.message()) if message is not None]
        self._keeper.add_messages(self.conversation, added, saved)

    # taking in

    def _on_events(self, job: int, events: list[StreamEvent]) -> None:
        answer = self._answer
        if job != self._job or answer is None or self.is_idle:
            return
        now = time.time()
        texts: list[str] = []
        extras = False
        last = len(self.model.rows) - 1
        for event in events:
            if isinstance(event, Finished | Failed):
                self._show(texts, extras=extras)
                if isinstance(event, Finished):
                    self._end(event.reason)
                else:
                    self._end(FinishReason.FAILED, event.error)
                return
            if isinstance(event, RetryScheduled):
                self._show_notice(last, _retry_notice(event))
                continue
            text = answer.take(event, now)
            if text:
                texts.append(text)
            elif isinstance(event, ReasoningDelta | ToolCallDelta | Started):
                extras = True
            if isinstance(event, ReasoningDelta):
                self._unsaved_thoughts.append(event.text)
        self._show(texts, extras=extras)

    def _is_shown(self) -> bool:
        """Whether the answer that grows is on the active path, which the user may have led elsewhere."""
        rows = self.model.rows
        return bool(rows) and self._answer is not None and rows[-1].message.id == self._answer.id

    def _show_notice(self, index: int, notice: str) -> None:
        if self._is_shown():
            self.model.change(index, notice=notice)

    def _show(self, texts: list[str], *, extras: bool) -> None:
        answer = self._answer
        assert answer is not None
        if not answer.is_empty and self._state is SessionState.WAITING:
            self._go(SessionState.STREAMING)
            self._journal_timer.start()
            extras = True
        text = "".join(texts)
        if text:
            self._unsaved.append(text)
        if not self._is_shown():
            return
        last = len(self.model.rows) - 1
        if text:
            self.model.append_text(last, text)
        if extras:
            state = RowState.WAITING if self._state is SessionState.WAITING else RowState.STREAMING
            self.model.change(last, message=answer.message(), state=state, notice="")

    def _end(self, reason: FinishReason, error: CoderappError | None = None) -> None:
        answer, self._answer = self._answer, None
        assert answer is not None
        self._attempt += 1
        self._job = 0
        self._journal_timer.stop()
        self._unsaved.clear()
        self._unsaved_thoughts.clear()
        message = answer.end(reason, time.time(), error)
        self.conversation.update(message)
        self.conversation.updated = time.time()
        index = self.model.index_of(message.id)
        if index >= 0:
            self.model.change(index, message=message, state=RowState.SETTLED, notice="")
        self._go(SessionState.IDLE)
        self._keeper.finish_message(self.conversation, message)
        self.changed.emit()
        self.answered.emit(message)

    def _journal(self) -> None:
        if self._answer is None:
            return
        size = sum(map(len, self._unsaved)) + sum(map(len, self._unsaved_thoughts))
        if size < WORTH_WRITING and not self._waits:
            self._waits = size > 0
            return
        self._waits = False
        for pieces, reasoning in ((self._unsaved_thoughts, True), (self._unsaved, False)):
            if pieces:
                self._keeper.append_text(self.conversation, self._answer.id, "".join(pieces), reasoning=reasoning)
                pieces.clear()
        # Whoever saves the conversation whole in mid-answer has the words so far.
        self.conversation.update(self._answer.message())

    # the tree

    def lead_to(self, message_id: str) -> str:
        """Leads the active path through a message, also while an answer is on its way: that one goes on unseen.
        Returns where the path ended before, to lead it back to; "" where it goes through that message already.
        """
        conversation = self.conversation
        if self.model.index_of(message_id) >= 0:
            return ""
        before = conversation.leaf_id
        conversation.choose(message_id)
        if self._keeper.is_stored(conversation):
            self._keeper.set_choice(conversation, message_id)
        self._reset_rows()
        return before

    def set_star(self, message_id: str, on: bool) -> None:
        """Marks a message, or takes the mark away."""
        starred = self.conversation.starred
        if message_id not in self.conversation.messages or on == (message_id in starred):
            return
        (starred.add if on else starred.discard)(message_id)
        self._keeper.set_star(self.conversation, message_id, on)
        if (index := self.model.index_of(message_id)) >= 0:
            self.model.change(index, starred=on)

    def _reset_rows(self) -> None:
        conversation = self.conversation
        rows = []
        parent = ROOT
        for message in conversation.path():
            alone = len(conversation.children[parent]) == 1
            rows.append(Row(message) if alone else Row(message, conversation.branch(message.id)))
            parent = message.id
        if self._answer is not None and rows and rows[-1].message.id == self._answer.id:
            now = RowState.STREAMING if self._state is SessionState.STREAMING else RowState.WAITING
            rows[-1] = rows[-1]._replace(message=self._answer.message(), state=now)
        if conversation.starred:
            rows = [row._replace(starred=True) if row.message.id in conversation.starred else row for row in rows]
        self.model.show(rows)

    # what is set

    def set_parameter(self, name: str, value: JsonValue) -> None:
        self.conversation.parameters[name] = value
        self._keep_fields()

    def unset_parameter(self, name: str) -> None:
        if self.conversation.parameters.pop(name, None) is not None:
            self._keep_fields()

    def unset_all(self) -> None:
        self.conversation.parameters.clear()
        self._keep_fields()

    def set_system_prompt(self, text: str) -> None:
        if text != self.conversation.system_prompt:
            self.conversation.system_prompt = text
            self._keep_fields()

    def set_profile(self, profile: Profile) -> None:
        if profile.id != self.conversation.profile_id:
            self.conversation.profile_id = profile.id
            if not self.conversation.messages:
                self.conversation.parameters = dict(profile.starts_with)
            for name, value in profile.starts_with.items():
                self.conversation.parameters.setdefault(name, value)
            self._keep_fields()

    def set_about(self, **fields: Any) -> None:
        """Its folder, tags, and whether it is pinned or in the archive; a title given by hand too."""
        for name, value in fields.items():
            setattr(self.conversation, name, value)
        if "title" in fields and "titled_by_user" not in fields:
            self.conversation.titled_by_user = True
        self._keep_fields()

    def suggest_title(self, title: str) -> None:
        """A title that the user did not give: it never takes the place of one that they gave."""
        if not self.conversation.titled_by_user and title.strip():
            self.conversation.title = title.strip()
            self._keep_fields()

    def set_draft(self, text: str, files: tuple[FilePart, ...] = ()) -> None:
        if text != self.conversation.draft or files != self.conversation.draft_files:
            self.conversation.draft = text
            self.conversation.draft_files = files
            if files or text.strip() or self._keeper.is_stored(self.conversation):
                if not self._keeper.is_stored(self.conversation):
                    self._keeper.ensure(self.conversation)
                self._keeper.set_draft(self.conversation)
            self.draft_changed.emit()

    def prepare(self) -> None:
        """The user has begun to type a prompt."""
        self._connector.prepare(self.profile)
        self._streams.warm()

    def _keep_fields(self) -> None:
        """What was prepared before the first prompt is kept as a draft is."""
        if self._keeper.is_stored(self.conversation):
            self._keeper.set_fields(self.conversation)
        elif not self.conversation.is_blank(self.profile.starts_with):
            self._keeper.ensure(self.conversation)
        self.changed.emit()

    def close(self) -> None:
        """Stops what is on its way and writes everything."""
        self.stop()
        self._keeper.release(self.conversation)


def _retry_notice(event: RetryScheduled) -> str:
    wait = f"{event.delay:.0f}" if event.delay >= 2 else f"{event.delay:.1f}"
    return f"{event.reason} Trying again in {wait} s ({event.attempt} of {event.most})…"
