"""Tokens for managed identities, which Azure itself vouches for: no credential is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from emulators.graph.service import aadsts
from emulators.graph.service.audiences import audience_of
from emulators.graph.service.clients import Clients, How
from emulators.graph.service.context import Context
from emulators.graph.service.jwt import Issuer, Subject
from emulators.graph.service.state import fact_or
from emulators.graph.tenant.identity_verbs import ManagedIdentity

LIFETIME_SECONDS = 24 * 60 * 60
"""How long tokens of managed identities live: a day, as Microsoft documents."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A token, and when it expires, in seconds since 1970."""

    token: str = field(repr=False)
    expires_on: int


class IdentityTokens:
    """Issues tokens to the managed identities of one tenant."""

    def __init__(self, context: Context, issuer: Issuer) -> None:
        self._tenant = context.tenant
        self._now: Callable[[], float] = context.clock.now
        self._issuer = issuer
        self._clients = Clients(context.tenant, issuer.key_set)

    def issue(self, identity: ManagedIdentity, resource: str) -> Issued:
        """A token for ``resource``; for Graph with the permissions that the identity has now.

        Raises:
            SignInError: the identity is gone or disabled, or there is no such resource.
        """
        client = self._clients.find(identity.client_id)
        audience = audience_of(resource)
        if audience is None:
            raise aadsts.unknown_resource(resource, fact_or(self._tenant, "display_name", self._tenant.id))
        subject = Subject(
            self._tenant.id,
            client.app_id,
            client.object_id,
            client.roles,
            client.name,
            How.ASSERTION,
            identity.resource_id,
        )
        token = self._issuer.issue(subject, audience, lifetime_seconds=LIFETIME_SECONDS)
        return Issued(token, int(self._now()) + LIFETIME_SECONDS)
