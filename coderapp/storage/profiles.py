"""The profiles file. There is no key in it: keys are in the keyring, under the profile's id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coderapp.core.errors import Problem, StorageError
from coderapp.core.message import JsonValue
from coderapp.core.profile import KeyPlacement, Profile, ProfileKind, Timeouts, built_in_profile, pixlab_profile
from coderapp.storage.lenient import Fields
from coderapp.storage.objects import read_object, write_object
from coderapp.storage.paths import Paths

VERSION = 1


@dataclass(frozen=True, slots=True)
class Profiles:
    """At least one profile; `default_id` is that of one of them."""

    profiles: tuple[Profile, ...]
    default_id: str

    @property
    def default(self) -> Profile:
        return self.by_id(self.default_id) or self.profiles[0]

    def by_id(self, profile_id: str) -> Profile | None:
        return next((profile for profile in self.profiles if profile.id == profile_id), None)


def first_profiles() -> Profiles:
    """What a first start has."""
    built_in = built_in_profile()
    return Profiles((built_in, pixlab_profile()), built_in.id)


class ProfileStore:
    """`profiles.json`. Fields and profiles that this version does not understand stay in the file."""

    def __init__(self, paths: Paths) -> None:
        self.problems: list[Problem] = []
        self._path = paths.profiles
        self._extras: dict[str, JsonValue] = {}
        self._profile_extras: dict[str, dict[str, JsonValue]] = {}
        self._foreign: list[JsonValue] = []

    def load(self) -> Profiles:
        """Those of the first start where there is no file or none in it reads. Never raises; see `problems`."""
        read = read_object(self._path, "The profiles")
        self.problems = read.problems
        self._profile_extras, self._foreign = {}, []
        fields = Fields(read.fields)
        fields.rest.pop("version", None)
        found: dict[str, Profile] = {}
        for item in fields.items("profiles"):
            profile = self._read(item)
            if profile is not None and profile.id not in found:
                found[profile.id] = profile
            else:
                self._foreign.append(item)
        default_id = fields.text("default")
        self._extras = fields.rest
        if self._foreign:
            self._tell(f"{len(self._foreign)} of the profiles could not be read; they stay in {self._path.name}.")
        if not found:
            return first_profiles()
        profiles = tuple(found.values())
        return Profiles(profiles, default_id if default_id in found else profiles[0].id)

    def save(self, profiles: Sequence[Profile], default_id: str) -> None:
        """Raises StorageError, ValueError where the default is none of them or an id stands there twice."""
        ids = [profile.id for profile in profiles]
        if default_id not in ids or len(set(ids)) < len(ids):
            raise ValueError("profiles need different ids, and one of them is the default")
        rows: list[JsonValue] = [self._row(profile) for profile in profiles]
        head: dict[str, JsonValue] = {"version": VERSION, "default": default_id, "profiles": rows + self._foreign}
        write_object(self._path, head | self._extras)

    def _read(self, item: JsonValue) -> Profile | None:
        if not isinstance(item, dict):
            return None
        fields = Fields(item)
        identity, kind = fields.text("id"), fields.choice("kind", ProfileKind)
        if not identity or kind is None:
            return None
        default = Profile(identity, "", kind)
        stream, include_usage = fields.flag("stream"), fields.flag("include_usage")
        profile = Profile(
            identity,
            fields.text("name") or kind.label,
            kind,
            base_url=fields.text("base_url"),
            model=fields.text("model"),
            key_placement=fields.choice("key_placement", KeyPlacement) or default.key_placement,
            stream=default.stream if stream is None else stream,
            include_usage=default.include_usage if include_usage is None else include_usage,
            tools_url=fields.text("tools_url"),
            toolcall_url=fields.text("toolcall_url"),
            timeouts=_timeouts(Fields(fields.mapping("timeouts") or {}, fields.faults, "timeouts.")),
            starts_with=fields.mapping("starts_with") or {},
        )
        if fields.faults:
            self._tell(f"In the profile {profile.name} these have no use and the default is taken: "
                       f"{', '.join(fields.faults)}.")  # fmt: skip
        self._profile_extras[identity] = fields.rest
        return profile

    def _row(self, profile: Profile) -> dict[str, JsonValue]:
        timeouts = profile.timeouts
        known: dict[str, JsonValue] = {
            "id": profile.id,
            "name": profile.name,
            "kind": profile.kind.value,
            "base_url": profile.base_url,
            "model": profile.model,
            "key_placement": profile.key_placement.value,
            "stream": profile.stream,
            "include_usage": profile.include_usage,
            "tools_url": profile.tools_url,
            "toolcall_url": profile.toolcall_url,
            "timeouts": {
                "connect": timeouts.connect,
                "first_byte": timeouts.first_byte,
                "between_bytes": timeouts.between_bytes,
            },
            "starts_with": dict(profile.starts_with),
        }
        return known | self._profile_extras.get(profile.id, {})

    def _tell(self, sentence: str) -> None:
        self.problems.append(Problem.of(StorageError(sentence, advice="Look at the profile and save it again.")))


def _timeouts(fields: Fields) -> Timeouts:
    default = Timeouts()

    def seconds(name: str, otherwise: float) -> float:
        value = fields.number(name)
        if value is not None and value <= 0:
            fields.faults.append(f"timeouts.{name}")
        return value if value is not None and value > 0 else otherwise

    return Timeouts(
        connect=seconds("connect", default.connect),
        first_byte=seconds("first_byte", default.first_byte),
        between_bytes=seconds("between_bytes", default.between_bytes),
    )
