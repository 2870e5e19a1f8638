"""Everything that a principal holds, and how."""

from __future__ import annotations

from connector.query.access import access
from connector.query.holdings import Holding
from connector.query.snapshot import Snapshot
from tests.support.contoso import E5, FRIDAY, GLOBAL_ADMINISTRATOR, USER_ADMINISTRATOR


def by_entitlement(holdings: tuple[Holding, ...]) -> dict[str, Holding]:
    assert len({one.entitlement_id for one in holdings}) == len(holdings)
    return {one.entitlement_id: one for one in holdings}


def test_what_an_account_holds_directly_and_through_groups(contoso: Snapshot) -> None:
    answer = access(contoso, "anna@contoso.com")

    assert [(one.entitlement_id, one.inherited, one.source, one.route) for one in answer.holdings] == [
        (
            f"directory_role:{GLOBAL_ADMINISTRATOR}:assigned",
            False,
            "pim",
            "Anna Andersson → Global Administrator",
        ),
        ("enterprise_application:e-crm:owner", False, "direct", "Anna Andersson → CRM"),
        ("group:g-all:member", True, "direct", "Anna Andersson → Sales EMEA → Sales → All staff"),
        ("group:g-sales:member", True, "direct", "Anna Andersson → Sales EMEA → Sales"),
        ("group:g-emea:member", False, "direct", "Anna Andersson → Sales EMEA"),
        (f"license:{E5}:assigned", False, "group", "Anna Andersson → Sales EMEA → SPE_E5"),
    ]
    assert (answer.direct, answer.inherited) == (4, 2)


def test_when_it_ends_and_whether_it_can_be_revoked(contoso: Snapshot) -> None:
    held = by_entitlement(access(contoso, "anna@contoso.com").holdings)

    role = held[f"directory_role:{GLOBAL_ADMINISTRATOR}:assigned"]
    assert (role.assignment_type, role.starts_at, role.ends_at, role.revocable) == ("Activated", None, FRIDAY, True)
    assert held["group:g-emea:member"].not_revocable_reason == "dynamic_membership"
    assert held[f"license:{E5}:assigned"].not_revocable_reason == "inherited_license"
    assert (held["group:g-all:member"].revocable, held["group:g-all:member"].not_revocable_reason) == (
        False,
        "inherited",
    )


def test_the_scope_of_a_role_has_its_name(contoso: Snapshot) -> None:
    role = by_entitlement(access(contoso, "a-carl").holdings)[f"directory_role:{USER_ADMINISTRATOR}:assigned"]

    assert (role.scope, role.scope_kind, role.scope_name) == (
        "/administrativeUnits/au-1",
        "administrative_unit",
        "Nordics",
    )


def test_groups_hold_things_too(contoso: Snapshot) -> None:
    answer = access(contoso, "Sales EMEA")

    assert [(one.resource.name, one.inherited) for one in answer.holdings] == [("All staff", True), ("Sales", False)]


def test_and_so_do_service_principals(contoso: Snapshot) -> None:
    [held] = access(contoso, "vm-backup").holdings

    assert (held.principal.kind, held.principal.name, held.resource.name, held.entitlement_name) == (
        "enterprise_application",
        "vm-backup",
        "CRM",
        "User",
    )


def test_who_holds_nothing_holds_nothing(contoso: Snapshot) -> None:
    assert access(contoso, "Anna Berg").holdings == ()
