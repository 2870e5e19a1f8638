"""``check``: whether everything works that the deployment depends on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from connector.cli.exits import Exit
from connector.cli.help import help_text
from connector.cli.invocation import JsonOption, invocation_of
from connector.settings import SettingsError

if TYPE_CHECKING:
    from connector.health.findings import Report

HELP = help_text(
    "Tries everything once: settings, the tenant, this machine's clock, Key Vault, signing in, when the secret or certificate ends, the "
    "permissions in the token against what the settings switch on, one cheap request of each kind to Graph, the licenses, storage and its "
    "queues, syncs, subscriptions, and the notification address from where you are. One line each: how it is, what was found, what to do. "
    "It ends with 0 where all is well, with 4 where something deserves a look, with 1 where something does not work, and with 2 where the "
    "settings are wrong. `GET /api/health` tells the same from within the Function App.",
    ["check", "check --json", "--settings production.json check"],
    ("all of them",),
)


def check(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Answer on stdout."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=as_json)
    from connector.health.service import examine, settings_report

    wrong = False
    try:
        settings = invocation.settings()
    except SettingsError as error:
        found, wrong = settings_report(error), True
    else:
        found = asyncio.run(examine(settings))
    if as_json:
        output.document(found)
    else:
        output.table(
            ("state", "check", "found", "what to do"),
            [(one.state.value, one.check, one.found, one.remedy) for one in found.findings],
        )
    code = Exit.USAGE if wrong else _exit(found)
    if code is not Exit.FINE:
        raise typer.Exit(code)


def _exit(found: Report) -> Exit:
    from connector.health.findings import State

    return {State.FAILED: Exit.FAILURE, State.WARNING: Exit.INCOMPLETE}.get(found.state, Exit.FINE)
