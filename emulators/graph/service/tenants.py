"""Names by which the sign-in service knows the tenant."""

from __future__ import annotations

import re

from emulators.graph.service import aadsts
from emulators.graph.service.state import TenantState, fact_or

ANY_TENANT = ("common", "organizations")
"""Names that stand for whatever tenant the account belongs to."""

_GUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_DOMAIN = re.compile(r"([a-z0-9-]+\.)+[a-z]{2,}", re.IGNORECASE)


def check_tenant(tenant: TenantState, name: str) -> None:
    """Check that a name in a path is this tenant's.

    Raises:
        SignInError: it is another's, or no name of a tenant at all.
    """
    domain = fact_or(tenant, "domain", "").lower()
    if name.lower() in (tenant.id.lower(), *ANY_TENANT, *((domain,) if domain else ())):
        return
    if not _GUID.fullmatch(name) and not _DOMAIN.fullmatch(name):
        raise aadsts.malformed_tenant(name)
    raise aadsts.unknown_tenant(name)
