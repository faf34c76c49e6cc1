"""The table of settings: dialog, validation, file and docs derive from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from coderapp.core.errors import CoderappError

SettingValue = bool | int | str


class SettingError(CoderappError):
    """A value that the table does not allow."""


class SettingKind(StrEnum):
    BOOLEAN = "boolean"
    INTEGER = "integer"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Setting:
    """One row. `choices` pairs a stored value with its label."""

    name: str
    kind: SettingKind
    default: SettingValue
    label: str
    help: str
    choices: tuple[tuple[str, str], ...] = ()
    minimum: int = 0
    maximum: int = 0
    unit: str = ""

    def validate(self, value: object) -> SettingValue:
        """The value, if the row allows it. Raises SettingError."""
        if self.kind is SettingKind.BOOLEAN and isinstance(value, bool):
            return value
        if self.kind is SettingKind.INTEGER and isinstance(value, int) and not isinstance(value, bool):
            if self.minimum <= value <= self.maximum:
                return value
        elif self.kind is SettingKind.CHOICE and isinstance(value, str) and value in dict(self.choices):
            return value
        raise SettingError(f"{self.label} can't be {_shown(value)}.", advice=self.rule)

    @property
    def rule(self) -> str:
        if self.kind is SettingKind.BOOLEAN:
            return "Use true or false."
        if self.kind is SettingKind.INTEGER:
            return f"Use a whole number from {self.minimum} to {self.maximum}."
        return f"Use one of {', '.join(value for value, _ in self.choices)}."


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # whole numbers of thousands of digits; depth
        return "this value"
    return text if len(text) <= 60 else text[:57] + "…"


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "theme", SettingKind.CHOICE, "system", "Theme", "The colours of the window.",
        choices=(("system", "As the desktop"), ("light", "Light"), ("dark", "Dark")),
    ),
    Setting(
        "send_with", SettingKind.CHOICE, "enter", "Send with", "The other combination breaks the line.",
        choices=(
            ("enter", "Enter (Shift+Enter breaks the line)"),
            ("shift-enter", "Shift+Enter (Enter breaks the line)"),
        ),
    ),
    Setting(
        "text_size", SettingKind.INTEGER, 100, "Size of the conversation's text",
        "Also Ctrl+Plus, Ctrl+Minus and Ctrl+0.", minimum=50, maximum=300, unit="%",
    ),
    Setting(
        "line_numbers", SettingKind.BOOLEAN, True, "Number the lines of code", "Numbers are not copied.",
    ),
    Setting(
        "wrap_code", SettingKind.BOOLEAN, False, "Wrap long lines of code",
        "How code blocks start; each has a button of its own.",
    ),
    Setting(
        "confirm_links", SettingKind.BOOLEAN, True, "Show a link's address before opening it",
        "Links in answers are the model's words; look before you follow one.",
    ),
    Setting(
        "suggest_titles", SettingKind.BOOLEAN, False, "Let the endpoint suggest titles",
        "After the first answer, the beginnings of prompt and answer are sent once more, which costs tokens. Of what"
        " you set, only the model goes along. A name that you gave is never replaced.",
    ),
    Setting(
        "built_in_pace", SettingKind.INTEGER, 300, "Pace of the built-in model", "0 is as fast as it can.",
        minimum=0, maximum=20_000, unit="tokens/s",
    ),
)  # fmt: skip

BY_NAME: Mapping[str, Setting] = {row.name: row for row in SETTINGS}


def defaults() -> dict[str, SettingValue]:
    return {row.name: row.default for row in SETTINGS}
