"""Facts: who holds what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulators.graph.tenant.picture.resources import group_type
from emulators.graph.tenant.picture.view import Thing, View, moment
from emulators.graph.tenant.state import Rel, from_json

Row = dict[str, Any]


def all_grants(view: View) -> list[Row]:
    """Every grant between what exists, less what SKIP_AD_GROUPS leaves out."""
    return [
        *_of_groups(view),
        *_of_roles(view),
        *_eligible(view),
        *_of_applications(view),
        *_licenses_of_users(view),
        *_licenses_of_groups(view),
    ]


def _grant(kind: str, resource: str, slug: str, holder: Thing, holder_kind: str, **facts: Any) -> Row:
    entitlement = f"{kind}:{resource}:{slug}"
    row: Row = {
        "entitlement_id": entitlement,
        "resource_kind": kind,
        "resource_id": resource,
        "principal_kind": holder_kind,
        "principal_id": holder.id,
        "source": "direct",
        "via_group_id": None,
        "scope": "/",
        "scope_kind": "tenant",
        "scope_name": None,
        "assignment_id": None,
        "assignment_type": None,
        "starts_at": None,
        "ends_at": None,
        "created_at": None,
        "license_state": None,
        "license_error": None,
        "disabled_plans": None,
        "revocable": True,
        "not_revocable_reason": None,
        **facts,
    }
    scope = "" if row["scope"] == "/" else f"|{row['scope']}"
    via = f"|via:{row['via_group_id']}" if row["via_group_id"] else ""
    return {"id": f"{entitlement}|{holder.id}{scope}{via}", **row}


def _fixed(reason: str | None) -> Row:
    return {"revocable": reason is None, "not_revocable_reason": reason}


def _of_groups(view: View) -> Iterator[Row]:
    members, owners = view.related(Rel.MEMBER), view.related(Rel.OWNER)
    for group in view.shown_groups():
        elsewhere = None
        if group.body.get("onPremisesSyncEnabled") is True:
            elsewhere = "synced_from_on_premises"
        elif group_type(group.body) in ("mail_enabled_security", "distribution"):
            elsewhere = "managed_by_exchange"
        by_rule = "DynamicMembership" in (group.body.get("groupTypes") or ())
        for slug, holders, reason in (
            ("member", members, "dynamic_membership" if by_rule else elsewhere),
            ("owner", owners, elsewhere),
        ):
            for holder in holders.get(group.key, ()):
                kind = view.principal(holder)
                if kind is not None:
                    yield _grant("group", group.id, slug, holder, kind, **_fixed(reason))


def _scope(view: View, scope: str) -> Row:
    if scope == "/":
        return {}
    if scope.startswith("/administrativeUnits/"):
        unit = view.by_id.get(scope.rsplit("/", 1)[1])
        name = unit.body.get("displayName") if unit else None
        return {"scope": scope, "scope_kind": "administrative_unit", "scope_name": name}
    thing = view.by_id.get(scope[1:])
    if thing is None or thing.type not in ("application", "servicePrincipal"):
        return {"scope": scope, "scope_kind": "other"}
    return {"scope": scope, "scope_kind": "application", "scope_name": thing.body.get("displayName")}


def _of_roles(view: View) -> Iterator[Row]:
    roles, db = view.role_definitions(), view.tenant.db
    timed = {
        assignment: (kind, starts, ends)
        for assignment, kind, starts, ends in db.execute(
            "SELECT role_assignment_id, assignment_type, starts_at, ends_at FROM role_schedules WHERE kind = 'assignment'"
        )
    }
    for id_, principal, role, scope in db.execute("SELECT id, principal_id, role_id, scope FROM role_assignments"):
        holder = view.by_id.get(principal)
        kind = view.principal(holder)
        if holder is None or kind is None or role not in roles:
            continue
        facts = {"assignment_id": id_, **_scope(view, scope)}
        if view.has_pim:
            how, starts, ends = timed.get(id_, ("Assigned", None, None))
            facts |= {"assignment_type": how, "starts_at": moment(starts), "ends_at": moment(ends)}
            facts["source"] = "pim" if how == "Activated" or moment(ends) is not None else "direct"
        yield _grant("directory_role", role, "assigned", holder, kind, **facts)


def _eligible(view: View) -> Iterator[Row]:
    if not view.has_pim:
        return
    roles = view.role_definitions()
    for id_, principal, role, scope, starts, ends in view.tenant.db.execute(
        "SELECT id, principal_id, role_id, scope, starts_at, ends_at FROM role_schedules WHERE kind = 'eligibility'"
    ):
        holder = view.by_id.get(principal)
        kind = view.principal(holder)
        if holder is None or kind is None or role not in roles:
            continue
        yield _grant(
            "directory_role",
            role,
            "eligible",
            holder,
            kind,
            source="pim",
            assignment_id=id_,
            starts_at=moment(starts),
            ends_at=moment(ends),
            **_scope(view, scope),
        )


def _of_applications(view: View) -> Iterator[Row]:
    fixed = _fixed("kind_not_provisioned")
    for holder, resource, role, id_, made in view.app_role_assignments():
        kind = view.principal(holder)
        if kind is not None:
            facts = {"assignment_id": id_, "created_at": moment(made), **fixed}
            yield _grant("enterprise_application", resource.id, role, holder, kind, **facts)
    owners = view.related(Rel.OWNER)
    for app in view.of_type("servicePrincipal"):
        for holder in owners.get(app.key, ()):
            kind = view.principal(holder)
            if kind is not None:
                yield _grant("enterprise_application", app.id, "owner", holder, kind, **fixed)


def _licenses_of_users(view: View) -> Iterator[Row]:
    skus, db = view.subscriptions(), view.tenant.db
    group_ids = dict(db.execute("SELECT key, id FROM objects WHERE type = 'group'"))
    for user, sku, by_group, plans, state, error in db.execute(
        "SELECT user_key, sku_id, by_group, disabled_plans, state, error FROM user_licenses"
    ):
        holder = view.things.get(user)
        if holder is None or sku not in skus:
            continue
        facts: Row = {
            "source": "group" if by_group else "direct",
            "via_group_id": group_ids[by_group] if by_group else None,
            "license_state": state,
            "license_error": None if error == "None" else error,
            "disabled_plans": from_json(plans) or None,
            **_fixed("inherited_license" if by_group else "kind_not_provisioned"),
        }
        yield _grant("license", sku, "assigned", holder, "account", **facts)


def _licenses_of_groups(view: View) -> Iterator[Row]:
    skus = view.subscriptions()
    for group, sku, plans in view.tenant.db.execute("SELECT group_key, sku_id, disabled_plans FROM group_licenses"):
        holder = view.things.get(group)
        if holder is None or holder.key in view.hidden or sku not in skus:
            continue
        facts = {"disabled_plans": from_json(plans) or None, **_fixed("kind_not_provisioned")}
        yield _grant("license", sku, "assigned", holder, "group", **facts)
