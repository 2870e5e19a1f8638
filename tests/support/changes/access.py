"""Changes of applications, directory roles, licenses and administrative units."""

from __future__ import annotations

import uuid
from typing import Any

from emulators.graph.tenant.application_verbs import DEFAULT_ACCESS
from emulators.graph.tenant.bodies import INTEGRATED_APP
from emulators.graph.tenant.state import Rel
from tests.support.changes.chance import NAMES, WORDS, Chance

SKUS = ("SPE_E5", "ENTERPRISEPACK", "FLOW_FREE")
_PRINCIPALS = ("user", "user", "group", "group", "servicePrincipal")
_JOBS = ("NotConfigured", "NotRun", "Active", "Paused", "Quarantine")


def create_application(chance: Chance) -> str:
    chance.room("servicePrincipal")
    kind = chance.one(("Application", "Application", "registered", "ManagedIdentity"))
    properties: dict[str, Any] = {
        "servicePrincipalType": "ManagedIdentity" if kind == "ManagedIdentity" else "Application"
    }
    properties |= {"tags": [INTEGRATED_APP]} if chance.maybe(0.7) else {}
    properties |= {"appRoles": [_app_role(number) for number in range(chance.random.randrange(3))]}
    if kind == "registered":
        application = chance.tenant.create_application(chance.one(NAMES))
        properties["appId"] = chance.body(application)["appId"]
    return chance.tell(
        f"create_application {kind}", chance.tenant.create_service_principal(chance.one(NAMES), properties=properties)
    )


def _app_role(number: int) -> dict[str, Any]:
    """The same few roles everywhere, so that they come back."""
    return {
        "id": str(uuid.UUID(int=number + 1)),
        "displayName": f"Role {number}",
        "description": None,
        "value": f"role{number}",
        "isEnabled": number != 1,
        "allowedMemberTypes": [["User"], ["Application"], ["User", "Application"]][number % 3],
        "origin": "ServicePrincipal",
    }


def update_application(chance: Chance) -> str:
    app = chance.living("servicePrincipal")
    properties: dict[str, Any] = chance.one(
        (
            {"displayName": chance.one(NAMES)},
            {"appRoles": [_app_role(number) for number in range(3) if chance.maybe()]},
            {"appRoles": [_app_role(number) for number in range(3) if chance.maybe()]},
            {"tags": chance.one(([], [INTEGRATED_APP], ["HideApp"]))},
            {"accountEnabled": chance.maybe(), "appRoleAssignmentRequired": chance.maybe()},
            {"preferredSingleSignOnMode": chance.one(("saml", "oidc", None))},
        )
    )
    chance.tenant.update_service_principal(app, properties)
    told = {
        name: [role["value"] for role in value] if name == "appRoles" else value for name, value in properties.items()
    }
    return chance.tell("update_application", app, told)


def rename_registration(chance: Chance) -> str:
    app = chance.living("application")
    name = chance.one(NAMES)
    chance.tenant.update_application(app, {"displayName": name})
    return chance.tell("rename_registration", app, repr(name))


def delete_application(chance: Chance) -> str:
    app = chance.living("servicePrincipal", "servicePrincipal", "application")
    told = chance.tell("delete_application", app)
    chance.tenant.delete_object(app)
    return told


def restore_application(chance: Chance) -> str:
    app = chance.deleted("servicePrincipal", "application")
    chance.tenant.restore_object(app)
    return chance.tell("restore_application", app)


def assign_app_role(chance: Chance) -> str:
    app = chance.living("servicePrincipal")
    declared = [role["id"] for role in chance.body(app).get("appRoles") or ()]
    principal, role = chance.living(chance.one(_PRINCIPALS)), chance.one([DEFAULT_ACCESS, *declared])
    chance.tenant.assign_app_role(principal, app, role)
    return chance.tell("assign_app_role", principal, app, role[-4:])


def remove_app_role(chance: Chance) -> str:
    (assignment, principal, app) = chance.row(
        "SELECT a.id, p.id, r.id FROM app_role_assignments a JOIN objects p ON p.key = a.principal JOIN objects r ON"
        " r.key = a.resource WHERE json_extract(r.body, '$.displayName') IS NOT 'Microsoft Graph' ORDER BY a.key"
    )
    chance.tenant.remove_app_role_assignment(assignment)
    return chance.tell("remove_app_role", principal, app)


def set_provisioning(chance: Chance) -> str:
    app, state = chance.living("servicePrincipal"), chance.one(_JOBS)
    chance.tenant.set_provisioning(app, chance.one(("scim", "salesforce")), state)
    return chance.tell("set_provisioning", app, state)


def consent(chance: Chance) -> str:
    client, resource = chance.living("servicePrincipal"), chance.living("servicePrincipal")
    chance.tenant.create_oauth2_grant(client, resource, "User.Read")
    return chance.tell("consent", client, resource)


def add_sku(chance: Chance) -> str:
    part = chance.one(SKUS)
    chance.tenant.add_sku(part, chance.one((1, 2, 25)))
    return chance.tell("add_sku", part)


