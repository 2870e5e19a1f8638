"""Resources and what can be held on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from emulators.graph.tenant.picture.view import Thing, View, moment
from emulators.graph.tenant.state import Rel, from_json

Row = dict[str, Any]

_MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
_DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
_ANYONE = ["account", "group", "service_principal"]
_COUNTED = {
    "user": "user_members",
    "group": "group_members",
    "servicePrincipal": "service_principal_members",
    "device": "device_members",
    "orgContact": "contact_members",
}


def accounts(view: View, *, sign_in_activity: bool, mailbox_purpose: bool) -> list[Row]:
    """Every living user."""
    managers = {user: targets[0].id for user, targets in view.related(Rel.MANAGER).items()}
    db = view.tenant.db
    activity = (
        {key: from_json(body) for key, body in db.execute("SELECT user_key, body FROM sign_in_activity")}
        if sign_in_activity
        else {}
    )
    purposes = dict(db.execute("SELECT user_key, purpose FROM mailboxes")) if mailbox_purpose else {}
    return [
        _account(user, managers.get(user.key), activity.get(user.key, {}), purposes.get(user.key))
        for user in view.of_type("user")
    ]


def _account(user: Thing, manager: str | None, activity: dict[str, str], purpose: str | None) -> Row:
    said = user.body.get
    return {
        "id": user.id,
        "user_principal_name": said("userPrincipalName"),
        "display_name": said("displayName"),
        "mail": said("mail"),
        "user_type": said("userType"),
        "enabled": said("accountEnabled"),
        "given_name": said("givenName"),
        "surname": said("surname"),
        "job_title": said("jobTitle"),
        "department": said("department"),
        "company_name": said("companyName"),
        "office_location": said("officeLocation"),
        "usage_location": said("usageLocation"),
        "employee_id": said("employeeId"),
        "employee_type": said("employeeType"),
        "employee_hire_date": moment(said("employeeHireDate")),
        "manager_id": manager,
        "on_premises_sync_enabled": said("onPremisesSyncEnabled"),
        "on_premises_domain_name": said("onPremisesDomainName"),
        "on_premises_sam_account_name": said("onPremisesSamAccountName"),
        "on_premises_distinguished_name": said("onPremisesDistinguishedName"),
        "on_premises_immutable_id": said("onPremisesImmutableId"),
        "on_premises_security_identifier": said("onPremisesSecurityIdentifier"),
        "on_premises_last_sync_at": moment(said("onPremisesLastSyncDateTime")),
        "created_at": moment(said("createdDateTime")),
        "creation_type": said("creationType"),
        "external_user_state": said("externalUserState"),
        "last_sign_in_at": moment(activity.get("lastSignInDateTime")),
        "last_non_interactive_sign_in_at": moment(activity.get("lastNonInteractiveSignInDateTime")),
        "last_successful_sign_in_at": moment(activity.get("lastSuccessfulSignInDateTime")),
        "mailbox_purpose": purpose,
    }


def groups(view: View) -> list[Row]:
    """Every living group that is not left out."""
    members = view.related(Rel.MEMBER)
    return [_group(group, members.get(group.key, [])) for group in view.shown_groups()]


def group_type(body: dict[str, Any]) -> str:
    """What kind of group its flags make it."""
    if "Unified" in (body.get("groupTypes") or ()):
        return "microsoft_365"
    if body.get("mailEnabled"):
        return "mail_enabled_security" if body.get("securityEnabled") else "distribution"
    return "security" if body.get("securityEnabled") else "other"


def _group(group: Thing, members: list[Thing]) -> Row:
    said = group.body.get
    counts = Counter(_COUNTED.get(member.type, "other_members") for member in members)
    row = {
        "id": group.id,
        "display_name": said("displayName"),
        "description": said("description"),
        "group_type": group_type(group.body),
        "mail": said("mail"),
        "mail_nickname": said("mailNickname"),
        "mail_enabled": said("mailEnabled"),
        "security_enabled": said("securityEnabled"),
        "visibility": said("visibility"),
        "is_dynamic": "DynamicMembership" in (said("groupTypes") or ()),
        "membership_rule": said("membershipRule"),
        "membership_rule_processing_state": said("membershipRuleProcessingState"),
        "is_assignable_to_role": said("isAssignableToRole"),
        "on_premises_sync_enabled": said("onPremisesSyncEnabled"),
        "on_premises_domain_name": said("onPremisesDomainName"),
        "on_premises_sam_account_name": said("onPremisesSamAccountName"),
        "on_premises_security_identifier": said("onPremisesSecurityIdentifier"),
        "on_premises_last_sync_at": moment(said("onPremisesLastSyncDateTime")),
        "created_at": moment(said("createdDateTime")),
        "expires_at": moment(said("expirationDateTime")),
    }
    return row | {name: counts[name] for name in (*_COUNTED.values(), "other_members")}


def applications(view: View) -> list[Row]:
    """Every living service principal."""
    counts = Counter(resource.key for _, resource, *_ in view.app_role_assignments())
    jobs: dict[int, dict[str, Any]] = {}
    for key, body in view.tenant.db.execute("SELECT service_principal, body FROM synchronization_jobs ORDER BY id"):
        jobs.setdefault(key, from_json(body))
    return [_application(app, counts[app.key], jobs.get(app.key)) for app in view.of_type("servicePrincipal")]


def _application(app: Thing, assignments: int, job: dict[str, Any] | None) -> Row:
    said = app.body.get
    kind, tags = said("servicePrincipalType"), said("tags") or []
    microsoft = said("appOwnerOrganizationId") == _MICROSOFT
    candidate = kind == "Application" and not microsoft and "WindowsAzureActiveDirectoryIntegratedApp" in tags
    return {
        "id": app.id,
        "app_id": said("appId"),
        "display_name": said("displayName"),
        "description": said("description"),
        "service_principal_type": kind,
        "is_managed_identity": kind == "ManagedIdentity",
        "is_microsoft_first_party": microsoft,
        "enabled": said("accountEnabled"),
        "assignment_required": said("appRoleAssignmentRequired"),
        "app_owner_organization_id": said("appOwnerOrganizationId"),
        "sign_on_mode": said("preferredSingleSignOnMode"),
        "homepage": said("homepage"),
        "login_url": said("loginUrl"),
        "tags": said("tags"),
        "service_principal_names": said("servicePrincipalNames"),
        "provisioned_by_scim": job is not None if candidate else None,
        "provisioning_state": job["status"]["code"] if candidate and job is not None else None,
        "provisioning_template": job["templateId"] if candidate and job is not None else None,
        "assignments": assignments,
    }


def roles(view: View) -> list[Row]:
    """Every role definition."""
    return [
        {
            "id": id_,
            "template_id": body.get("templateId"),
            "display_name": body.get("displayName"),
            "description": body.get("description"),
            "is_built_in": body.get("isBuiltIn"),
            "is_enabled": body.get("isEnabled"),
        }
        for id_, body in view.role_definitions().items()
    ]


def licenses(view: View) -> list[Row]:
    """Every subscription."""
    seats = dict(view.tenant.db.execute("SELECT sku_id, consumed FROM sku_seats"))
    return [
        {
            "id": id_,
            "sku_part_number": body["skuPartNumber"],
            "applies_to": body["appliesTo"],
            "capability_status": body["capabilityStatus"],
            "enabled_units": body["prepaidUnits"]["enabled"],
            "suspended_units": body["prepaidUnits"]["suspended"],
            "warning_units": body["prepaidUnits"]["warning"],
            "consumed_units": seats[id_],
            "service_plans": [
                {
                    "id": plan["servicePlanId"],
                    "name": plan["servicePlanName"],
                    "provisioning_status": plan["provisioningStatus"],
                }
                for plan in body["servicePlans"]
            ],
        }
        for id_, body in view.subscriptions().items()
    ]


def entitlements(view: View, shown_apps: set[str]) -> list[Row]:
    """What can be held on every resource of the picture."""
    rows = [row for group in view.shown_groups() for row in _of_group(group)]
    rows += [row for id_, role in view.role_definitions().items() for row in _of_role(id_, role)]
    rows += [
        _entitlement("license", id_, "assigned", f"{sku['skuPartNumber']} Assigned", ["account", "group"])
        for id_, sku in view.subscriptions().items()
    ]
    apps = [app for app in view.of_type("servicePrincipal") if app.id in shown_apps]
    rows += [row for app in apps for row in _of_application(app)]
    known = {row["id"] for row in rows}
    undeclared = {
        (resource.id, role)
        for _, resource, role, *_ in view.app_role_assignments()
        if resource.id in shown_apps and f"enterprise_application:{resource.id}:{role}" not in known
    }
    return rows + [
        _entitlement("enterprise_application", app, role, role, []) | {"enabled": False} for app, role in undeclared
    ]


def _entitlement(kind: str, resource: str, slug: str, name: str | None, grantable_to: list[str]) -> Row:
    return {
        "id": f"{kind}:{resource}:{slug}",
        "resource_kind": kind,
        "resource_id": resource,
        "slug": slug,
        "display_name": name,
        "description": None,
        "value": None,
        "enabled": None,
        "grantable_to": grantable_to,
    }


def _name(thing: Thing) -> str:
    """What people call it; its id where it has no name."""
    name = thing.body.get("displayName")
    return thing.id if name is None else str(name)


def _of_group(group: Thing) -> Iterator[Row]:
    name = _name(group)
    members = ["account"] if group_type(group.body) == "microsoft_365" else _ANYONE
    yield _entitlement("group", group.id, "member", f"{name} Member", members)
    yield _entitlement("group", group.id, "owner", f"{name} Owner", ["account", "service_principal"])


def _of_role(role_id: str, role: dict[str, Any]) -> Iterator[Row]:
    for slug, word in (("assigned", "Assigned"), ("eligible", "Eligible")):
        row = _entitlement("directory_role", role_id, slug, f"{role['displayName']} {word}", _ANYONE)
        yield row | {"enabled": role.get("isEnabled")}


def _of_application(app: Thing) -> Iterator[Row]:
    kind, name = "enterprise_application", _name(app)
    yield _entitlement(kind, app.id, "owner", f"{name} Owner", ["account", "service_principal"])
    yield _entitlement(kind, app.id, _DEFAULT_ACCESS, f"{name} Default Access", _ANYONE)
    for role in app.body.get("appRoles") or ():
        if role["id"] == _DEFAULT_ACCESS:
            continue
        allowed = role["allowedMemberTypes"]
        to = ["account", "group"] if "User" in allowed else []
        to += ["service_principal"] if "Application" in allowed else []
        yield _entitlement(kind, app.id, role["id"], role["displayName"], to) | {
            "description": role["description"],
            "value": role["value"],
            "enabled": role["isEnabled"],
        }
