"""``changes``: the journal for people, one line a change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.help import READS_STORAGE, help_text
from connector.cli.invocation import Invocation, invocation_of
from connector.cli.moments import ACCEPTED, moment
from connector.cli.picture import open_picture
from connector.cli.sentences import line

if TYPE_CHECKING:
    from connector.journal.feed import Page
    from connector.query.names import Names
    from connector.query.selecting import Selection

HELP = help_text(
    "Who gained or lost what, and what became of accounts, groups, applications, roles and licenses: when it was seen, its "
    "sequence in the journal, why it was seen, and for changed rows what differs. Without `--since`: of the last day.",
    [
        "changes",
        'changes --since "2h ago" --kind directory_role',
        "changes --since 4711 --principal anna@contoso.com --json",
        "changes --follow",
    ],
    READS_STORAGE,
)


class Kind(StrEnum):
    """What a change can be about. The kinds of resources include the grants of what is held on them."""

    GRANT = "grant"
    ACCOUNT = "account"
    GROUP = "group"
    ENTERPRISE_APPLICATION = "enterprise_application"
    DIRECTORY_ROLE = "directory_role"
    LICENSE = "license"
    ENTITLEMENT = "entitlement"


def changes(
    ctx: typer.Context,
    *,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="TIME|SEQUENCE", help=f"Only what came after: a sequence (digits only), {ACCEPTED}."
        ),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow", help="Go on with what comes, until Ctrl-C. Without --since: only what comes from now on."
        ),
    ] = False,
    kinds: Annotated[
        list[Kind] | None,
        typer.Option(
            "--kind",
            help="Only changes of this kind; repeat it for more. A resource's kind includes its grants; "
            "`grant` means those of all.",
        ),
    ] = None,
    principal: Annotated[
        str | None,
        typer.Option(
            "--principal", metavar="PRINCIPAL", help="Only what this account, group or application gained or lost."
        ),
    ] = None,
    inherited: Annotated[
        bool,
        typer.Option(
            "--inherited", help="Also what only follows: inherited grants, and counts of members and assignments."
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line on stdout; messages go to stderr.")
    ] = False,
) -> None:
    """Answer on stdout."""
    invocation = invocation_of(ctx)
    invocation.speaking(as_json=as_json)
    now = datetime.now(UTC)
    begin = _since(since, now)
    from connector.query.changes import changes_since, follow_changes
    from connector.query.names import NAMED_IN, Names
    from connector.query.selecting import Selection

    settings = invocation.settings(signs_in=False)
    with open_picture(invocation, NAMED_IN) as opened:
        selection = Selection(opened.snapshot, kinds=kinds or (), principal=principal, inherited=inherited)
        names = Names(opened.snapshot)
        if follow:
            invocation.output.tell("Following the journal. Ctrl-C ends it.")
            pages = follow_changes(settings, begin, now, invocation.output.tell)
        else:
            pages = changes_since(settings, begin, now)
        try:
            shown = asyncio.run(_print(invocation, pages, selection, names, following=follow))
        except KeyboardInterrupt:
            return  # this is how --follow ends
        if not follow:
            selection.check()
    if selection.hidden:
        more = "more " if shown else ""
        invocation.output.tell(f"{selection.hidden:,} {more}only follow from others; --inherited shows them.")
    elif not shown:
        invocation.output.tell(f"No {'such ' if kinds or principal else ''}changes {_when(begin)}.")


async def _print(
    invocation: Invocation, pages: AsyncGenerator[Page, None], selection: Selection, names: Names, *, following: bool
) -> int:
    """One line for each change that is wanted, as it comes; how many there were. Who follows is told once that some are hidden."""
    from connector.query.telling import tell

    output, shown, told = invocation.output, 0, False
    async with aclosing(pages):
        async for page in pages:
            names.learn(page.changes)
            for change in (tell(one, names) for one in page.changes):
                if not selection.wants(change):
                    continue
                shown += 1
                if output.as_json:
                    output.line_of_json(change)
                else:
                    output.plain(line(change))
            if following and selection.hidden and not told:
                told = True
                output.tell("More follows from this, through groups; --inherited shows it.")
    return shown


def _when(begin: int | datetime | None) -> str:
    if begin is None:
        return "in the last day"
    return f"after sequence {begin:,}" if isinstance(begin, int) else f"since {begin:%Y-%m-%d %H:%M:%S} UTC"


def _since(text: str | None, now: datetime) -> int | datetime | None:
    """A sequence if it is all digits, otherwise a moment."""
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else moment(text, now, "--since")
