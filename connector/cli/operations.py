"""``operations``: what was asked for and what became of it; to cancel it, and to try it again."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.help import PROVISIONS, READS_STORAGE, help_text
from connector.cli.invocation import JsonOption, invocation_of
from connector.cli.outcomes import URL, document, outcome, show_outcome
from connector.cli.output import Output
from connector.cli.provisioning import myself, see_through
from connector.storage.records.operations import Event, Operation, Status

if TYPE_CHECKING:
    from connector.storage.records.operations import DeadLetter

_PAGE = 100

HELP = help_text(
    "Grants and revokes that were asked for, over HTTP, here or through the queue: which there are, what happened to one and why, how "
    "to cancel what has not begun, and how to try again what failed.",
    [
        "operations list --status failed --status dead_lettered",
        "operations show 20310303T080000000000Z-5f0c9a1e-0001-001",
    ],
    PROVISIONS,
)
_LIST_HELP = help_text(
    "The newest operations: what was asked for, by whom, and what came of it. `--dead-letters` lists messages of the operations "
    "queue that were no request.",
    [
        "operations list",
        "operations list --status refused --principal anna@contoso.com",
        "operations list --dead-letters --json",
    ],
    READS_STORAGE,
)
_SHOW_HELP = help_text(
    "One operation with its whole history: who asked for what and why, what was decided, each request to Graph with the id that "
    "Microsoft's support asks for, and when the effect was seen.",
    [
        "operations show 20310303T080000000000Z-5f0c9a1e-0001-001",
        "operations show 20310303T080000000000Z-5f0c9a1e-0001-001 --json",
    ],
    READS_STORAGE,
)
_CANCEL_HELP = help_text(
    "Cancels an operation as long as nothing has been written to Graph: one that is accepted, scheduled, or waiting before its first attempt.",
    ["operations cancel 20310303T080000000000Z-5f0c9a1e-0001-001"],
    READS_STORAGE,
)
_RETRY_HELP = help_text(
    "Tries an operation again that has failed, or was refused, cancelled or dead-lettered, at the end of its line, and waits as `grant` "
    "does. The id of a dead letter sends that message again.",
    [
        "operations retry 20310303T080000000000Z-5f0c9a1e-0001-001",
        "operations retry 20310303T080000000000Z-5f0c9a1e-0001-001 --no-wait",
    ],
    PROVISIONS,
)
Id = Annotated[str, typer.Argument(metavar="ID", help="Of the operation, as `operations list` shows it.")]

operations = typer.Typer(rich_markup_mode="markdown", no_args_is_help=True)


@operations.command("list", help=_LIST_HELP, short_help="Which there are, newest first.")
def list_(
    ctx: typer.Context,
    *,
    statuses: Annotated[
        list[Status] | None, typer.Option("--status", help="Only these; repeat it for more. By default all.")
    ] = None,
    principal: Annotated[
        str,
        typer.Option("--principal", metavar="PRINCIPAL", help="Only those for this object id, or asked for this name."),
    ] = "",
    after: Annotated[
        str, typer.Option("--after", metavar="NEXT", help="Go on from where the last page said that there is more.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most operations of the page.")] = _PAGE,
    dead_letters: Annotated[
        bool, typer.Option("--dead-letters", help="The messages that nobody understood, instead.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer on stdout."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=as_json)
    settings = invocation.settings(signs_in=False)
    from connector.provisioning.service import list_dead_letters, list_operations

    if dead_letters:
        _show_dead(output, asyncio.run(list_dead_letters(settings)))
        return
    asked = list_operations(settings, statuses=statuses or (), principal=principal, after=after, limit=limit)
    try:
        page = asyncio.run(asked)
    except ValueError:
        raise typer.BadParameter("Give what the page before said.", param_hint="--after") from None
    if as_json:
        from connector.provisioning.asking.showing import OperationPage, summarize

        shown = tuple(summarize(one, URL) for one in page.operations)
        output.document(OperationPage(operations=shown, next=page.next))
        return
    columns = ("accepted (UTC)", "id", "action", "entitlement", "principal", "what it came to", "asked by")
    output.table(columns, [_row(one) for one in page.operations])
    if page.next:
        output.tell(f"There are more: --after {page.next}")
    elif not page.operations:
        output.tell("No such operations.")


@operations.command("show", help=_SHOW_HELP, short_help="One, with its whole history.")
def show(ctx: typer.Context, operation_id: Id, as_json: JsonOption = False) -> None:
    """Answer on stdout."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=as_json)
    from connector.provisioning.service import NoSuchOperation, read_operation

    found = asyncio.run(read_operation(invocation.settings(signs_in=False), operation_id))
    if found is None:
        raise NoSuchOperation(operation_id)
    if as_json:
        output.document(document([found]))
    else:
        _show(output, found)


