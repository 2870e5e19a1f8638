"""``grant`` and ``revoke``: ask for an operation, see it through, and say what it came to."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from connector.cli.help import PROVISIONS, help_text
from connector.cli.invocation import Invocation, JsonOption, invocation_of
from connector.cli.moments import TO_COME, moment_to_come
from connector.cli.outcomes import Steps, document, exit_code, show_outcome
from connector.storage.records.operations import Action, Operation, Requester

if TYPE_CHECKING:
    from connector.provisioning.asking.parsing import Malformed
    from connector.storage.records.operations import Wanted

_HOW = (
    "A group or a role may be given by its display name, in full: `Sales` means its members, `Sales:owner` its owners, `User "
    "Administrator` the active role, `User Administrator:eligible` the eligible one. Every guard is asked before anything is "
    "written; what is refused says why, and what to do about it. The same record, policy and audit file as over HTTP."
)
GRANT_HELP = help_text(
    "Gives an account, a group or a service principal a membership, an ownership or a directory role, waits until it is seen in "
    f"Microsoft Graph, and tells each step. {_HOW}",
    [
        'grant "Sales EMEA" anna@contoso.com --justification "Joins the team" --dry-run',
        'grant "Sales EMEA:owner" anna@contoso.com --justification "Leads the team" --ticket CHG0031337',
        'grant "User Administrator" anna@contoso.com --justification "Night shift" --expires 8h',
        "grant group:02bd9fd6-8f93-4758-87c3-1fb73740a315:member anna@contoso.com --justification Project --expires 2031-03-31",
    ],
    PROVISIONS,
)
REVOKE_HELP = help_text(
    "Takes a membership, an ownership or a directory role away from whoever holds it directly, waits until it is seen to be gone, and "
    f"tells each step. What is held through a group is refused, and which group it comes from is said. {_HOW}",
    [
        'revoke "Sales EMEA" anna@contoso.com --justification "Left the team"',
        'revoke "User Administrator:eligible" 7ccbb0f2-5f1c-4a7e-9d0c-0f6f6e0f7b11 --justification "Shift over" --no-wait',
    ],
    PROVISIONS,
)
Entitlement = Annotated[
    str,
    typer.Argument(
        metavar="ENTITLEMENT",
        help="group:{id}:member, group:{id}:owner, directory_role:{id}:assigned or directory_role:{id}:eligible; or the "
        "name of a group or role, and `:owner` or `:eligible` behind it.",
    ),
]
Principal = Annotated[
    str,
    typer.Argument(metavar="PRINCIPAL", help="Object id, sign-in name, application id, or the whole display name."),
]
Justification = Annotated[str, typer.Option("--justification", metavar="TEXT", help="Why; it is recorded.")]
Ticket = Annotated[
    str | None, typer.Option("--ticket", metavar="NUMBER", help="The ticket that this is done for; it is recorded.")
]
Scope = Annotated[
    str,
    typer.Option(
        "--scope",
        metavar="SCOPE",
        help="Where a directory role holds: / (the tenant), /administrativeUnits/{id}, or /{id} of an application.",
    ),
]
Starts = Annotated[
    str | None, typer.Option("--starts", metavar="TIME|DURATION", help=f"Begin then, not at once: {TO_COME}.")
]
Expires = Annotated[
    str | None,
    typer.Option("--expires", metavar="TIME|DURATION", help=f"When what is granted ends: {TO_COME}."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Ask every guard and say what would be done; change nothing.")]
Key = Annotated[
    str,
    typer.Option(
        "--key", metavar="KEY", help="Asked again with the same key, the same operation is given, not another."
    ),
]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Leave the work to the Function App, and print the operation's id only.")
]


def grant(
    ctx: typer.Context,
    entitlement: Entitlement,
    principal: Principal,
    *,
    justification: Justification,
    ticket: Ticket = None,
    scope: Scope = "/",
    starts: Starts = None,
    expires: Expires = None,
    dry_run: DryRun = False,
    key: Key = "",
    no_wait: NoWait = False,
    as_json: JsonOption = False,
) -> None:
    """Steps on stderr, what it came to on stdout."""
    asked: dict[str, Any] = {
        "action": Action.GRANT,
        "entitlement": entitlement,
        "principal": principal,
        "justification": justification,
    }
    asked |= {"ticket": ticket, "scope": scope, "dry_run": dry_run, "starts": starts, "expires": expires}
    _ask(ctx, asked, key=key, wait=not no_wait, as_json=as_json)


def revoke(
    ctx: typer.Context,
    entitlement: Entitlement,
    principal: Principal,
    *,
    justification: Justification,
    ticket: Ticket = None,
    scope: Scope = "/",
    starts: Starts = None,
    dry_run: DryRun = False,
    key: Key = "",
    no_wait: NoWait = False,
    as_json: JsonOption = False,
) -> None:
    """Steps on stderr, what it came to on stdout."""
    asked: dict[str, Any] = {
        "action": Action.REVOKE,
        "entitlement": entitlement,
        "principal": principal,
        "justification": justification,
    }
    asked |= {"ticket": ticket, "scope": scope, "dry_run": dry_run, "starts": starts}
    _ask(ctx, asked, key=key, wait=not no_wait, as_json=as_json)


def myself() -> Requester:
    """Whoever runs this command, by the name that this machine knows."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = ""  # a container's user need not have one
    return Requester(kind="command_line", id=name, name=name)


