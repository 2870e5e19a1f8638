"""Whom the platform lets call, and who it says that it is.

By default whoever has a function key: the platform asks for it, and tells nobody's name. Where App Service authentication is on, the
platform has authenticated the caller and says who it is in a header, which it takes away from everybody else. Only then does the header
mean anything, and only then is no key asked for: the caller's app role is what counts. The platform says whether it is on in
``WEBSITE_AUTH_ENABLED``, which it sets itself ("Environment variables and app settings in Azure App Service", *Authentication &
Authorization*); that is looked at once, when the app is loaded, so that asking for a key and believing the header never change apart.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import azure.functions as func

if TYPE_CHECKING:
    from connector.provisioning.asking.callers import Requester


def platform_authenticates(environ: Mapping[str, str]) -> bool:
    """Whether the platform says that App Service authentication is on. Anything but ``true`` means that a key is asked for."""
    return environ.get("WEBSITE_AUTH_ENABLED", "").strip().lower() == "true"


AUTHENTICATED = platform_authenticates(os.environ)
"""Whether the platform authenticates the callers of this process."""

AUTH_LEVEL = func.AuthLevel.ANONYMOUS if AUTHENTICATED else func.AuthLevel.FUNCTION
"""What the platform asks callers of the operations API for: no key beside a token, and no less than a key without one."""


def caller_of(headers: Mapping[str, str], tenant_id: str, *, writes: bool) -> Requester:
    """Who asks; ``writes``: for what takes the app role of those who may change something, where the platform knows who it is.

    Raises:
        NotAuthenticated: the platform authenticates callers, and has not said who this is.
        NotAuthorized: the role is missing, or the caller is of another tenant than ``tenant_id``.
    """
    from connector.provisioning.asking.callers import HEADER, READ, WRITE, Requester, read_caller

    if not AUTHENTICATED:
        return Requester(kind="function_key")
    return read_caller(headers.get(HEADER), tenant_id, WRITE if writes else READ)
