"""A setup from its beginning to its end, as whoever has signed in."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from connector.credentials.errors import CredentialProblem
from connector.credentials.signing_in import SignIn
from connector.credentials.tls import trust
from connector.graph.connection import GraphConnection
from connector.graph.session import GraphSession
from connector.settings import Settings
from connector.setup import reading
from connector.setup.actions import Action, Plan, RemovePassword
from connector.setup.doing import Doing
from connector.setup.keeping import CertificateSource, Place, mark_of
from connector.setup.planning import plan
from connector.setup.proving import Proof, Sleep, prove, with_certificate, with_secret
from connector.setup.registration_plan import offered
from connector.setup.tenant import Found
from connector.setup.wanted import Wanted
from connector.setup.writing import Writer

Opening = Callable[[Settings, ssl.SSLContext], SignIn]
Told = Callable[[Action, bool], None]
"""Is told of each action that was done, and whether it was: False where the administrator may not."""


@dataclass(frozen=True, slots=True)
class KeptWhere:
    """Where client secrets are kept, and where the certificate comes from; None where there is no such thing."""

    place: Place | None = None
    certificate: CertificateSource | None = None


@dataclass(slots=True)
class Done:
    """How a setup ended.

    Attributes:
        client_id: of the app registration, or of the managed identity.
        not_granted: names of the permissions that somebody with more rights has to grant.
        not_withdrawn: names of those that somebody with more rights has to take back.
        proof: what came of signing in as the connector; None where that cannot be tried from here.
        left: what was not done because nothing has signed in.
    """

    client_id: str
    not_granted: tuple[str, ...] = ()
    not_withdrawn: tuple[str, ...] = ()
    proof: Proof | None = None
    left: list[Action] = field(default_factory=list)


class Setup:
    """A setup that was prepared: what there is has been read, and nothing has been written. Made by :func:`open_setup`.

    Attributes:
        plan: what follows.
        identity_client_id: by which settings name the managed identity; empty where none is concerned, or a system-assigned one.
    """

    def __init__(
        self, settings: Settings, wanted: Wanted, session: GraphSession, kept: KeptWhere, sleep: Sleep
    ) -> None:
        self._settings = settings
        self._wanted = wanted
        self._session = session
        self._place, self._certificate = kept.place, kept.certificate
        self._sleep = sleep
        self._found = Found(graph_id="", graph_roles=frozenset())
        self.plan = Plan((), (), ())
        self.identity_client_id = ""

    async def prepare(self) -> None:
        """Read what there is, and plan.

        Raises:
            SetupProblem: what is meant is not there, or is not clear.
            GraphError: Graph cannot be asked.
            CredentialProblem: Key Vault cannot be read.
        """
        if self._certificate is not None:
            self._wanted = replace(self._wanted, certificate=await self._certificate.certificate())
        if self._wanted.identity:
            identity = await reading.read_identity(self._session, self._wanted.identity)
            self.identity_client_id = "" if identity.system_assigned else identity.app_id
        found = await reading.read_tenant(self._session, self._wanted)
        if self._place is not None:
            there = found.registration
            kept = await self._place.kept(there.app_id if there else "", there.password_credentials if there else ())
            found = replace(found, where=self._place.described, mark=mark_of(self._place.described), kept=kept)
        self._found = found
        self.plan = plan(self._wanted, found, datetime.now(UTC))

    async def carry_out(self, tell: Told) -> Done:
        """Do what is planned, and prove that it works.

        Args:
            tell: is told of each action as it is done.

        Raises:
            SetupProblem: it cannot go on; what was done stays, and another run goes on from there.
            GraphError: Graph refuses, or cannot be asked.
            CredentialProblem: Key Vault refuses.
        """
        doing = Doing(Writer(self._session), self._wanted, self._found, self._place)
        later = [one for one in self.plan.actions if isinstance(one, RemovePassword) and one.proven_first]
        for action in self.plan.actions:
            if action not in later:
                tell(action, await doing.do(action))
        done = Done(doing.client_id, tuple(doing.not_granted), tuple(doing.not_withdrawn))
        done.proof = await self._prove(done)
        for action in later:
            if done.proof is not None and done.proof.signed_in:
                tell(action, await doing.do(action))
            else:
                done.left.append(action)
        return done

    async def _prove(self, done: Done) -> Proof | None:
        settings = await self._as_connector(done.client_id)
        if settings is None:
            return None
        granted = [one.name for one in offered(self._wanted, self._found)]
        expected = [one for one in granted if one not in done.not_granted] if self._wanted.consent else []
        return await prove(settings, expected, sleep=self._sleep)

    async def _as_connector(self, client_id: str) -> Settings | None:
        """Settings with which the connector signs in from here; None where it cannot."""
        if self._place is not None:
            return with_secret(self._settings, client_id, await self._place.text())
        if self._certificate is None:
            return None
        try:
            text = await self._certificate.text()
        except CredentialProblem:  # reading the key takes a role that whoever sets up need not have
            return None
        return with_certificate(self._settings, client_id, text) if text else None


@asynccontextmanager
async def open_setup(
    settings: Settings,
    wanted: Wanted,
    opening: Opening,
    kept: Callable[[ssl.SSLContext], KeptWhere],
    *,
    sleep: Sleep = asyncio.sleep,
) -> AsyncIterator[Setup]:
    """Connect to Graph as whoever ``opening`` signs in, and to where client secrets are kept.

    Args:
        settings: tenant, cloud and Key Vault.
        wanted: what the setup is to bring about.
        opening: signs the administrator in to Graph.
        kept: opens where client secrets are kept and the certificate comes from, which is closed at the end.
        sleep: how to wait.

    Raises:
        SignInFailed: the administrator gets no token.
        GraphUnreachable: Graph cannot be asked.
    """
    async with AsyncExitStack() as stack:
        opened = kept(trust(settings.ca_file))
        for one in (opened.place, opened.certificate):
            if one is not None:
                stack.push_async_callback(one.close)
        connection = await stack.enter_async_context(GraphConnection(settings, opening=opening))
        session = await stack.enter_async_context(GraphSession(settings, connection=connection, sleep=sleep))
        yield Setup(settings, wanted, session, opened, sleep)
