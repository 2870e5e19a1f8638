"""Where a role can be assigned: over the whole tenant, or limited to an administrative unit or an application."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from connector.access.decoding import decode
from connector.access.roles import Named, RoleDefinition
from connector.graph.batch import send_batch
from connector.graph.errors import GraphError, RequestRefused
from connector.graph.session import GraphSession
from connector.provisioning.refusals import problem
from connector.storage.records.operations import Problem

TENANT = "/"
_UNIT = "/administrativeunits/"

# https://learn.microsoft.com/entra/identity/role-based-access-control/manage-roles-portal#roles-that-can-be-assigned-with-administrative-unit-scope
_AT_UNITS = frozenset(
    {
        "58a13ea3-c632-46ae-9ee0-9c0d43cd7f3d",  # Attribute Assignment Administrator
        "ffd52fa5-98dc-465c-991d-fc073eb59f8f",  # Attribute Assignment Reader
        "c4e39bd9-1100-46d3-8c65-fb160da0071f",  # Authentication Administrator
        "7698a772-787b-4ac8-901f-60d6b08affd2",  # Cloud Device Administrator
        "fdd7a751-b60b-444a-984c-02652fe8fa1c",  # Groups Administrator
        "729827e3-9c14-49f7-bb1b-9608f156bbb8",  # Helpdesk Administrator
        "4d6ac14f-3453-41d0-bef9-a3e0c569773a",  # License Administrator
        "966707d0-3269-4727-9be2-8c3a10f19b9d",  # Password Administrator
        "644ef478-e28f-4e28-b9dc-3fdde9aa0b1f",  # Printer Administrator
        "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",  # Privileged Authentication Administrator
        "f28a1f50-f6e7-4571-818b-6a12f2af6b6c",  # SharePoint Administrator
        "69091246-20e8-4a56-aa4d-066075b2a7a8",  # Teams Administrator
        "3d762c5a-1b6c-493f-843e-55a3b42923d4",  # Teams Devices Administrator
        "fe930be7-5e62-47db-91af-98c3a49a38b1",  # User Administrator
    }
)
# https://learn.microsoft.com/entra/identity/role-based-access-control/custom-enterprise-apps and .../delegate-app-roles
_AT_APPLICATIONS = frozenset(
    {
        "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",  # Application Administrator
        "158c047a-c907-4556-b7ef-446551a6b5f7",  # Cloud Application Administrator
    }
)


def same_scope(one: str | None, other: str | None) -> bool:
    """Whether two scopes are the same, in whatever case their ids are written."""
    return one is not None and other is not None and one.lower() == other.lower()


def unsupported(role: RoleDefinition, scope: str) -> Problem | None:
    """Why ``role`` cannot be assigned at ``scope``; None where it can. A custom role can be assigned anywhere."""
    if scope == TENANT or role.is_built_in is False:
        return None
    at_unit = scope.lower().startswith(_UNIT)
    if role.id.lower() in (_AT_UNITS if at_unit else _AT_APPLICATIONS):
        return None
    place = "an administrative unit" if at_unit else "an application"
    return problem(
        "scope_not_supported",
        f"{role.display_name or 'This role'} cannot be limited to {place}.",
        "Ask for it with the scope /, or for a role that can be limited, such as a custom one.",
    )


async def missing_scopes(session: GraphSession, scopes: Iterable[str]) -> Mapping[str, Problem | GraphError]:
    """Those of ``scopes`` that name nothing that there is, or that cannot be asked for, in one batch for ten to twenty."""
    targets: dict[str, str] = {}
    for scope in {one for one in scopes if one != TENANT}:
        identifier = scope.rpartition("/")[2]
        for kind in ("administrativeUnit",) if scope.lower().startswith(_UNIT) else ("application", "servicePrincipal"):
            path = "/directory/administrativeUnits" if kind == "administrativeUnit" else f"/{kind}s"
            targets[f"{scope} {kind}"] = f"{path}/{identifier}?$select=id"
    answers = await send_batch(session, targets, partial(decode, kind=Named))
    found: dict[str, list[Named | GraphError]] = {}
    for key, answer in answers.items():
        found.setdefault(key.partition(" ")[0], []).append(answer)
    return {scope: trouble for scope, some in found.items() if (trouble := _trouble(scope, some)) is not None}


def _trouble(scope: str, answers: list[Named | GraphError]) -> Problem | GraphError | None:
    if any(isinstance(one, Named) for one in answers):
        return None
    for one in answers:
        if isinstance(one, GraphError) and not (isinstance(one, RequestRefused) and one.not_found):
            return one
    what = "administrative unit" if scope.lower().startswith(_UNIT) else "app registration or service principal"
    return problem(
        "scope_not_supported",
        f"There is no {what} with the id {scope.rpartition('/')[2]}.",
        "Ask again with the object id of one that exists; the application id is another.",
    )
