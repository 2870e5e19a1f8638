"""What a setting is, and how a field of the settings declares one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class SettingsError(Exception):
    """Settings are missing or malformed. ``problems`` holds one sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of one setting: ``name`` of the environment variable, its ``default`` as text (None: required), and what
    ``nothing`` is, where the text is empty."""

    name: str
    default: str | None
    meaning: str
    parse: Callable[[str], Any]
    secret: bool = False
    nothing: Any = ""


def setting(
    name: str,
    parse: Callable[[str], Any],
    meaning: str,
    *,
    default: str | None = None,
    secret: bool = False,
    nothing: Any = "",
) -> Any:
    """Declare the field of a dataclass that holds a setting. A ``secret`` is never shown, not even by ``repr``."""
    return field(metadata={"setting": Setting(name, default, meaning, parse, secret, nothing)}, repr=not secret)