def see_through(invocation: Invocation, operations: list[Operation], *, wait: bool) -> None:
    """Work on ``operations`` here until they have ended (or only tell that they were accepted), and say what they came to.

    Raises:
        typer.Exit: they did not all come to what was asked for.
    """
    output, steps = invocation.output, Steps(invocation.output)
    for one in operations:
        steps(one)
    if wait and any(one.status.open for one in operations):
        from connector.provisioning.service import work_until_ended

        ids = [one.id for one in operations]
        operations = list(asyncio.run(work_until_ended(invocation.settings(), ids, steps)))
        for one in operations:
            steps(one)
    if output.as_json:
        output.document(document(operations))
    else:
        for one in operations:
            show_outcome(output, one)
    if code := exit_code(operations):
        raise typer.Exit(code)


def _ask(ctx: typer.Context, asked: Mapping[str, Any], *, key: str, wait: bool, as_json: bool) -> None:
    """Ask for what the arguments say. ``asked``: as over HTTP, but for names, and for times as people write them."""
    invocation = invocation_of(ctx)
    invocation.speaking(as_json=as_json)
    settings = invocation.settings()
    now = datetime.now(UTC)
    body = _body(asked, now)
    from connector.cli.naming import Naming

    with Naming(invocation) as naming:
        body["entitlement"] = naming.entitlement(body["entitlement"])
        body["principal"] = naming.principal(body["principal"])
    wanted = _parsed(body, now)
    from connector.provisioning.service import Asked, accept

    accepted = asyncio.run(accept(settings, Asked(wanted=wanted, requester=myself(), key=key)))
    if accepted.before:
        invocation.output.tell("This was asked before with the same key; it is the same operation.")
    see_through(invocation, list(accepted.operations), wait=wait)


def _body(asked: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What was given, with times as the body of a request has them."""
    given = {name: value for name, value in asked.items() if value is not None}
    for name in ("starts", "expires"):
        if name in given:
            given[f"{name}_at"] = moment_to_come(given.pop(name), now, f"--{name}").isoformat()
    return given


def _parsed(body: Mapping[str, Any], now: datetime) -> tuple[Wanted, ...]:
    """As over HTTP, by the same rules."""
    from connector.provisioning.asking.parsing import Malformed, parse_request

    try:
        return parse_request(msgspec.json.encode(body), now).wanted
    except Malformed as error:
        raise _wrong_usage(error) from None


def _wrong_usage(error: Malformed) -> typer.BadParameter:
    """The first problem, with the name that its field has here."""
    first = error.problems[0]
    name = first.pointer.removeprefix("/")
    hint = name.upper() if name in ("entitlement", "principal") else f"--{name.removesuffix('_at')}"
    return typer.BadParameter(first.detail, param_hint=hint)
