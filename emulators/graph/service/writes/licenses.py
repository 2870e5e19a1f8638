"""``assignLicense`` of users and groups."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from emulators.graph.service.errors import bad_request
from emulators.graph.service.messages import Reply
from emulators.graph.service.operations import Call, Operation
from emulators.graph.service.resources.directory import whole_type
from emulators.graph.service.writes.answers import created, tenant_of
from emulators.graph.service.writes.refusals import refusals
from emulators.graph.service.writes.users import find_user
from emulators.graph.tenant.errors import NotAllowed, NotFound, Reason
from emulators.graph.tenant.state import Found
from emulators.graph.tenant.tenant import Tenant


class _Add(msgspec.Struct, rename={"sku_id": "skuId", "disabled_plans": "disabledPlans"}):
    sku_id: str
    disabled_plans: tuple[str, ...] = ()


class _Change(msgspec.Struct, rename={"add": "addLicenses", "remove": "removeLicenses"}):
    add: tuple[_Add, ...]
    remove: tuple[str, ...]


def assigns(entity_set: str) -> Operation:
    """``POST /users/{id}/assignLicense`` (200) and ``/groups/{id}/assignLicense`` (202): all of it, or nothing."""

    def operation(call: Call) -> Reply:
        try:
            change = msgspec.json.decode(call.request.body, type=_Change)
        except msgspec.MsgspecError:
            raise bad_request(
                "One or more parameters of the operation 'assignLicense' are missing or invalid."
            ) from None
        tenant = tenant_of(call)
        with tenant.transaction():
            with refusals():
                find = find_user if entity_set == "users" else _find_group
                holder = find(call, call.ids[0])
            for sku in change.remove:
                _remove(tenant, holder, sku.lower())
            for one in change.add:
                _add(tenant, holder, one)
        answer = created(call, whole_type(entity_set), holder.id, status=200 if entity_set == "users" else 202)
        return answer if entity_set == "groups" else replace(answer, headers={})

    return operation


def _find_group(call: Call, identifier: str) -> Found:
    return tenant_of(call).find(identifier, "group")


def _add(tenant: Tenant, holder: Found, one: _Add) -> None:
    if holder.type == "user" and not holder.body.get("usageLocation"):
        raise bad_request("License assignment cannot be done for user with invalid usage location.")
    sku = one.sku_id.lower()
    if _held(tenant, holder, sku):
        tenant.remove_license(holder.id, sku)
    try:
        tenant.assign_license(holder.id, sku, one.disabled_plans)
    except NotFound:
        raise bad_request(f"License {sku} does not correspond to a valid company License.") from None
    except NotAllowed as refused:
        if refused.reason is not Reason.NO_SEATS:
            raise
        raise bad_request(f"Subscription with SKU {sku} does not have any available licenses.") from None


def _remove(tenant: Tenant, holder: Found, sku: str) -> None:
    if _held(tenant, holder, sku):
        tenant.remove_license(holder.id, sku)
        return
    if holder.type == "group":
        raise bad_request("Group does not have a corresponding license.")
    inherited = tenant.db.execute(
        "SELECT 1 FROM user_licenses WHERE user_key = ? AND sku_id = ?", (holder.key, sku)
    ).fetchone()
    if inherited is None:
        raise bad_request("User does not have a corresponding license.")
    raise bad_request(
        "User license is inherited from a group membership and it cannot be removed directly from the user."
    )


def _held(tenant: Tenant, holder: Found, sku: str) -> bool:
    table, column, more = ("user_licenses", "user_key", " AND by_group = 0")
    if holder.type == "group":
        table, column, more = ("group_licenses", "group_key", "")
    sql = f"SELECT 1 FROM {table} WHERE {column} = ? AND sku_id = ?{more}"
    return tenant.db.execute(sql, (holder.key, sku)).fetchone() is not None
