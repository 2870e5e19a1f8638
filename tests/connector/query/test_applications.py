"""Which software Entra ID signs in and provisions."""

from __future__ import annotations

import pytest

from connector.query.applications import applications
from connector.query.snapshot import Snapshot


def test_how_each_signs_in_who_gets_in_and_who_owns_it(contoso: Snapshot) -> None:
    crm, graph, wiki = applications(contoso)

    assert (crm.name, crm.sign_on_mode, crm.assignment_required, crm.open_to_all) == ("CRM", "saml", True, False)
    assert (crm.provisioned_by_scim, crm.provisioning_state) == (True, "Active")
    assert [owner.name for owner in crm.owners] == ["Anna Andersson"]
    assert (graph.open_to_all, graph.provisioned_by_scim, wiki.owners) == (True, None, ())


def test_a_group_counts_once_directly_and_by_its_members_in_effect(contoso: Snapshot) -> None:
    crm = applications(contoso)[0]

    assert crm.assigned == 2, "the group Sales and the service principal vm-backup; the owner is not assigned"
    assert crm.effective == 2, "Carl through Sales, and vm-backup"


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["CRM", "Microsoft Graph", "Wiki"]),
        ({"assigned": True}, ["CRM"]),
        ({"scim": True}, ["CRM"]),
        ({"third_party": True}, ["CRM", "Wiki"]),
    ],
)
def test_filters_and_no_managed_identities(contoso: Snapshot, filters: dict[str, bool], names: list[str]) -> None:
    assert [one.name for one in applications(contoso, **filters)] == names
