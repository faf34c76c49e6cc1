"""What came of an import, for who shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImportDone:
    """`headline` is the most important in one sentence, `details` are further ones, `places` say where something was
    kept as raw text or was damaged. `arrived`: something came in.
    """

    headline: str
    details: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    arrived: bool = False