def assign_license(chance: Chance) -> str:
    (sku,) = chance.row("SELECT sku_id FROM subscribed_skus ORDER BY 1")
    holder = chance.living("user", "group")
    chance.tenant.assign_license(holder, sku)
    return chance.tell("assign_license", holder, sku[:8])


def remove_license(chance: Chance) -> str:
    holder, sku = chance.row(
        "SELECT o.id, sku_id FROM user_licenses JOIN objects o ON o.key = user_key WHERE by_group = 0 AND deleted IS NULL"
        " UNION ALL SELECT o.id, sku_id FROM group_licenses JOIN objects o ON o.key = group_key WHERE deleted IS NULL"
        " ORDER BY 1, 2"
    )
    chance.tenant.remove_license(holder, sku)
    return chance.tell("remove_license", holder, sku[:8])


def create_role(chance: Chance) -> str:
    with chance.tenant.lock:
        (count,) = chance.tenant.db.execute(
            "SELECT count(*) FROM role_definitions WHERE json_extract(body, '$.isBuiltIn') = 0"
        ).fetchone()
    if count >= 2:
        return update_role(chance)
    return chance.tell(
        "create_role", chance.tenant.create_role_definition(chance.one(NAMES), enabled=chance.maybe(0.8))[:8]
    )


def update_role(chance: Chance) -> str:
    role, properties = _custom(chance), {"displayName": chance.one(NAMES), "isEnabled": chance.maybe()}
    chance.tenant.update_role_definition(role, properties)
    return chance.tell("update_role", role[:8], properties)


def delete_role(chance: Chance) -> str:
    role = _custom(chance)
    chance.tenant.delete_role_definition(role)
    return chance.tell("delete_role", role[:8])


def _custom(chance: Chance) -> str:
    return str(chance.row("SELECT id FROM role_definitions WHERE json_extract(body, '$.isBuiltIn') = 0 ORDER BY id")[0])


def _role_to_hold(chance: Chance) -> tuple[str, str, str]:
    """Principal, role and scope."""
    principal = chance.living(chance.one(_PRINCIPALS))
    (role,) = chance.row("SELECT id FROM role_definitions ORDER BY id")
    kind = chance.one((None, None, None, "administrativeUnit", "application", "servicePrincipal"))
    if kind is None:
        return principal, role, "/"
    scope = chance.living(kind)
    return principal, role, f"/administrativeUnits/{scope}" if kind == "administrativeUnit" else f"/{scope}"


def assign_role(chance: Chance) -> str:
    principal, role, scope = _role_to_hold(chance)
    ends = "2027-01-01T00:00:00Z" if chance.maybe(0.3) else None
    chance.tenant.assign_role(principal, role, scope, ends_at=ends)
    return chance.tell("assign_role", principal, role[:8], scope, ends or "")


def remove_role(chance: Chance) -> str:
    assignment, principal, role = chance.row("SELECT id, principal_id, role_id FROM role_assignments ORDER BY key")
    chance.tenant.remove_role_assignment(assignment)
    return chance.tell("remove_role", principal, role[:8])


def make_eligible(chance: Chance) -> str:
    principal, role, scope = _role_to_hold(chance)
    chance.tenant.make_eligible(principal, role, scope)
    return chance.tell("make_eligible", principal, role[:8], scope)


def activate_role(chance: Chance) -> str:
    principal, role, scope = chance.row(
        "SELECT principal_id, role_id, scope FROM role_schedules WHERE kind = 'eligibility' ORDER BY key"
    )
    chance.tenant.activate_role(principal, role, scope)
    return chance.tell("activate_role", principal, role[:8], scope)


def remove_eligibility(chance: Chance) -> str:
    instance, principal = chance.row(
        "SELECT id, principal_id FROM role_schedules WHERE kind = 'eligibility' ORDER BY key"
    )
    chance.tenant.remove_eligibility(instance)
    return chance.tell("remove_eligibility", principal)


def create_unit(chance: Chance) -> str:
    chance.room("administrativeUnit")
    return chance.tell("create_unit", chance.tenant.create_administrative_unit(chance.one(NAMES)))


def rename_unit(chance: Chance) -> str:
    unit = chance.living("administrativeUnit")
    properties: dict[str, Any] = chance.one(({"displayName": chance.one(NAMES)}, {"description": chance.one(WORDS)}))
    chance.tenant.update_administrative_unit(unit, properties)
    return chance.tell("rename_unit", unit, properties)


def delete_unit(chance: Chance) -> str:
    unit = chance.living("administrativeUnit")
    told = chance.tell("delete_unit", unit)
    chance.tenant.delete_object(unit)
    return told


def add_unit_member(chance: Chance) -> str:
    unit, member = chance.living("administrativeUnit"), chance.living("user", "group", "device")
    chance.tenant.add_au_member(unit, member)
    return chance.tell("add_unit_member", unit, member)


def remove_unit_member(chance: Chance) -> str:
    unit, member = chance.edge(Rel.MEMBER, "administrativeUnit")
    chance.tenant.remove_au_member(unit, member)
    return chance.tell("remove_unit_member", unit, member)
