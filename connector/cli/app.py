"""The commands, put together, and what holds for all of them."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

from connector.cli import (
    access,
    applications,
    audit,
    changes,
    check,
    export,
    holders,
    operations,
    permissions,
    provisioning,
    settings,
    setup,
    status,
    sync,
)
from connector.cli.exits import AnsweringGroup, Exit
from connector.cli.invocation import Invocation
from connector.settings import known_settings


def _epilog() -> str:
    """Every setting and every exit code. An empty line makes a paragraph of its own."""
    told = ["**Environment variables** (`settings` shows what is set)"]
    for setting in known_settings():
        default = {None: " Required.", "": ""}.get(setting.default, f" Default: `{setting.default}`")
        told.append(f"`{setting.name}` {setting.meaning}{default}")
    told.append("`CONNECTOR_DEBUG` Set to 1, it is the same as `--debug`.")
    told.append("**Exit codes**")
    told += [f"`{code.value}` {code.meaning}" for code in Exit]
    return "\n\n".join(told)


app = typer.Typer(
    cls=AnsweringGroup,
    help=(
        "Who has access to what in a Microsoft Entra ID tenant.\n\n"
        "`sync` reads the tenant into blob storage, and the Function App keeps that current; the other commands ask what is there. `grant` and `revoke` change it. "
        "Each explains itself: `python -m connector access --help`."
    ),
    epilog=_epilog(),
    rich_markup_mode="markdown",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def main(
    ctx: typer.Context,
    settings_file: Annotated[
        Path | None,
        typer.Option(
            "--settings",
            metavar="FILE",
            help="A local.settings.json whose Values count where the environment sets nothing. "
            "Default: ./local.settings.json, if it is there.",
        ),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the stack trace of an error.")] = False,
) -> None:
    """Options of every command."""
    debug = debug or os.environ.get("CONNECTOR_DEBUG", "").lower() in ("1", "true", "yes", "on")
    # What libraries log would stand between the sentences; somebody who debugs wants it.
    logging.basicConfig(level=logging.WARNING, handlers=None if debug else [logging.NullHandler()])
    ctx.obj = Invocation(settings_file=settings_file, debug=debug)


for _command, _help, _short in (
    (sync.sync, sync.HELP, "Read the whole tenant into blob storage."),
    (setup.setup, setup.HELP, "Make the app registration, its credential, its permissions and consent."),
    (check.check, check.HELP, "Try everything that the deployment depends on; what is amiss, and what to do."),
    (status.status, status.HELP, "How fresh, how much, what is incomplete and why."),
    (access.access, access.HELP, "Everything that a principal holds, and through which groups."),
    (holders.holders, holders.HELP, "Everyone who holds a resource or an entitlement."),
    (applications.applications, applications.HELP, "Which software Entra ID signs in and provisions."),
    (changes.changes, changes.HELP, "Who gained or lost what, as it was seen; --follow goes on."),
    (export.export, export.HELP, "Write the tables as Parquet, CSV or JSON lines."),
    (provisioning.grant, provisioning.GRANT_HELP, "Give a membership, an ownership or a directory role."),
    (provisioning.revoke, provisioning.REVOKE_HELP, "Take one away."),
    (permissions.permissions, permissions.HELP, "What must be granted in Graph, why, and how."),
    (settings.settings, settings.HELP, "What is set, what it means, what is wrong with it."),
):
    app.command(help=_help, short_help=_short)(_command)
app.add_typer(
    operations.operations,
    name="operations",
    help=operations.HELP,
    short_help="What was asked for and what became of it; cancel, retry.",
)
app.add_typer(
    audit.audit,
    name="audit",
    help=audit.HELP,
    short_help="Everything that operations did, and whether it is as it was written.",
)
