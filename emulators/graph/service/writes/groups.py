"""Creating, changing and deleting groups, with members and owners in the same request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulators.graph.service.errors import access_denied, bad_request
from emulators.graph.service.messages import Reply
from emulators.graph.service.operations import Call
from emulators.graph.service.resources.directory import whole_type
from emulators.graph.service.writes import payload
from emulators.graph.service.writes.answers import created, done, tenant_of
from emulators.graph.service.writes.refusals import reference_exists, refusals, same_value
from emulators.graph.tenant.errors import NotAllowed, Reason
from emulators.graph.tenant.state import Found

ROLE_MANAGEMENT = "RoleManagement.ReadWrite.Directory"
"""What creating a role-assignable group and changing its members and owners needs besides."""

_READ_ONLY = frozenset(
    [
        "id",
        "deletedDateTime",
        "createdDateTime",
        "renewedDateTime",
        "expirationDateTime",
        "mail",
        "proxyAddresses",
        "assignedLicenses",
        "licenseProcessingState",
        "hasMembersWithLicenseErrors",
        "onPremisesDomainName",
        "onPremisesLastSyncDateTime",
        "onPremisesNetBiosName",
        "onPremisesProvisioningErrors",
        "onPremisesSamAccountName",
        "onPremisesSecurityIdentifier",
        "onPremisesSyncEnabled",
        "securityIdentifier",
        "organizationId",
        "isManagementRestricted",
        "serviceProvisioningErrors",
    ]
)
_NO_MAIL = (
    "The service does not currently support writes of mail-enabled groups. Please ensure that the mail-enablement "
    "property is unset and the security-enablement property is set."
)


def create(call: Call) -> Reply:
    """``POST /groups``, with up to 20 members and owners: all of it, or nothing.

    Raises:
        GraphError: 400 for what is missing, malformed or not allowed; 403 for role-assignable groups without the
            permission and for members of dynamic groups.
    """
    body = payload.parse(call)
    given = payload.properties(body, "group", _READ_ONLY)
    _check_new(call, given)
    tenant = tenant_of(call)
    with tenant.transaction():
        with refusals():
            made = tenant.create_group(
                given["displayName"],
                kind="microsoft_365" if _unified(given) else "security",
                role_assignable=given.get("isAssignableToRole") is True,
                properties=_as_stored(given),
            )
        _bind(call, made, body)
        return created(call, whole_type("groups"), made)


def update(call: Call) -> Reply:
    """``PATCH /groups/{id}``: properties, and up to 20 members and owners to add: all of it, or nothing.

    Raises:
        GraphError: 404 for no such group or member, 400 and 403 as for :func:`create`.
    """
    body = payload.parse(call)
    given = payload.properties(body, "group", _READ_ONLY)
    tenant = tenant_of(call)
    with tenant.transaction():
        with refusals():
            group = tenant.find(call.ids[0], "group")
            _check_change(group, given)
            tenant.update_group(group.id, given)
        _bind(call, group.id, body)
    return done()


def delete(call: Call) -> Reply:
    """``DELETE /groups/{id}``: a Microsoft 365 group restorably, any other for good.

    Raises:
        GraphError: 404 for no such group, 403 for a role-assignable one without the permission.
    """
    with refusals():
        group = tenant_of(call).find(call.ids[0], "group")
        check_role_assignable(call, group)
        tenant_of(call).delete_group(group.id)
    return done()


def check_role_assignable(call: Call, group: Found) -> None:
    """Check that the caller may change a group to which roles can be assigned.

    Raises:
        GraphError: 403 when the permission for it is missing.
    """
    if group.body.get("isAssignableToRole") and ROLE_MANAGEMENT not in call.caller.roles:
        raise access_denied()


def _check_new(call: Call, given: Mapping[str, Any]) -> None:
    payload.require(given, "displayName", "mailEnabled", "mailNickname", "securityEnabled")
    unified = _unified(given)
    if bool(given["mailEnabled"]) is not unified or not (unified or given["securityEnabled"]):
        raise bad_request(_NO_MAIL)
    dynamic = "DynamicMembership" in (given.get("groupTypes") or ())
    if dynamic and not given.get("membershipRule"):
        raise payload.missing("membershipRule")
    if given.get("isAssignableToRole"):
        if not given["securityEnabled"] or dynamic:
            raise payload.invalid_value("isAssignableToRole", "group")
        if ROLE_MANAGEMENT not in call.caller.roles:
            raise access_denied()
    if unified and _alias_taken(call, given["mailNickname"]):
        raise same_value("mailNickname")


def _check_change(group: Found, given: Mapping[str, Any]) -> None:
    if given and group.body.get("onPremisesSyncEnabled"):
        raise NotAllowed(Reason.SYNCED_FROM_ON_PREMISES, "The group is mastered in Active Directory.")
    if given and group.body.get("mailEnabled") and not _unified(group.body):
        raise NotAllowed(Reason.MANAGED_BY_EXCHANGE, "The group is mastered in Exchange.")
    if "groupTypes" in given and _unified(given) is not _unified(group.body):
        raise payload.invalid_value("groupTypes", "group")


def _as_stored(given: Mapping[str, Any]) -> dict[str, Any]:
    stored = dict(given)
    if "DynamicMembership" in (given.get("groupTypes") or ()):
        stored.setdefault("membershipRuleProcessingState", "On")
    if _unified(given):
        stored.setdefault("visibility", "Public")
    if given.get("isAssignableToRole"):
        stored["visibility"] = "Private"
    if stored.get("groupTypes", ()) is None:
        stored["groupTypes"] = []
    return stored


def _bind(call: Call, group_id: str, body: Mapping[str, Any]) -> None:
    members, owners = payload.references(body, "members"), payload.references(body, "owners")
    if not members and not owners:
        return
    if len(members) + len(owners) > payload.MOST_REFERENCES:
        raise bad_request(
            f"The number of references in the request exceeds the maximum of {payload.MOST_REFERENCES}.", "BadRequest"
        )
    tenant = tenant_of(call)
    check_role_assignable(call, tenant.find(group_id, "group"))
    for name, ids, add in (("members", members, tenant.add_member), ("owners", owners, tenant.add_owner)):
        with refusals(reference_exists(name)):
            for one in ids:
                add(group_id, one)


def _unified(body: Mapping[str, Any]) -> bool:
    return "Unified" in (body.get("groupTypes") or ())


def _alias_taken(call: Call, alias: str) -> bool:
    row = call.context.db.execute(
        "SELECT 1 FROM objects WHERE type = 'group' AND deleted IS NULL AND json_extract(body, '$.mailEnabled')"
        " AND json_extract(body, '$.mailNickname') = ? COLLATE NOCASE",
        (alias,),
    ).fetchone()
    return row is not None
