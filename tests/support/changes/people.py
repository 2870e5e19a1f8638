"""Changes of users, groups, devices and contacts, and of who belongs to whom."""

from __future__ import annotations

from typing import Any

from emulators.graph.tenant.bodies import GROUP_KINDS
from emulators.graph.tenant.state import Rel
from tests.support.changes.chance import NAMES, WORDS, Chance, Nothing

_NESTABLE = (
    "SELECT id FROM objects WHERE type = 'group' AND deleted IS NULL AND json_extract(body, '$.isAssignableToRole') IS NOT 1"
    " AND json_extract(body, '$.groupTypes') NOT LIKE '%Unified%' ORDER BY key"
)


def create_user(chance: Chance) -> str:
    chance.room("user")
    name, number = chance.one(NAMES), chance.random.randrange(8)
    kind = chance.one(("member", "member", "guest", "synced"))
    properties: dict[str, dict[str, Any]] = {
        "member": {},
        "guest": {"userType": "Guest", "creationType": "Invitation", "externalUserState": "PendingAcceptance"},
        "synced": {"onPremisesSyncEnabled": True, "onPremisesSamAccountName": f"sam{number}"},
    }
    made = chance.tenant.create_user(
        name, user_principal_name=f"u{number}@contoso.onmicrosoft.com", properties=properties[kind] | chance.created
    )
    return chance.tell(f"create_user {kind} {name!r}", made)


def update_user(chance: Chance) -> str:
    user = chance.living("user")
    properties: dict[str, Any] = chance.one(
        (
            {"displayName": chance.one(NAMES)},
            {"department": chance.one(WORDS), "jobTitle": chance.one(WORDS)},
            {"accountEnabled": chance.maybe()},
            {"onPremisesSyncEnabled": chance.one((True, False, None))},
            {"usageLocation": chance.one(("DE", "US", None))},
            {"userPrincipalName": f"u{chance.random.randrange(8)}@contoso.onmicrosoft.com"},
            {"userType": chance.one(("Member", "Guest"))},
            {"officeLocation": chance.one(WORDS), "employeeHireDate": chance.one(("2024-02-29T00:00:00Z", None))},
            {"city": chance.one(WORDS)},
        )
    )
    chance.tenant.update_user(user, properties)
    return chance.tell("update_user", user, properties)


def delete_user(chance: Chance) -> str:
    user = chance.living("user")
    told = chance.tell("delete_user", user)
    chance.tenant.delete_user(user)
    return told


def restore_user(chance: Chance) -> str:
    user = chance.deleted("user")
    chance.tenant.restore_user(user)
    return chance.tell("restore_user", user)


def purge_user(chance: Chance) -> str:
    user = chance.deleted("user") if chance.maybe(0.7) else chance.living("user")
    chance.tenant.purge_user(user)
    return chance.tell("purge_user", user)


def set_manager(chance: Chance) -> str:
    user, manager = chance.living("user"), chance.living("user", "user", "orgContact")
    chance.tenant.set_manager(user, manager)
    return chance.tell("set_manager", user, manager)


def remove_manager(chance: Chance) -> str:
    user, _ = chance.edge(Rel.MANAGER, "user")
    chance.tenant.set_manager(user, None)
    return chance.tell("remove_manager", user)


def create_group(chance: Chance) -> str:
    chance.room("group")
    kind = chance.one(("security", "security", "security", *GROUP_KINDS))
    rule = "user.department -eq 'Sales'" if kind in ("security", "microsoft_365") and chance.maybe(0.15) else None
    assignable = kind == "security" and rule is None and chance.maybe(0.3)
    synced = kind != "microsoft_365" and rule is None and not assignable and chance.maybe(0.2)
    properties = {"visibility": "HiddenMembership"} if kind == "microsoft_365" and chance.maybe(0.2) else {}
    made = chance.tenant.create_group(
        chance.one(NAMES),
        kind=kind,
        membership_rule=rule,
        role_assignable=assignable,
        synced=synced,
        properties=properties | chance.created,
    )
    flags = [word for word, on in (("dynamic", rule), ("role-assignable", assignable), ("synced", synced)) if on]
    return chance.tell(" ".join(["create_group", kind, *flags]), made)


