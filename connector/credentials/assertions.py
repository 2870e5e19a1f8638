"""Tokens of other identities, with which an application signs in instead of a secret of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from connector.credentials.errors import TokenFileUnreadable

if TYPE_CHECKING:
    from connector.credentials.signing_in import SignIn


async def token_of_file(path: Path) -> str:
    """The token in ``path``, which the platform replaces long before it ends: so it is read each time.

    Raises:
        TokenFileUnreadable: there is none.
    """
    try:
        token = (await asyncio.to_thread(path.read_text, encoding="ascii")).strip()
    except OSError as error:
        raise TokenFileUnreadable(str(path), error.strerror or "it cannot be opened") from None
    except UnicodeDecodeError:
        raise TokenFileUnreadable(str(path), "it holds no token") from None
    if not token:
        raise TokenFileUnreadable(str(path), "it is empty")
    return token


async def token_of_identity(identity: SignIn, audience: str) -> str:
    """A token of a managed identity for ``audience``, such as ``api://AzureADTokenExchange``: with it an application signs in that has a
    federated credential for that identity. It must be a user-assigned one.
    https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity

    Raises:
        CredentialProblem: the platform gives none.
    """
    return (await identity.get_token_info(f"{audience}/.default")).token
