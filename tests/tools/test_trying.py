"""What ``start`` suggests can be done: a change of the tenant that gives somebody a directory role."""

from __future__ import annotations

from typing import Any

from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.truth import truth
from tools.trying import joining


def access(tenant: Any, member: str) -> set[str]:
    grants = {one["id"]: one["entitlement_id"] for one in truth(tenant)["grants"]}
    return {grants[one["grant_id"]] for one in truth(tenant)["inherited_grants"] if one["principal_id"] == member}


def test_somebody_who_joins_the_group_inherits_its_role() -> None:
    tenant = generate(users=200, seed=1)
    found = joining(truth(tenant))
    assert found
    [role] = [one["id"] for one in truth(tenant)["directory_roles"] if one["display_name"] == found.role]
    before = access(tenant, found.member_id)

    tenant.add_member(found.group_id, found.member_id)

    assert f"directory_role:{role}:assigned" in access(tenant, found.member_id)
    assert f"directory_role:{role}:assigned" not in before


def test_a_tenant_without_any_such_group_gives_no_suggestion() -> None:
    all_there_is = truth(generate(users=20, seed=1))

    assert joining({**all_there_is, "groups": []}) is None
