"""Enterprise applications: Microsoft's, the gallery's, the company's own and managed identities; who may use them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from emulators.graph.tenant.application_verbs import DEFAULT_ACCESS, app_role_assignment_id, provisioning_body
from emulators.graph.tenant.bodies import INTEGRATED_APP, MICROSOFT_TENANT, alias, service_principal_body
from emulators.graph.tenant.generation.maker import Dice, Maker, batches
from emulators.graph.tenant.generation.names import VENDORS
from emulators.graph.tenant.state import Rel, from_json, to_json
from emulators.graph.tenant.wellknown import FIRST_PARTY_APPS

_GALLERY = "WindowsAzureActiveDirectoryGalleryApplicationPrimaryV1"
_OWNERS_OF_THE_WIDEST = 24  # more than $expand ever returns


@dataclass(frozen=True, slots=True)
class ApplicationSpec:
    """What an application is: how people sign in to it, who pushes accounts to it, who is assigned."""

    name: str
    kind: str = "Application"
    mode: str | None = None  # preferredSingleSignOnMode
    tags: tuple[str, ...] = (INTEGRATED_APP,)
    roles: int = 0  # app roles
    job: tuple[str, str] | None = None  # template and state of the provisioning job
    assigned: str = "none"  # none, one, few, groups, most
    enabled: bool = True
    required: bool = False
    owners: int = 0


_CATALOG = (
    ApplicationSpec("Contoso Intranet", mode="oidc", assigned="most", owners=2),
    ApplicationSpec("Salesforce", mode="saml", tags=(INTEGRATED_APP, _GALLERY), roles=3, job=("salesforce", "Active"), assigned="groups", required=True, owners=1),
    ApplicationSpec("Legacy Payroll", mode="password", assigned="one", required=True),
    ApplicationSpec("Fabrikam Analytics", owners=_OWNERS_OF_THE_WIDEST),
    ApplicationSpec("vm-backup-prod", kind="ManagedIdentity", tags=()),
    ApplicationSpec("Contoso Expenses", mode="saml", roles=4, job=("scim", "Quarantine"), assigned="few", required=True, owners=3),
    ApplicationSpec("id-data-platform", kind="ManagedIdentity", tags=()),
    ApplicationSpec("ServiceNow", mode="saml", tags=(INTEGRATED_APP, _GALLERY), roles=2, job=("serviceNow", "Paused"), assigned="groups"),
    ApplicationSpec("Cafeteria Menu", mode="notSupported", assigned="few", tags=(INTEGRATED_APP, "HideApp")),
    ApplicationSpec("Old Intranet Search", kind="Legacy", tags=(), assigned="none"),
    ApplicationSpec("Partner Sign-in", kind="SocialIdp", tags=()),
    ApplicationSpec("Warehouse Scanner", mode="oidc", assigned="few", enabled=False),
    ApplicationSpec("Unused Pilot", mode="oidc"),
)  # fmt: skip
MINIMUM = len(_CATALOG) + len(FIRST_PARTY_APPS)
"""Service principals of a tenant that has some of everything, besides Microsoft Graph and the connector."""


def make_applications(maker: Maker, count: int) -> list[ApplicationSpec]:
    """``count`` service principals besides Microsoft Graph and the connector; returns what they are."""
    dice = maker.dice("applications")
    specs = [*_CATALOG, *(_first_party(name) for _, name in FIRST_PARTY_APPS)][:count]
    specs += [_drawn(dice, index) for index in range(count - len(specs))]
    keys = maker.insert("servicePrincipal", _bodies(maker, dice, specs))
    maker.applications = {spec.name: key for spec, key in zip(specs, keys, strict=True)}
    registered = [(spec, key) for spec, key in zip(specs, keys, strict=True) if spec.name.startswith("Contoso ")]
    maker.insert("application", _registrations(maker, registered))
    return specs


def make_assignments(maker: Maker, specs: list[ApplicationSpec]) -> None:
    """App role assignments, owners and provisioning jobs of these applications."""
    dice = maker.dice("assignments")
    for spec in specs:
        key = maker.applications[spec.name]
        maker.relate(Rel.OWNER, key, dice.few(maker.users, spec.owners))
        if spec.job is not None:
            _provision(maker, key, *spec.job)
        _insert(maker, dice, key, list(_assigned(maker, dice, spec, key)))
    first = maker.applications.get("Contoso Intranet")
    if first is not None:
        maker.relate(
            Rel.OWNER, first, [maker.applications[name] for name in ("id-data-platform",) if name in maker.applications]
        )
    _between_services(maker, dice)


def _first_party(name: str) -> ApplicationSpec:
    return ApplicationSpec(name, tags=())


def _drawn(dice: Dice, index: int) -> ApplicationSpec:
    kind = dice.choices(("gallery", "own", "identity", "unused"), (34, 30, 24, 12))[0]
    if kind == "identity":
        return ApplicationSpec(f"func-{index:04d}-prod", kind="ManagedIdentity", tags=())
    name = f"{dice.one(VENDORS)} {index}" if kind == "gallery" else f"Contoso Service {index}"
    if kind == "unused":
        return ApplicationSpec(f"Trial {index}", mode="saml")
    return ApplicationSpec(
        name,
        mode=dice.one(("saml", "saml", "oidc", "password", None)),
        tags=(INTEGRATED_APP, _GALLERY) if kind == "gallery" else (INTEGRATED_APP,),
        roles=dice.one((0, 0, 1, 2, 4)),
        job=("scim", dice.one(("Active", "NotRun", "NotConfigured"))) if dice.chance(0.2) else None,
        assigned=dice.one(("few", "few", "groups", "one", "none")),
        required=dice.chance(0.5),
        owners=dice.one((0, 0, 1, 2)),
    )


def _bodies(maker: Maker, dice: Dice, specs: list[ApplicationSpec]) -> Iterator[dict[str, Any]]:
    known = {name: app_id for app_id, name in FIRST_PARTY_APPS}
    for spec in specs:
        app_id = known.get(spec.name) or dice.guid()
        owner = MICROSOFT_TENANT if spec.name in known else maker.tenant.id
        if _GALLERY in spec.tags:
            owner = dice.guid()
        body = service_principal_body(spec.name, app_id, None if spec.kind == "ManagedIdentity" else owner)
        site = f"https://{alias(spec.name)}.example"
        body |= {
            "accountEnabled": spec.enabled,
            "appRoleAssignmentRequired": spec.required,
            "appRoles": [_role(dice, number) for number in range(spec.roles)],
            "preferredSingleSignOnMode": spec.mode,
            "servicePrincipalType": spec.kind,
            "tags": list(spec.tags),
        }
        if spec.mode is not None:
            body |= {"homepage": f"{site}/", "loginUrl": f"{site}/login", "servicePrincipalNames": [app_id, site]}
            body["description"] = f"Sign-in for {spec.name}"
        yield body


def _role(dice: Dice, number: int) -> dict[str, Any]:
    name = ("User", "Administrator", "Retired.Auditor", "Orders.Write")[number]
    return {
        "allowedMemberTypes": (["User"], ["User", "Application"], ["User"], ["Application"])[number],
        "description": f"{name} of the application",
        "displayName": name,
        "id": dice.guid(),
        "isEnabled": number != 2,
        "origin": "Application",
        "value": name if number else None,
    }


def _registrations(maker: Maker, registered: list[tuple[ApplicationSpec, int]]) -> Iterator[dict[str, Any]]:
    for spec, key in registered:
        row = maker.tenant.db.execute("SELECT json_extract(body, '$.appId') FROM objects WHERE key = ?", (key,))
        yield {
            "appId": row.fetchone()[0],
            "createdDateTime": "2023-03-01T08:00:00Z",
            "displayName": spec.name,
            "signInAudience": "AzureADMyOrg",
            "tags": list(spec.tags),
        }


def _assigned(maker: Maker, dice: Dice, spec: ApplicationSpec, key: int) -> Iterator[tuple[int, str]]:
    """Principal and app role of each assignment on an application."""
    body = maker.tenant.db.execute("SELECT json_extract(body, '$.appRoles[0].id') FROM objects WHERE key = ?", (key,))
    role = body.fetchone()[0] or DEFAULT_ACCESS
    users, plain = maker.users, maker.groups.get("plain", ())
    if spec.assigned == "most":
        yield from ((user, DEFAULT_ACCESS) for user in dice.few(users, len(users) * 7 // 10))
        yield from ((user, DEFAULT_ACCESS) for user in maker.leavers[:1])
    elif spec.assigned == "one":
        yield from ((user, role) for user in dice.few(users, 1))
    elif spec.assigned == "few":
        yield from ((user, role) for user in dice.few(users, dice.randint(2, 12)))
    elif spec.assigned == "groups":
        synced = maker.groups.get("synced", ())
        yield from ((group, role) for group in (*plain[1:2], *dice.few(plain, 3), *dice.few(synced, 1)))
        yield from ((user, role) for user in dice.few(users, 3))


def _between_services(maker: Maker, dice: Dice) -> None:
    """Service principals that hold app roles, one of which its application no longer declares; a disabled role."""
    apps = maker.applications
    expenses, identity = apps.get("Contoso Expenses"), apps.get("id-data-platform")
    if expenses is None or identity is None:
        return
    body = maker.tenant.db.execute("SELECT json_extract(body, '$.appRoles') FROM objects WHERE key = ?", (expenses,))
    roles = [role["id"] for role in from_json(body.fetchone()[0])]
    _insert(maker, dice, expenses, [(identity, roles[3]), (identity, dice.guid())])
    _insert(maker, dice, expenses, [(user, roles[2]) for user in dice.few(maker.users, 2)])
    for name in ("vm-backup-prod", "id-data-platform"):
        maker.tenant.grant_permissions(maker.id_of(apps[name]), ["User.Read.All", "Mail.Send"])


def _insert(maker: Maker, dice: Dice, resource: int, assigned: Iterable[tuple[int, str]]) -> None:
    resource_id = maker.id_of(resource)
    for batch in batches(assigned):
        ids = maker.ids_of([principal for principal, _ in batch])
        maker.tenant.db.executemany(
            "INSERT OR IGNORE INTO app_role_assignments (id, principal, resource, app_role_id, created_at) "
            "VALUES (?, ?, ?, ?, ?)",
            (
                (app_role_assignment_id(ids[principal], resource_id, role), principal, resource, role, dice.past(1500))
                for principal, role in batch
            ),
        )


def _provision(maker: Maker, key: int, template: str, state: str) -> None:
    job = f"{template}.{maker.tenant.id.replace('-', '')}.{maker.id_of(key)}"
    body = to_json(provisioning_body(template, state))
    maker.tenant.db.execute("INSERT INTO synchronization_jobs VALUES (?, ?, ?)", (key, job, body))
