"""What dialogs ask of endpoints: does it answer, which models, which tools. Answers are sentences and lists."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from coderapp.core.errors import CoderappError, in_words
from coderapp.core.message import JsonValue
from coderapp.core.profile import Profile, ProfileKind
from coderapp.core.secret import Secret
from coderapp.qt.connector import Connector
from coderapp.qt.keyring_worker import KeyringWorker
from coderapp.qt.stream_worker import StreamWorker

OnSentence = Callable[[str], None]


class EndpointDesk(QObject):
    """`key` None in a call means the stored one."""

    def __init__(
        self, connector: Connector, keys: KeyringWorker, streams: StreamWorker, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._connector = connector
        self._keys = keys
        self._streams = streams

    def test(self, profile: Profile, key: Secret | None, done: Callable[[bool, str], None]) -> None:
        """Whether the endpoint answers and takes the key, with a sentence on it."""

        def connected(found: Profile, stored: Secret | None) -> None:
            self._streams.call(
                lambda client: client.check(found, key or stored),
                lambda result: done(result.ok, result.sentence),
                lambda error: done(False, said(error)),
            )

        self._connector.connect_to(profile, connected, lambda error: done(False, said(error)))

    def models(
        self, profile: Profile, key: Secret | None, done: Callable[[tuple[str, ...]], None], failed: OnSentence
    ) -> None:
        """The names of the server's models."""

        def connected(found: Profile, stored: Secret | None) -> None:
            self._streams.call(
                lambda client: client.models(found, key or stored), done, lambda error: failed(said(error))
            )

        self._connector.connect_to(profile, connected, lambda error: failed(said(error)))

    def tools(self, profile: Profile, done: Callable[[list[JsonValue]], None], failed: OnSentence) -> None:
        """The endpoint's ready-made tools in OpenAI's function format."""

        def connected(found: Profile, stored: Secret | None) -> None:
            self._streams.call(
                lambda client: client.tools(found, stored), lambda tools: done(list(tools)), lambda e: failed(said(e))
            )

        self._connector.connect_to(profile, connected, lambda error: failed(said(error)))

    def keep_key(self, profile_id: str, key: Secret, done: OnSentence) -> None:
        """Stores a key, or forgets it where empty; `done` gets "" or why it is only in memory."""
        self._keys.set(profile_id, key, done)

    def key_state(self, profile: Profile, done: OnSentence) -> None:
        """A sentence on where the profile's key is."""

        def found(key: Secret | None) -> None:
            if key is None:
                done("No key is stored.")
            elif self._keys.is_session_only(profile.id):
                done("A key is held in memory until you close the program: the keyring did not take it.")
            elif self._keys.is_from_environment(profile):
                done("The key in PIXLAB_API_KEY is used.")
            else:
                done("A key is stored in the keyring.")

        if profile.kind is ProfileKind.BUILT_IN:
            done("The built-in endpoint makes a key of its own at each start.")
        else:
            self._keys.forget_cache(profile.id)  # the keyring may have been unlocked since
            self._keys.get(profile, found)


def said(error: CoderappError) -> str:
    return in_words(error.sentence, error.advice)
