"""Creating, changing and deleting users, and their managers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulators.graph.service.errors import bad_request
from emulators.graph.service.messages import Reply
from emulators.graph.service.operations import Call
from emulators.graph.service.resources.directory import whole_type
from emulators.graph.service.writes import payload
from emulators.graph.service.writes.answers import created, done, tenant_of
from emulators.graph.service.writes.refusals import refusals, same_value
from emulators.graph.tenant.errors import NotAllowed, Reason
from emulators.graph.tenant.state import Found

_READ_ONLY = frozenset(
    [
        "id",
        "deletedDateTime",
        "createdDateTime",
        "assignedLicenses",
        "assignedPlans",
        "licenseAssignmentStates",
        "provisionedPlans",
        "proxyAddresses",
        "imAddresses",
        "signInActivity",
        "onPremisesDistinguishedName",
        "onPremisesDomainName",
        "onPremisesLastSyncDateTime",
        "onPremisesSamAccountName",
        "onPremisesSecurityIdentifier",
        "onPremisesSyncEnabled",
        "onPremisesUserPrincipalName",
        "securityIdentifier",
        "lastPasswordChangeDateTime",
        "signInSessionsValidFromDateTime",
        "creationType",
        "externalUserStateChangeDateTime",
        "isManagementRestricted",
        "isResourceAccount",
    ]
)
_CLOUD_MANAGED = frozenset({"usageLocation", "passwordPolicies", "onPremisesImmutableId"})
"""What can be changed in the cloud on users that come from Active Directory."""
_DEFAULTS: Mapping[str, Any] = {"mail": None, "usageLocation": None, "userType": "Member"}


def create(call: Call) -> Reply:
    """``POST /users``.

    Raises:
        GraphError: 400 for what is missing, unknown, malformed or taken.
    """
    given = payload.properties(payload.parse(call), "user", _READ_ONLY)
    payload.require(given, "accountEnabled", "displayName", "mailNickname", "userPrincipalName")
    if not (given.pop("passwordProfile", None) or {}).get("password"):
        raise bad_request("A password must be specified to create a new user.")
    _check_sign_in_name(call, given["userPrincipalName"])
    with refusals(same_value("userPrincipalName")):
        made = tenant_of(call).create_user(
            given["displayName"], user_principal_name=given["userPrincipalName"], properties={**_DEFAULTS, **given}
        )
    return created(call, whole_type("users"), made)


def update(call: Call) -> Reply:
    """``PATCH /users/{id}``. Passwords are accepted and kept nowhere.

    Raises:
        GraphError: 404 for no such user, 400 for what is unknown, read-only, malformed, taken or mastered on premises.
    """
    given = payload.properties(payload.parse(call), "user", _READ_ONLY)
    given.pop("passwordProfile", None)
    if "userPrincipalName" in given:
        _check_sign_in_name(call, given["userPrincipalName"])
    with refusals(same_value("userPrincipalName")):
        user = find_user(call, call.ids[0])
        if user.body.get("onPremisesSyncEnabled") and given.keys() - _CLOUD_MANAGED:
            raise NotAllowed(Reason.SYNCED_FROM_ON_PREMISES, "The user is mastered in Active Directory.")
        tenant_of(call).update_user(user.id, given)
    return done()


def delete(call: Call) -> Reply:
    """``DELETE /users/{id}``: restorable.

    Raises:
        GraphError: 404 for no such user.
    """
    with refusals():
        tenant_of(call).delete_user(find_user(call, call.ids[0]).id)
    return done()


def set_manager(call: Call) -> Reply:
    """``PUT /users/{id}/manager/$ref``: set or replace.

    Raises:
        GraphError: 404 for no such user or manager.
    """
    manager = payload.reference(payload.parse(call))
    with refusals():
        tenant_of(call).set_manager(find_user(call, call.ids[0]).id, manager)
    return done()


def remove_manager(call: Call) -> Reply:
    """``DELETE /users/{id}/manager/$ref``.

    Raises:
        GraphError: 404 when there is no manager.
    """
    with refusals():
        tenant_of(call).set_manager(find_user(call, call.ids[0]).id, None)
    return done()


def find_user(call: Call, identifier: str) -> Found:
    """A user by id or sign-in name.

    Raises:
        NotFound: there is none.
    """
    tenant = tenant_of(call)
    if "@" in identifier:
        row = tenant.db.execute(
            "SELECT id FROM objects WHERE type = 'user' AND deleted IS NULL"
            " AND json_extract(body, '$.userPrincipalName') = ? COLLATE NOCASE",
            (identifier,),
        ).fetchone()
        identifier = row[0] if row else identifier
    return tenant.find(identifier, "user")


def _check_sign_in_name(call: Call, name: str) -> None:
    local, _, domain = name.rpartition("@")
    if not local or domain.lower() != call.context.tenant.fact("domain").lower():
        raise bad_request(
            "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain "
            "names in your organization."
        )
