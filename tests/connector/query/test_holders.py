"""Everyone who holds a resource or an entitlement."""

from __future__ import annotations

from connector.query.holders import holders
from connector.query.snapshot import Snapshot
from tests.support.contoso import GLOBAL_ADMINISTRATOR


def test_holders_of_a_role_by_entitlement(contoso: Snapshot) -> None:
    answer = holders(contoso, "Global Administrator")

    assert [(one.id, one.direct, one.inherited) for one in answer.entitlements] == [
        (f"directory_role:{GLOBAL_ADMINISTRATOR}:assigned", 2, 1),
        (f"directory_role:{GLOBAL_ADMINISTRATOR}:eligible", 1, 0),
    ]
    assert [(one.slug, one.route) for one in answer.holdings] == [
        ("assigned", "Anna Andersson → Global Administrator"),
        ("assigned", "Tier 0 → Global Administrator"),
        ("assigned", "Bob → Tier 0 → Global Administrator"),
        ("eligible", 'Carl, "CC" Clark → Global Administrator'),
    ]
    assert answer.principals == 4


def test_holders_of_one_entitlement(contoso: Snapshot) -> None:
    answer = holders(contoso, "enterprise_application:e-crm:r-user")

    assert [entitlement.id for entitlement in answer.entitlements] == ["enterprise_application:e-crm:r-user"]
    assert [(one.principal.id, one.inherited) for one in answer.holdings] == [
        ("g-sales", False),
        ("e-vm", False),
        ("a-carl", True),
    ]


def test_a_resource_that_nobody_holds_has_no_holders(contoso: Snapshot) -> None:
    answer = holders(contoso, "Wiki")

    assert (answer.principals, answer.entitlements, answer.holdings) == (0, (), ())
