"""Directory roles: assignments, the directoryRole objects that follow them, PIM."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.graph.tenant.errors import AlreadyExists, NotAllowed, NotFound, Reason
from emulators.graph.tenant.role_verbs import role_assignment_id
from emulators.graph.tenant.tenant import Tenant

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
READER = "5d6b6bb7-de71-4623-b4af-96380a352509"


def role_members(tenant: Tenant) -> list[Any]:
    return tenant.db.execute(
        "SELECT json_extract(r.body, '$.roleTemplateId'), p.id FROM edges e JOIN objects r ON r.key = e.source "
        "JOIN objects p ON p.key = e.target WHERE r.type = 'directoryRole'"
    ).fetchall()


def test_ids_are_made_as_entra_makes_them():
    # The documented sample of a role assignment of Global Administrator in the tenant.
    assert (
        role_assignment_id(GLOBAL_ADMINISTRATOR, "3fbd929d-8c56-4462-851e-0eb9a7b3a2a5", "/")
        == "lAPpYvVpN0KRkAEhdxReEJ2SvT9WjGJEhR4OuaezoqU-1"
    )


def test_members_of_a_directory_role_follow_its_assignments(tenant):
    user = tenant.create_user("Adele")

    assignment = tenant.assign_role(user, GLOBAL_ADMINISTRATOR)
    assert role_members(tenant) == [(GLOBAL_ADMINISTRATOR, user)]

    tenant.remove_role_assignment(assignment)
    assert role_members(tenant) == []


def test_assignments_in_a_narrower_scope_make_no_members(tenant):
    user, unit = tenant.create_user("Adele"), tenant.create_administrative_unit("Seattle")

    tenant.assign_role(user, READER, f"/administrativeUnits/{unit}")

    assert role_members(tenant) == []
    with pytest.raises(NotFound):
        tenant.assign_role(user, READER, "/administrativeUnits/00000000-0000-0000-0000-00000000dead")


def test_custom_roles_have_no_directory_role(tenant):
    tenant.assign_role(tenant.create_user("Adele"), tenant.create_role_definition("Support"))

    assert role_members(tenant) == []


def test_only_role_assignable_groups_hold_roles(tenant):
    tenant.assign_role(tenant.create_group("Admins", role_assignable=True), READER)

    for verb in (tenant.assign_role, tenant.make_eligible):
        with pytest.raises(NotAllowed) as refused:
            verb(tenant.create_group("G"), READER)
        assert refused.value.reason is Reason.NOT_ROLE_ASSIGNABLE


def test_an_assignment_for_a_time_has_a_schedule(tenant):
    user = tenant.create_user("Adele")

    assignment = tenant.assign_role(user, READER, ends_at="2026-12-31T00:00:00Z")

    assert tenant.db.execute(
        "SELECT kind, assignment_type, role_assignment_id, ends_at FROM role_schedules"
    ).fetchall() == [("assignment", "Assigned", assignment, "2026-12-31T00:00:00Z")]
    tenant.remove_role_assignment(assignment)
    assert tenant.db.execute("SELECT COUNT(*) FROM role_schedules").fetchone() == (0,)


def test_activating_needs_eligibility_and_lasts_eight_hours(tenant):
    user = tenant.create_user("Adele")
    with pytest.raises(NotFound):
        tenant.activate_role(user, READER)

    eligibility = tenant.make_eligible(user, READER)
    assert eligibility.endswith("-1-e")
    assert role_members(tenant) == []
    tenant.activate_role(user, READER)

    kind, start, end = tenant.db.execute(
        "SELECT assignment_type, starts_at, ends_at FROM role_schedules WHERE kind = 'assignment'"
    ).fetchone()
    assert (kind, start[:13], end[:13]) == ("Activated", "2026-06-01T00", "2026-06-01T08")
    assert role_members(tenant) == [(READER, user)]


def test_without_eligibility_what_was_activated_ends(tenant):
    user = tenant.create_user("Adele")
    eligibility = tenant.make_eligible(user, READER)
    tenant.activate_role(user, READER)

    tenant.remove_eligibility(eligibility)

    assert tenant.db.execute("SELECT COUNT(*) FROM role_assignments").fetchone() == (0,)
    assert tenant.db.execute("SELECT COUNT(*) FROM role_schedules").fetchone() == (0,)
    assert role_members(tenant) == []


def test_roles_are_held_once_per_scope(tenant):
    user = tenant.create_user("Adele")
    tenant.assign_role(user, READER)
    tenant.make_eligible(user, READER)

    with pytest.raises(AlreadyExists):
        tenant.assign_role(user, READER)
    with pytest.raises(AlreadyExists):
        tenant.make_eligible(user, READER)


def test_custom_roles_can_be_deleted_and_built_in_ones_cannot(tenant):
    role = tenant.create_role_definition("Support")
    tenant.assign_role(tenant.create_user("Adele"), role)

    tenant.delete_role_definition(role)

    assert tenant.db.execute("SELECT COUNT(*) FROM role_assignments").fetchone() == (0,)
    with pytest.raises(NotAllowed):
        tenant.delete_role_definition(READER)
