"""Whatever is done to a tenant, in whatever order: what follows from its state follows."""

from __future__ import annotations

import random
from typing import Any

import pytest

from emulators.graph.tenant.errors import TenantError
from emulators.graph.tenant.tenant import Tenant
from emulators.graph.tenant.truth import truth
from emulators.graph.tenant.verbs import VERBS

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
STEPS = 250


def furnished() -> tuple[Tenant, dict[str, list[str]]]:
    """A small tenant, and ids by kind."""
    tenant = Tenant.empty()
    ids = {
        "user": [tenant.create_user(f"User {number}") for number in range(5)],
        "group": [tenant.create_group(f"Group {number}") for number in range(3)],
        "app": [tenant.create_service_principal(f"App {number}") for number in range(2)],
        "sku": [tenant.add_sku("SPE_E5", 3)],
    }
    ids["group"].append(tenant.create_group("Team", kind="microsoft_365"))
    ids["group"].append(tenant.create_group("Admins", role_assignable=True))
    return tenant, ids


def some_verb(dice: random.Random, tenant: Tenant, ids: dict[str, list[str]]) -> tuple[str, dict[str, Any]]:
    """A verb with arguments that may or may not be possible."""
    user, group, app, sku = (dice.choice(ids[kind]) for kind in ("user", "group", "app", "sku"))
    anyone = dice.choice([user, group, app])
    held = tenant.db.execute("SELECT id FROM role_assignments ORDER BY id").fetchall()
    eligible = tenant.db.execute("SELECT id FROM role_schedules WHERE kind = 'eligibility' ORDER BY id").fetchall()
    return dice.choice(
        [
            ("add_member", {"group_id": group, "member_id": anyone}),
            ("add_member", {"group_id": group, "member_id": user}),
            ("remove_member", {"group_id": group, "member_id": anyone}),
            ("add_owner", {"object_id": dice.choice([group, app]), "owner_id": anyone}),
            ("remove_owner", {"object_id": group, "owner_id": user}),
            ("delete_user", {"user_id": user}),
            ("restore_user", {"user_id": user}),
            ("purge_object", {"object_id": anyone if dice.random() < 0.1 else "none"}),
            ("delete_group", {"group_id": group if dice.random() < 0.2 else ids["group"][3]}),
            ("restore_group", {"group_id": group}),
            ("assign_license", {"object_id": dice.choice([user, group]), "sku_id": sku}),
            ("remove_license", {"object_id": dice.choice([user, group]), "sku_id": sku}),
            ("assign_role", {"principal_id": anyone, "role_id": GLOBAL_ADMINISTRATOR}),
            ("make_eligible", {"principal_id": anyone, "role_id": GLOBAL_ADMINISTRATOR}),
            ("activate_role", {"principal_id": anyone, "role_id": GLOBAL_ADMINISTRATOR}),
            ("remove_role_assignment", {"assignment_id": dice.choice(held)[0] if held else "none"}),
            ("remove_eligibility", {"instance_id": dice.choice(eligible)[0] if eligible else "none"}),
            ("assign_app_role", {"principal_id": anyone, "resource_id": app}),
        ]
    )


def check(tenant: Tenant) -> None:
    """What must hold at any time."""
    ask = tenant.db.execute
    role_members = ask(
        "SELECT p.id FROM edges e JOIN objects r ON r.key = e.source AND r.type = 'directoryRole' "
        "JOIN objects p ON p.key = e.target"
    ).fetchall()
    assert set(role_members) == set(ask("SELECT principal_id FROM role_assignments WHERE scope = '/'"))
    through_groups = ask("SELECT user_key, by_group, sku_id FROM user_licenses WHERE by_group <> 0").fetchall()
    members_of_licensed = ask(
        "SELECT e.target, e.source, l.sku_id FROM group_licenses l JOIN edges e ON e.rel = 1 AND e.source = l.group_key "
        "JOIN objects u ON u.key = e.target AND u.type = 'user'"
    ).fetchall()
    assert set(through_groups) == set(members_of_licensed)
    gone = "IN (SELECT key FROM objects WHERE deleted = 'deleted')"
    assert ask(f"SELECT COUNT(*) FROM edges WHERE source {gone} OR target {gone}").fetchone() == (0,)
    assert ask(f"SELECT COUNT(*) FROM user_licenses WHERE user_key {gone}").fetchone() == (0,)
    assert ask(f"SELECT COUNT(*) FROM app_role_assignments WHERE principal {gone} OR resource {gone}").fetchone() == (
        0,
    )
    replayed: set[tuple[int, int, int]] = set()
    for rel, source, target, op in ask("SELECT rel, source, target, op FROM edge_changes ORDER BY seq"):
        (replayed.add if op == "add" else replayed.remove)((rel, source, target))
    assert replayed == set(ask("SELECT rel, source, target FROM edges"))


@pytest.mark.parametrize("seed", range(6))
def test_any_sequence_of_verbs_keeps_the_tenant_consistent(seed):
    dice = random.Random(seed)
    tenant, ids = furnished()
    done = set()
    for _ in range(STEPS):
        name, arguments = some_verb(dice, tenant, ids)
        before = tenant.seq
        try:
            VERBS[name](tenant, **arguments)
            done.add(name)
        except TenantError:
            assert tenant.seq == before, f"{name} was refused and changed something"
        check(tenant)
    assert len(done) > 10
    known = {entitlement["id"] for entitlement in truth(tenant)["entitlements"]}
    assert {grant["entitlement_id"] for grant in truth(tenant)["grants"]} <= known
