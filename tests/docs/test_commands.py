"""Every command in the documents is one that there is, and those that need no cloud do what they are shown to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient
from typer.main import get_command
from typer.testing import CliRunner

import dev
from connector.cli.app import app
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.docs.commands import CONNECTOR, DEV, TOP, Command, commands, commands_of

ALL = commands()
OURS = [one for one in ALL if one.program == CONNECTOR]
THEIRS = [one for one in ALL if one.program == DEV]
_SAFE = ("settings", "permissions", "check", "status", "access", "holders", "applications", "changes", "export", "audit verify", "audit show", "operations list")  # fmt: skip
"""What only reads, or writes into a folder of the test."""
_SKIPPED = {"--follow", "ID", "…"}
"""What would wait for ever, or names something that only a tenant has."""
_MOMENTS = {"2026-11-17", "24h"}
"""Before the history of what was synced here; the moment of the test takes their place."""
FINE = (0, 4)
"""Exit codes: well, and well with something that deserves a look."""


def ids(command: Command) -> str:
    return str(command)


@pytest.mark.parametrize("command", OURS, ids=ids)
def test_commands_of_the_connector_are_understood(command: Command) -> None:
    _understand(get_command(app), list(command.arguments), "python -m connector")


def _understand(command: Any, arguments: list[str], name: str, parent: Any = None) -> None:
    """Parse as the command line does, down to the last subcommand, and run nothing."""
    if {"--help", "-h"} & set(arguments) or "…" in arguments:
        arguments = arguments[: min(arguments.index(one) for one in ("--help", "-h", "…") if one in arguments)]
        context: Any = None
        for word in arguments:
            command = command.commands[word]
        return
    context = command.make_context(name, list(arguments), parent=parent)
    with context:
        rest = [*context._protected_args, *context.args] if hasattr(command, "commands") else []
        if rest:
            name, inner, rest = command.resolve_command(context, rest)
            _understand(inner, rest, name, context)


@pytest.mark.parametrize("command", THEIRS, ids=ids)
def test_tasks_of_contributors_are_there(command: Command) -> None:
    task, *rest = command.arguments or ("test",)
    assert task in dev.TASKS
    source = "\n".join(path.read_text() for path in _sources(task))
    options = [word.partition("=")[0] for word in rest if word.startswith("--")]
    assert [option for option in options if f'"{option}"' not in source] == []


def _sources(task: str) -> Iterator[Path]:
    yield TOP / "dev.py"
    for folder in ("tools", f"emulators/{task}"):
        yield from (TOP / folder).rglob("*.py")


def test_a_command_that_does_not_exist_is_noticed() -> None:
    with pytest.raises(Exception, match="No such option"):
        _understand(get_command(app), ["sync", "--quickly"], "python -m connector")
    with pytest.raises(Exception, match="No such command"):
        _understand(get_command(app), ["synchronise"], "python -m connector")


def test_commands_are_found_wherever_they_stand() -> None:
    text = 'Say `python -m connector status`:\n\n    python -m connector grant "A B" \\\n      x  # why\n\n```sh\npython3 dev.py bench sync | less\n```\n'

    assert [(one.line, one.program, one.arguments) for one in commands_of(text, "page")] == [
        (1, CONNECTOR, ("status",)),
        (3, CONNECTOR, ("grant", "A B", "x")),
        (7, DEV, ("bench", "sync")),
    ]


def test_those_that_only_read_do_so(storage_account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with BlobServiceClient.from_connection_string(storage_account) as service:
        service.create_container("entra")
    tenant = generate(users=20, seed=1)
    tenant.create_user("Anna", user_principal_name="anna@contoso.com")
    with GraphEmulator(tenant) as graph:
        environment = {**graph.environment(), "AzureWebJobsStorage": storage_account}
        (tmp_path / "production.json").write_text(json.dumps({"IsEncrypted": False, "Values": environment}))
        said = {}
        CliRunner().invoke(app, ["sync"], env=environment)
        synced = datetime.now(UTC).isoformat()
        for arguments in _runnable():
            shown = [synced if word in _MOMENTS else word for word in arguments]
            done = CliRunner().invoke(app, shown, env=environment, prog_name=CONNECTOR)
            said[arguments] = (done.exit_code, done.output[-400:])

    assert len(said) > 12
    assert {arguments: told for arguments, told in said.items() if told[0] not in FINE} == {}


def _runnable() -> list[tuple[str, ...]]:
    """The commands that only read, each once."""
    chosen: dict[tuple[str, ...], None] = {}
    for one in OURS:
        plain = re.sub(r"--settings \S+ ", "", " ".join(one.arguments))
        if plain.startswith(_SAFE) and not _SKIPPED & set(one.arguments):
            chosen[one.arguments] = None
    return list(chosen)
