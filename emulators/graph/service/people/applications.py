"""Applications that sign people in without a secret: two of Microsoft's, and those of the tenant that allow it."""

from __future__ import annotations

from dataclasses import dataclass

from emulators.graph.service import aadsts
from emulators.graph.service.people import refusals
from emulators.graph.service.state import fact_or
from emulators.graph.tenant.tenant import Tenant

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
GRAPH_COMMAND_LINE = "14d82eec-204b-4c2f-b7e8-296a70dab67e"


@dataclass(frozen=True, slots=True)
class PublicClient:
    """An application that can keep no secret.

    Attributes:
        app_id: its application (client) id.
        name: its name.
        preauthorized: delegated permissions of Graph that it has in every tenant, without anybody's consent.
        asks: whether it may ask people for more than that.
        microsoft: whether it is Microsoft's own.
    """

    app_id: str
    name: str
    preauthorized: frozenset[str] = frozenset()
    asks: bool = True
    microsoft: bool = False


_OWN = (
    PublicClient(
        AZURE_CLI,
        "Microsoft Azure CLI",
        # As in tokens that were published in 2025 and 2026.
        frozenset(
            {
                "Application.ReadWrite.All",
                "AppRoleAssignment.ReadWrite.All",
                "AuditLog.Read.All",
                "DelegatedPermissionGrant.ReadWrite.All",
                "Directory.AccessAsUser.All",
                "Group.ReadWrite.All",
                "User.Read.All",
                "User.ReadWrite.All",
            }
        ),
        asks=False,
        microsoft=True,
    ),
    PublicClient(GRAPH_COMMAND_LINE, "Microsoft Graph Command Line Tools", microsoft=True),
)


def public_client(tenant: Tenant, app_id: str) -> PublicClient:
    """The public client with this id.

    Raises:
        SignInError: the tenant does not know it, or it does not allow sign-in without a secret.
    """
    for one in _OWN:
        if one.app_id == app_id.lower():
            return one
    body = tenant.application(app_id)
    if body is None:
        raise aadsts.unknown_application(app_id, fact_or(tenant, "display_name", tenant.id))
    if not body.get("isFallbackPublicClient"):
        raise refusals.not_public(app_id)
    return PublicClient(body["appId"], body["displayName"])
