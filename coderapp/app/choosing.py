"""Which profile a command line means: a name, an id, or an address."""

from __future__ import annotations

from collections.abc import Sequence

from coderapp.core.errors import CoderappError
from coderapp.core.profile import COMMAND_LINE, Profile, ProfileKind, address_fault


def choose_profile(wanted: str, known: Sequence[Profile]) -> tuple[Profile, bool]:
    """(profile, whether it is one of `known`). An address that ends in /coder is taken for PixLab's dialect, any other
    for an OpenAI-compatible server's. Raises CoderappError with the known names.
    """
    for profile in known:
        if wanted.casefold() in (profile.id.casefold(), profile.name.casefold()):
            return profile, True
    if "://" in wanted:
        if fault := address_fault(wanted):
            raise CoderappError(fault)
        for profile in known:
            if profile.base_url.rstrip("/") == wanted.rstrip("/"):
                return profile, True
        bare = wanted.rstrip("/")
        if bare.endswith("/coder"):
            return Profile(COMMAND_LINE, wanted, ProfileKind.PIXLAB, base_url=bare, stream=False), False
        base = bare if "/v" in bare.partition("://")[2] else f"{bare}/v1"
        return Profile(COMMAND_LINE, wanted, ProfileKind.OPENAI, base_url=base), False
    names = ", ".join(profile.name for profile in known)
    raise CoderappError(f"There is no profile {wanted}.", advice=f"Known: {names}; or give an address.")
