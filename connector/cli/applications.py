"""``applications``: which software Entra signs in or provisions."""

from __future__ import annotations

from typing import Annotated

import typer

from connector.cli.help import READS_STORAGE, help_text
from connector.cli.invocation import JsonOption, invocation_of
from connector.cli.picture import open_picture
from connector.query.applications import Application
from connector.query.applications import applications as ask

HELP = help_text(
    "Which software Entra ID signs people in to and which it provisions: how, who gets in, how many are assigned "
    "directly and in effect, and who owns it. Managed identities are left out: nobody signs in to them.",
    ["applications --assigned --third-party", "applications --scim --json"],
    READS_STORAGE,
)


def applications(
    ctx: typer.Context,
    assigned: Annotated[bool, typer.Option("--assigned", help="Only those to which somebody is assigned.")] = False,
    scim: Annotated[bool, typer.Option("--scim", help="Only those to which Entra ID provisions accounts.")] = False,
    third_party: Annotated[bool, typer.Option("--third-party", help="Only those that are not Microsoft's.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer on stdout."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=as_json)
    with open_picture(invocation) as opened:
        found = ask(opened.snapshot, assigned=assigned, scim=scim, third_party=third_party)
    if as_json:
        output.document({"applications": found})
        return
    columns = ("application", "app id", "sign-on", "who gets in", "provisioned", "#assigned", "#effective", "owners")
    output.table(columns, [_row(one) for one in found])
    output.tell(f"{len(found):,} application{'s' if len(found) != 1 else ''}")


def _row(one: Application) -> tuple[object, ...]:
    owners = ", ".join(owner.title for owner in one.owners)
    return (
        one.name or one.id,
        one.app_id,
        one.sign_on_mode,
        _who(one),
        (one.provisioning_state or "yes") if one.provisioned_by_scim else one.provisioned_by_scim,
        one.assigned,
        one.effective,
        owners,
    )


def _who(one: Application) -> str | None:
    if one.enabled is False:
        return "nobody: disabled"
    if one.assignment_required is None:
        return None
    return "assigned only" if one.assignment_required else "everyone"