@operations.command("cancel", help=_CANCEL_HELP, short_help="Cancel one that has not begun.")
def cancel(ctx: typer.Context, operation_id: Id, as_json: JsonOption = False) -> None:
    """Answer on stdout."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=as_json)
    from connector.provisioning.service import cancel as ask

    cancelled = asyncio.run(ask(invocation.settings(signs_in=False), operation_id, myself()))
    if as_json:
        output.document(document([cancelled]))
    else:
        show_outcome(output, cancelled)


@operations.command("retry", help=_RETRY_HELP, short_help="Try one again that came to nothing.")
def retry(
    ctx: typer.Context,
    operation_id: Id,
    *,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Leave the work to the Function App.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Steps on stderr, what it came to on stdout."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=as_json)
    from connector.provisioning.service import retry as ask

    revived = asyncio.run(ask(invocation.settings(signs_in=False), operation_id, myself()))
    if isinstance(revived, Operation):
        see_through(invocation, [revived], wait=not no_wait)
    elif as_json:
        output.document(revived)
    else:
        output.line(f"The message {revived.id} was sent again.")


def _row(one: Operation) -> tuple[object, ...]:
    wanted = one.wanted
    action = f"{wanted.action.value} (dry run)" if wanted.dry_run else wanted.action.value
    who = one.principal_name or wanted.principal
    return (_time(one.accepted_at), one.id, action, wanted.entitlement, who, outcome(one), _asker(one))


def _show(output: Output, one: Operation) -> None:
    wanted, who = one.wanted, one.principal_name or one.wanted.principal
    known = f" ({one.principal_kind.replace('_', ' ')}, {one.principal_id})" if one.principal_kind else ""
    facts = {
        "action": f"{wanted.action.value}{' (dry run)' if wanted.dry_run else ''}",
        "entitlement": wanted.entitlement,
        "principal": f"{who}{known}",
        "scope": wanted.scope if wanted.scope != "/" else None,
        "starts (UTC)": _time(wanted.starts_at),
        "ends (UTC)": _time(wanted.expires_at),
        "justification": wanted.justification,
        "ticket": wanted.ticket,
        "asked by": _asker(one),
        "comes from": one.by or None,
        "status": one.status.value,
    }
    output.table(("", "operation"), [(name, value) for name, value in facts.items() if value is not None])
    rows = [(_time(event.at), event.kind.value, event.said, _call(event)) for event in one.events]
    output.table(("when (UTC)", "what", "said", "request"), rows)
    show_outcome(output, one)


def _show_dead(output: Output, letters: list[DeadLetter]) -> None:
    if output.as_json:
        output.document({"dead_letters": letters})
        return
    rows = [(_time(one.at), one.id, one.problem.sentence, one.text[:200]) for one in letters]
    output.table(("when (UTC)", "id", "why", "message"), rows)


def _asker(one: Operation) -> str:
    who = one.requester
    return f"{who.name or who.id or '?'} ({who.kind.replace('_', ' ')})"


def _call(event: Event) -> str:
    """The request that an event tells of, with its status and the id that support asks for."""
    parts = (event.facts.get(name) for name in ("method", "path", "status", "code", "request_id"))
    return " ".join(str(part) for part in parts if part)


def _time(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else None
