"""``settings``: what is set, what it means, and what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec
import typer

from connector.cli.exits import Exit
from connector.cli.help import help_text
from connector.cli.invocation import Invocation, JsonOption, invocation_of
from connector.settings import Setting, Settings, SettingsError, known_settings

HELP = help_text(
    "Every setting: its value (a secret only says that it is set), where that comes from, its default and meaning, and every "
    "problem at once. Nothing is asked of Graph or of storage.",
    ["settings", "--settings production.json settings --json"],
    ("all of them",),
)


class SettingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One setting. ``source``: ``environment``, ``file``, ``default`` or ``missing``; ``default`` None: it is required."""

    name: str
    value: str | None
    source: str
    default: str | None
    secret: bool
    meaning: str


def settings(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Answer on stdout."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=as_json)
    in_file = invocation.file_values()
    rows = [_row(setting, in_file) for setting in known_settings()]
    problems = _problems(invocation)
    if as_json:
        output.document({"settings": rows, "problems": problems})
    else:
        output.table(
            ("setting", "value", "from", "default", "meaning"),
            [
                (one.name, one.value, one.source, "required" if one.default is None else one.default, one.meaning)
                for one in rows
            ],
        )
        for problem in problems:
            output.tell(problem)
    if problems:
        raise typer.Exit(Exit.USAGE)


def _row(setting: Setting, in_file: Mapping[str, str]) -> SettingRow:
    here = os.environ.get(setting.name, "").strip()
    filed = in_file.get(setting.name, "").strip()
    source = "environment" if here else "file" if filed else "default" if setting.default is not None else "missing"
    value = here or filed or setting.default
    return SettingRow(
        name=setting.name,
        value="(set)" if setting.secret and value else value,
        source=source,
        default=setting.default,
        secret=setting.secret,
        meaning=setting.meaning,
    )


def _problems(invocation: Invocation) -> list[str]:
    try:
        Settings.load(invocation.environment())
    except SettingsError as error:
        return error.problems
    return []
