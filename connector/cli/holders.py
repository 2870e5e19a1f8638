"""``holders``: everyone who holds a resource or an entitlement."""

from __future__ import annotations

from typing import Annotated

import typer

from connector.cli.help import READS_STORAGE, help_text
from connector.cli.holdings import entitlement, how, period, revocable, scope
from connector.cli.invocation import JsonOption, invocation_of
from connector.cli.moments import AtOption
from connector.cli.output import Output
from connector.cli.picture import open_picture
from connector.query.holders import Holders
from connector.query.holders import holders as ask

HELP = help_text(
    "Everyone who holds a group, an application, a directory role or a license, by entitlement, directly or through "
    "groups, with the path; or who holds one entitlement, given by its id.",
    [
        'holders "Global Administrator"',
        "holders group:02bd9fd6-8f93-4758-87c3-1fb73740a315:owner",
        'holders "Global Administrator" --at 2026-01-05T06:00',
    ],
    READS_STORAGE,
)


def holders(
    ctx: typer.Context,
    resource: Annotated[
        str,
        typer.Argument(
            metavar="RESOURCE_OR_ENTITLEMENT",
            help="Id, display name, app id, role template id, part number or entitlement id; names may be cut short.",
        ),
    ],
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer on stdout."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=as_json)
    with open_picture(invocation, at=at) as opened:
        answer = ask(opened.snapshot, resource)
    if as_json:
        output.document(answer)
    else:
        _show(output, answer)


def _show(output: Output, answer: Holders) -> None:
    output.tell(f"{answer.subject.title} ({answer.subject.kind.replace('_', ' ')}): {answer.principals:,} principals")
    for one in answer.entitlements:
        state = ", disabled" if one.enabled is False else ""
        output.tell(f"  {one.name or one.id}: {one.direct:,} direct, {one.inherited:,} inherited{state}")
    columns = (
        "principal kind",
        "principal",
        "sign-in name or id",
        "entitlement",
        "how",
        "scope",
        "period",
        "revocable",
    )
    rows = [
        (
            one.principal.kind.replace("_", " "),
            one.principal.title,
            one.principal.detail or one.principal.id,
            entitlement(one),
            how(one),
            scope(one),
            period(one),
            revocable(one),
        )
        for one in answer.holdings
    ]
    output.table(columns, rows)
