"""``settings``: what is set, what it means, and what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec
import typer

from connector.cli.exits import Exit
from connector.cli.help import help_text
from connector.cli.invocation import Invocation, JsonOption, invocation_of
from connector.credentials.describing import described
from connector.settings import Auth, Setting, Settings, SettingsError, known_settings
from connector.settings.aliases import Aliased, with_aliases
from connector.settings.values import without_secrets

HELP = help_text(
    "Every setting: its value (a secret only says that it is set), where that comes from, its default and meaning, and every "
    "problem at once; and what is signed in with. What another connector's variables (BATON_…) set shows as their alias. Nothing is asked of Graph or of storage.",
    ["settings", "--settings production.json settings --json"],
    ("all of them",),
)


class SettingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One setting. ``source``: ``environment``, ``file``, ``alias NAME``, ``default`` or ``missing``; ``default`` None: it is
    required."""

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
    aliased = with_aliases(invocation.environment())
    rows = [_row(setting, in_file, aliased) for setting in known_settings()]
    loaded, problems = _loaded(invocation)
    signs_in_with = _signs_in_with(loaded, aliased) if loaded else None
    if as_json:
        output.document(
            {"settings": rows, "signs_in_with": signs_in_with, "problems": problems, "hints": aliased.hints}
        )
    else:
        output.table(
            ("setting", "value", "from", "default", "meaning"),
            [
                (one.name, one.value, one.source, "required" if one.default is None else one.default, one.meaning)
                for one in rows
            ],
        )
        if signs_in_with:
            output.line(f"Signs in with: {signs_in_with}")
        for sentence in (*problems, *aliased.hints):
            output.tell(sentence)
    if problems:
        raise typer.Exit(Exit.USAGE)


def _row(setting: Setting, in_file: Mapping[str, str], aliased: Aliased) -> SettingRow:
    here = os.environ.get(setting.name, "").strip()
    filed = in_file.get(setting.name, "").strip()
    alias = aliased.given_as.get(setting.name)
    unset = f"alias {alias}" if alias else "default" if setting.default is not None else "missing"
    source = "environment" if here else "file" if filed else unset
    value = aliased.environ.get(setting.name, "").strip() or setting.default
    return SettingRow(
        name=setting.name,
        value="(set)" if setting.secret and value else value and without_secrets(value),
        source=source,
        default=setting.default,
        secret=setting.secret,
        meaning=setting.meaning,
    )


def _loaded(invocation: Invocation) -> tuple[Settings | None, list[str]]:
    """The settings, and every problem of theirs."""
    try:
        return Settings.load(invocation.environment()), []
    except SettingsError as error:
        return None, error.problems


def _signs_in_with(loaded: Settings, aliased: Aliased) -> str:
    asked = aliased.environ.get("ENTRA_AUTH", "").strip().lower() or Auth.AUTO
    return f"{described(loaded)}, chosen by ENTRA_AUTH={asked}"
