"""``access``: everything that one principal holds."""

from __future__ import annotations

from typing import Annotated

import typer

from connector.cli.help import READS_STORAGE, help_text
from connector.cli.holdings import entitlement, how, period, revocable, scope
from connector.cli.invocation import JsonOption, invocation_of
from connector.cli.moments import AtOption
from connector.cli.output import Output
from connector.cli.picture import open_picture
from connector.query.access import Access
from connector.query.access import access as ask
from connector.query.holdings import Holding

HELP = help_text(
    "Everything that an account, a group or a service principal holds: groups, applications, roles and licenses, "
    "directly or through groups, with the path.",
    ["access anna@contoso.com", 'access "Sales EMEA" --json', 'access anna@contoso.com --at "2h ago"'],
    READS_STORAGE,
)
_TITLES = {
    "group": "Groups",
    "enterprise_application": "Enterprise applications",
    "directory_role": "Directory roles",
    "license": "Licenses",
}


def access(
    ctx: typer.Context,
    principal: Annotated[
        str,
        typer.Argument(
            metavar="PRINCIPAL", help="Id, sign-in name, mail, app id or display name, or how one of them begins."
        ),
    ],
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer on stdout."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=as_json)
    with open_picture(invocation, at=at) as opened:
        answer = ask(opened.snapshot, principal)
    if as_json:
        output.document(answer)
    else:
        _show(output, answer)


def _show(output: Output, answer: Access) -> None:
    who = answer.principal
    output.tell(
        f"{who.title} ({who.kind.replace('_', ' ')}, {who.detail or who.id}): "
        f"{answer.direct:,} direct, {answer.inherited:,} inherited"
    )
    columns = ("resource kind", "resource", "entitlement", "how", "scope", "period", "revocable")
    output.grouped(columns, [_row(holding) for holding in answer.holdings])


def _row(one: Holding) -> tuple[str, ...]:
    kind = _TITLES.get(one.resource.kind, one.resource.kind)
    return (kind, one.resource.title, entitlement(one), how(one), scope(one), period(one), revocable(one))