def update_group(chance: Chance) -> str:
    group = chance.living("group")
    types = [kind for kind in chance.body(group).get("groupTypes", ()) if kind != "DynamicMembership"]
    dynamic = {
        "groupTypes": [*types, "DynamicMembership"],
        "membershipRule": "user.city -eq 'Oslo'",
        "membershipRuleProcessingState": chance.one(("On", "Paused")),
    }
    assigned = {"groupTypes": types, "membershipRule": None, "membershipRuleProcessingState": None}
    properties: dict[str, Any] = chance.one(
        (
            {"displayName": chance.one(NAMES)},
            {"description": chance.one(WORDS)},
            {"onPremisesSyncEnabled": chance.one((True, False, None))},
            {"onPremisesSyncEnabled": chance.one((True, None)), "displayName": chance.one(NAMES)},
            {"visibility": chance.one(("Public", "Private", None))},
            assigned if chance.body(group).get("isAssignableToRole") else chance.one((dynamic, assigned)),
            {"mailNickname": chance.one(("sales", "legal"))},
        )
    )
    chance.tenant.update_group(group, properties)
    return chance.tell("update_group", group, properties)


def delete_group(chance: Chance) -> str:
    group = chance.living("group")
    told = chance.tell("delete_group", group)
    for (sku,) in chance.tenant.db.execute(
        "SELECT sku_id FROM group_licenses JOIN objects ON key = group_key WHERE id = ? ORDER BY 1", (group,)
    ).fetchall():
        chance.tenant.remove_license(group, sku)
    chance.tenant.delete_group(group)
    return told


def restore_group(chance: Chance) -> str:
    group = chance.deleted("group")
    chance.tenant.restore_group(group)
    return chance.tell("restore_group", group)


def purge_object(chance: Chance) -> str:
    gone = chance.deleted("group", "servicePrincipal", "application", "user")
    chance.tenant.purge_object(gone)
    return chance.tell("purge_object", gone)


def add_member(chance: Chance) -> str:
    kind = chance.one(("user", "user", "group", "group", "servicePrincipal", "device", "orgContact"))
    group, member = chance.living("group"), chance.living(kind)
    chance.tenant.add_member(group, member, as_system=True)
    return chance.tell("add_member", group, member)


def nest(chance: Chance) -> str:
    """A group in a group, in a circle if it comes to that."""
    (outer,), (inner,) = chance.row(_NESTABLE), chance.row(_NESTABLE)
    chance.tenant.add_member(outer, inner, as_system=True)
    return chance.tell("nest", outer, inner)


def remove_member(chance: Chance) -> str:
    group, member = chance.edge(Rel.MEMBER, "group")
    chance.tenant.remove_member(group, member, as_system=True)
    return chance.tell("remove_member", group, member)


def move_members(chance: Chance) -> str:
    """Everybody at once, as a rule or a synchronization does."""
    group = chance.living("group")
    told = []
    for _ in range(chance.random.randint(2, 6)):
        member = chance.living("user", "group")
        rows = chance.tenant.db.execute(
            "SELECT 1 FROM edges e JOIN objects s ON s.key = e.source JOIN objects t ON t.key = e.target"
            " WHERE e.rel = 1 AND s.id = ? AND t.id = ?",
            (group, member),
        ).fetchall()
        if rows:
            chance.tenant.remove_member(group, member, as_system=True)
        elif member != group and not _cannot_hold(chance, group, member):
            chance.tenant.add_member(group, member, as_system=True)
        else:
            continue
        told.append(member)
    if not told:
        raise Nothing
    return chance.tell("move_members", group, *told)


def add_owner(chance: Chance) -> str:
    owned = chance.living("group", "servicePrincipal", "application")
    owner = chance.living("user", "servicePrincipal")
    chance.tenant.add_owner(owned, owner, as_system=True)
    return chance.tell("add_owner", owned, owner)


def remove_owner(chance: Chance) -> str:
    owned, owner = chance.edge(Rel.OWNER, chance.one(("group", "servicePrincipal", "application")))
    chance.tenant.remove_owner(owned, owner, as_system=True)
    return chance.tell("remove_owner", owned, owner)


def create_device(chance: Chance) -> str:
    kind = chance.one(("device", "orgContact"))
    chance.room(kind)
    make = chance.tenant.create_device if kind == "device" else chance.tenant.create_contact
    return chance.tell("create", make(chance.one(("Ada", "Bo"))))


def delete_device(chance: Chance) -> str:
    gone = chance.living("device", "orgContact")
    told = chance.tell("delete", gone)
    chance.tenant.delete_object(gone)
    return told


def _cannot_hold(chance: Chance, group: str, member: str) -> bool:
    outer, inner = chance.body(group), chance.body(member)
    nested = "groupTypes" in inner
    closed = "Unified" in outer["groupTypes"] or outer.get("isAssignableToRole")
    return nested and (bool(closed) or "Unified" in inner["groupTypes"])
