"""Which software Entra signs in or provisions, how widely it is assigned and who owns it."""

from __future__ import annotations

import msgspec

from connector.query.snapshot import Snapshot
from connector.query.subjects import SUBJECTS_SQL, Subject


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """One enterprise application. What Graph did not say is None.

    Attributes:
        open_to_all: everyone in the tenant may sign in: it is enabled and needs no assignment.
        assigned: principals that hold an app role on it directly, groups counted as one each.
        effective: accounts and service principals that hold an app role on it, directly or through a group.
    """

    id: str
    app_id: str | None
    name: str | None
    sign_on_mode: str | None
    enabled: bool | None
    assignment_required: bool | None
    open_to_all: bool
    provisioned_by_scim: bool | None
    provisioning_state: str | None
    is_microsoft_first_party: bool | None
    assigned: int
    effective: int
    owners: tuple[Subject, ...]


class _Owner(Subject, frozen=True, kw_only=True):
    application_id: str


# Nobody signs in to a managed identity and nothing is provisioned to one, so they are not listed.
_APPLICATIONS = """
WITH held AS (
    SELECT resource_id, principal_kind, principal_id, true AS direct FROM grants
    WHERE resource_kind = 'enterprise_application' AND NOT ends_with(entitlement_id, ':owner')
    UNION ALL
    SELECT resource_id, principal_kind, principal_id, false FROM inherited_grants
    WHERE resource_kind = 'enterprise_application'
), counted AS (
    SELECT resource_id, count(DISTINCT principal_id) FILTER (direct) AS assigned,
        count(DISTINCT principal_id) FILTER (principal_kind <> 'group') AS effective
    FROM held GROUP BY resource_id
)
SELECT id, app_id, display_name AS name, sign_on_mode, enabled, assignment_required,
    coalesce(enabled AND NOT assignment_required, false) AS open_to_all,
    provisioned_by_scim, provisioning_state, is_microsoft_first_party,
    coalesce(counted.assigned, 0) AS assigned, coalesce(counted.effective, 0) AS effective,
    []::VARCHAR[] AS owners
FROM enterprise_applications LEFT JOIN counted ON counted.resource_id = enterprise_applications.id
WHERE is_managed_identity IS NOT TRUE
    AND (NOT $assigned OR coalesce(counted.assigned, 0) > 0)
    AND (NOT $scim OR provisioned_by_scim)
    AND (NOT $third_party OR is_microsoft_first_party IS NOT TRUE)
ORDER BY lower(display_name), id
"""
_OWNERS = f"""
WITH subjects AS ({SUBJECTS_SQL})
SELECT grants.resource_id AS application_id, grants.principal_id AS id, subjects.name, subjects.detail,
    CASE grants.principal_kind WHEN 'service_principal' THEN 'enterprise_application' ELSE grants.principal_kind END AS kind
FROM grants LEFT JOIN subjects ON subjects.id = grants.principal_id
WHERE grants.resource_kind = 'enterprise_application' AND ends_with(grants.entitlement_id, ':owner')
ORDER BY lower(subjects.name), grants.principal_id
"""  # noqa: S608 - made of constants


def applications(
    snapshot: Snapshot, *, assigned: bool = False, scim: bool = False, third_party: bool = False
) -> list[Application]:
    """Every enterprise application but managed identities, by name.

    Args:
        snapshot: what to ask.
        assigned: only those to which a principal is assigned.
        scim: only those to which a provisioning job pushes accounts.
        third_party: only those that are not Microsoft's own.
    """
    owners: dict[str, list[Subject]] = {}
    for owner in snapshot.rows(_Owner, _OWNERS):
        subject = Subject(kind=owner.kind, id=owner.id, name=owner.name, detail=owner.detail)
        owners.setdefault(owner.application_id, []).append(subject)
    found = snapshot.rows(Application, _APPLICATIONS, {"assigned": assigned, "scim": scim, "third_party": third_party})
    return [msgspec.structs.replace(application, owners=tuple(owners.get(application.id, ()))) for application in found]
