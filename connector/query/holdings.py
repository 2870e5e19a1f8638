"""Who holds what and how: grants and inherited grants in one shape, with names and with the path as names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from connector.query.snapshot import Parameters, Snapshot
from connector.query.subjects import SUBJECTS_SQL, Subject


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """One principal holding one entitlement, directly or through a group.

    Attributes:
        grant_id: the grant, or for what is inherited the grant of the group.
        inherited: whether it is held through membership in a group; then ``source`` and the rest are those of the group's grant.
        source: ``direct``, ``group`` (a license through a group) or ``pim``.
        path: the groups between principal and resource, in the order in which access flows; empty when held directly.
        revocable: whether the connector can revoke it; an inherited one ends with a membership on the path instead.
        not_revocable_reason: a reason of ``grants.not_revocable_reason``, or ``inherited``.
    """

    principal: Subject
    resource: Subject
    entitlement_id: str
    entitlement_name: str | None
    grant_id: str
    inherited: bool
    source: str | None
    path: tuple[Subject, ...]
    scope: str | None
    scope_kind: str | None
    scope_name: str | None
    assignment_type: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    created_at: datetime | None
    license_state: str | None
    license_error: str | None
    disabled_plans: tuple[str, ...]
    revocable: bool | None
    not_revocable_reason: str | None

    @property
    def slug(self) -> str:
        """The last part of the entitlement's id: ``member``, ``owner``, ``assigned``, ``eligible`` or an app role id."""
        return self.entitlement_id.rpartition(":")[2]

    @property
    def route(self) -> str:
        """The path for people, from the principal to the resource: ``Anna → Sales EMEA → Sales``."""
        return " → ".join(subject.title for subject in (self.principal, *self.path, self.resource))


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    principal_kind: str
    principal_id: str
    principal_name: str | None
    principal_detail: str | None
    resource_kind: str
    resource_id: str
    resource_name: str | None
    resource_detail: str | None
    entitlement_id: str
    entitlement_name: str | None
    grant_id: str
    inherited: bool
    source: str | None
    path: list[str]
    scope: str | None
    scope_kind: str | None
    scope_name: str | None
    assignment_type: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    created_at: datetime | None
    license_state: str | None
    license_error: str | None
    disabled_plans: list[str] | None
    revocable: bool | None
    not_revocable_reason: str | None


_FACTS: Final = "scope scope_kind scope_name assignment_type starts_at ends_at created_at license_state license_error disabled_plans"


def _facts(alias: str) -> str:
    return ", ".join(f"{alias}.{column}" for column in _FACTS.split())


# `{condition}` stands for SQL that narrows both halves before they are joined; columns of `grants` and of
# `inherited_grants` that it may use: principal_kind, principal_id, entitlement_id, resource_kind, resource_id.
_HOLDINGS = f"""
WITH subjects AS ({SUBJECTS_SQL}), held AS (
    SELECT principal_kind, principal_id, resource_kind, resource_id, entitlement_id, id AS grant_id, false AS inherited,
        source, CASE WHEN via_group_id IS NULL THEN []::VARCHAR[] ELSE [via_group_id] END AS path, {_facts("grants")},
        revocable, not_revocable_reason
    FROM grants WHERE {{condition}}
    UNION ALL
    SELECT narrowed.principal_kind, narrowed.principal_id, narrowed.resource_kind, narrowed.resource_id,
        narrowed.entitlement_id, narrowed.grant_id, true, held_by_group.source, narrowed.path, {_facts("held_by_group")},
        false, 'inherited'
    FROM (SELECT * FROM inherited_grants WHERE {{condition}}) AS narrowed
    LEFT JOIN grants AS held_by_group ON held_by_group.id = narrowed.grant_id
)
SELECT held.*, entitlements.display_name AS entitlement_name,
    principal.name AS principal_name, principal.detail AS principal_detail,
    resource.name AS resource_name, resource.detail AS resource_detail
FROM held
LEFT JOIN entitlements ON entitlements.id = held.entitlement_id
LEFT JOIN subjects AS principal ON principal.id = held.principal_id
    AND principal.kind = CASE held.principal_kind WHEN 'service_principal' THEN 'enterprise_application' ELSE held.principal_kind END
LEFT JOIN subjects AS resource ON resource.id = held.resource_id AND resource.kind = held.resource_kind
ORDER BY held.resource_kind, lower(resource.name), held.resource_id, held.entitlement_id, held.inherited,
    held.principal_kind, lower(principal.name), held.principal_id, held.grant_id
"""  # noqa: S608 - made of constants


def holdings(snapshot: Snapshot, condition: str, parameters: Parameters) -> list[Holding]:
    """Every holding that meets ``condition``, SQL on the columns that grants and inherited grants have in common.

    Sorted by resource, entitlement, direct before inherited, and principal.
    """
    rows = snapshot.rows(_Row, _HOLDINGS.format(condition=condition), parameters)
    groups = _groups(snapshot, {group for row in rows for group in row.path})
    return [_holding(row, groups) for row in rows]


def _groups(snapshot: Snapshot, ids: Iterable[str]) -> dict[str, Subject]:
    named = snapshot.rows(
        Subject,
        "SELECT 'group' AS kind, id, display_name AS name, mail AS detail FROM groups WHERE id IN (SELECT unnest($ids))",
        {"ids": list(ids)},
    )
    return {group.id: group for group in named}


def _holding(row: _Row, groups: dict[str, Subject]) -> Holding:
    return Holding(
        principal=Subject(
            kind="enterprise_application" if row.principal_kind == "service_principal" else row.principal_kind,
            id=row.principal_id,
            name=row.principal_name,
            detail=row.principal_detail,
        ),
        resource=Subject(
            kind=row.resource_kind, id=row.resource_id, name=row.resource_name, detail=row.resource_detail
        ),
        path=tuple(groups.get(group) or Subject(kind="group", id=group) for group in row.path),
        disabled_plans=tuple(row.disabled_plans or ()),
        entitlement_id=row.entitlement_id,
        entitlement_name=row.entitlement_name,
        grant_id=row.grant_id,
        inherited=row.inherited,
        source=row.source,
        scope=row.scope,
        scope_kind=row.scope_kind,
        scope_name=row.scope_name,
        assignment_type=row.assignment_type,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        created_at=row.created_at,
        license_state=row.license_state,
        license_error=row.license_error,
        revocable=row.revocable,
        not_revocable_reason=row.not_revocable_reason,
    )
