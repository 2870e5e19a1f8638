"""Objects of a tenant to try something on, picked by what is known of them."""

from __future__ import annotations

from tests.support.tracking import Facts


def some(facts: Facts, table: str, **wanted: object) -> str:
    """Id of a row of ``table`` like this."""
    return next(
        str(row["id"])
        for row in facts.tables[table].values()
        if all(row.get(name) == value for name, value in wanted.items())
    )


def a_cloud_group(facts: Facts) -> str:
    """A group whose members Graph lets one change, and that has some."""
    return next(
        str(row["group_id"])
        for row in facts.tables["memberships"].values()
        if row["relation"] == "member"
        and row["principal_kind"] == "account"
        and (group := facts.tables["groups"][(row["group_id"],)])["group_type"] == "security"
        and not group["is_dynamic"]
        and not group.get("on_premises_sync_enabled")
        and not group.get("is_assignable_to_role")
    )


def a_member(facts: Facts, group: str) -> str:
    return next(
        str(row["principal_id"])
        for row in facts.tables["memberships"].values()
        if row["group_id"] == group and row["relation"] == "member" and row["principal_kind"] == "account"
    )


def no_member(facts: Facts, group: str) -> str:
    members = {row["principal_id"] for row in facts.tables["memberships"].values() if row["group_id"] == group}
    return next(str(row["id"]) for row in facts.tables["accounts"].values() if row["id"] not in members)


def with_a_license(facts: Facts) -> tuple[str, str]:
    row = next(row for row in facts.tables["license_states"].values() if not row.get("assigned_by_group"))
    return str(row["account_id"]), str(row["sku_id"])


def an_application(facts: Facts) -> str:
    """An application of somebody's own on which something is assigned, and that is in no use but that."""
    assigned = {row["application_id"] for row in facts.tables["app_role_assignments"].values()}
    return next(
        str(row["id"])
        for row in facts.tables["enterprise_applications"].values()
        if row["id"] in assigned and row["display_name"] not in ("Microsoft Graph", "Access connector")
    )


def a_manager(facts: Facts) -> str:
    return next(str(row["manager_id"]) for row in facts.tables["accounts"].values() if "manager_id" in row)


def a_microsoft_365_group(facts: Facts) -> str:
    licensed = {row["group_id"] for row in facts.tables["group_licenses"].values()}
    return next(
        str(row["id"])
        for row in facts.tables["groups"].values()
        if row["group_type"] == "microsoft_365" and row["id"] not in licensed
    )


def a_security_group(facts: Facts) -> str:
    licensed = {row["group_id"] for row in facts.tables["group_licenses"].values()}
    return next(
        str(row["id"])
        for row in facts.tables["groups"].values()
        if row["group_type"] == "security" and row["id"] not in licensed
    )
