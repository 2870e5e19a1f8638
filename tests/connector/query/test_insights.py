"""Questions with an answer in one line."""

from __future__ import annotations

from pathlib import Path

from connector.query.insights.deepest_nesting import deepest_nesting
from connector.query.insights.global_administrators import global_administrators
from connector.query.insights.privileged_guests import privileged_guests
from connector.query.insights.unused_seats import unused_seats
from connector.query.insights.widest_application import widest_application
from connector.query.snapshot import Snapshot


def test_what_contoso_should_know(contoso: Snapshot) -> None:
    assert global_administrators(contoso).sentence == (
        "Global Administrators: 2 (1 directly, 1 through Tier 0), and 1 more could activate it."
    )
    assert widest_application(contoso).sentence == (
        "CRM reaches furthest: 2 accounts and service principals, by 2 direct assignments."
    )
    assert privileged_guests(contoso).sentence == "1 guest belongs to role-assignable groups: Bob (in Tier 0)."
    assert unused_seats(contoso).sentence == "6 license seats are unused: SPE_E5 6."
    assert deepest_nesting(contoso).sentence == (
        "The longest way leads through 2 groups: Anna Andersson → Sales EMEA → Sales → All staff."
    )


def test_an_empty_tenant_has_answers_too(tmp_path: Path) -> None:
    with Snapshot.open_directory(tmp_path) as empty:
        assert global_administrators(empty).sentence == "Global Administrators: 0, and 0 more could activate it."
        assert widest_application(empty).sentence == "Nobody is assigned to any application."
        assert privileged_guests(empty).sentence == "No guest belongs to a role-assignable group."
        assert unused_seats(empty).sentence == "Every license seat is assigned."
        assert deepest_nesting(empty).sentence == "Nothing is inherited through groups."
