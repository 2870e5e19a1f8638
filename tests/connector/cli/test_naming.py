"""What people call an entitlement or a principal becomes ids; what could be somebody else is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from connector.cli.invocation import Invocation
from connector.cli.naming import Naming
from connector.query.errors import Ambiguous, NotFound, NothingSynced
from connector.settings import Settings
from tests.support.contoso import CONTOSO, GLOBAL_ADMINISTRATOR, USER_ADMINISTRATOR
from tests.support.snapshots import publish, write_snapshot

GROUP = "02bd9fd6-8f93-4758-87c3-1fb73740a315"
TENANT = {
    **CONTOSO,
    "groups": [
        *CONTOSO["groups"],
        {"id": "g-twin-1", "display_name": "Twins"},
        {"id": "g-twin-2", "display_name": "twins"},
        {"id": "g-role", "display_name": "User Administrator"},
        {"id": "g-colon", "display_name": "Project: owner"},
    ],
}


@pytest.fixture
def naming(deployed: Settings, tmp_path: Path) -> Iterator[Naming]:
    asyncio.run(publish(deployed, write_snapshot(tmp_path / "written", TENANT)))
    with Naming(Invocation()) as names:
        yield names


def test_entitlements(naming: Naming) -> None:
    for text, found in (
        (f"group:{GROUP}:owner", f"group:{GROUP}:owner"),
        (f"GROUP:{GROUP.upper()}:Member", f"group:{GROUP}:member"),
        ("Sales", "group:g-sales:member"),
        ("sales emea:OWNER", "group:g-emea:owner"),
        ("g-sales:owner", "group:g-sales:owner"),
        ("Global Administrator", f"directory_role:{GLOBAL_ADMINISTRATOR}:assigned"),
        ("Global Administrator:eligible", f"directory_role:{GLOBAL_ADMINISTRATOR}:eligible"),
        (GLOBAL_ADMINISTRATOR, f"directory_role:{GLOBAL_ADMINISTRATOR}:assigned"),
        ("directory_role:User Administrator", f"directory_role:{USER_ADMINISTRATOR}:assigned"),
        ("User Administrator:assigned", f"directory_role:{USER_ADMINISTRATOR}:assigned"),
        ("group:User Administrator", "group:g-role:member"),
        ("Project: owner:member", "group:g-colon:member"),
    ):
        assert naming.entitlement(text) == found


def test_what_could_be_another_is_refused(naming: Naming) -> None:
    with pytest.raises(Ambiguous) as ambiguity:
        naming.entitlement("TWINS")
    assert [one.id for one in ambiguity.value.candidates] == ["g-twin-1", "g-twin-2"]
    with pytest.raises(Ambiguous):
        naming.entitlement("User Administrator")  # a group and a role
    with pytest.raises(NotFound, match="Did you mean 'Sales EMEA'"):
        naming.entitlement("Sales E")
    with pytest.raises(NotFound, match="No group is called 'Global Administrator'"):
        naming.entitlement("Global Administrator:owner")
    with pytest.raises(NotFound):
        naming.entitlement("CRM")


@pytest.mark.parametrize(
    "text",
    [
        f"group:{GROUP}:members",
        f"group:{GROUP}:assigned",
        f"directory_role:{GROUP}:member",
        f"Group:{GROUP}/owner",
    ],
)
def test_an_id_with_something_else_behind_it_is_no_name(text: str) -> None:
    with Naming(Invocation()) as unsynced, pytest.raises(typer.BadParameter, match=r"group:\{id\}:member"):
        unsynced.entitlement(text)


def test_principals(naming: Naming) -> None:
    for text, found in (
        ("new.here@contoso.com", "new.here@contoso.com"),
        (GROUP, GROUP),
        ("Anna Berg", "a-berg"),
        ("sales", "g-sales"),
        ("CRM", "e-crm"),
        ("app-crm", "e-crm"),
    ):
        assert naming.principal(text) == found
    with pytest.raises(NotFound, match="Did you mean"):
        naming.principal("Anna")


def test_it_says_what_a_name_was_taken_for(naming: Naming, capsys: pytest.CaptureFixture[str]) -> None:
    naming.entitlement("sales")

    assert capsys.readouterr().err == "'sales' is a group: Sales, g-sales\n"


def test_ids_need_no_picture(deployed: Settings) -> None:
    with Naming(Invocation()) as naming:
        assert naming.entitlement(f"group:{GROUP}:member") == f"group:{GROUP}:member"
        assert naming.principal("anna@contoso.com") == "anna@contoso.com"
        with pytest.raises(NothingSynced):
            naming.entitlement("Sales")
