"""Does what a plan says, one action at a time. Every action may be done again."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from connector.graph.errors import RequestRefused, UnexpectedAnswer
from connector.graph.writing import Outcome
from connector.setup import reading
from connector.setup.actions import (
    Action,
    AddCertificate,
    AddIdentifier,
    AddPassword,
    AddTrust,
    CorrectTrust,
    CreatePrincipal,
    CreateRegistration,
    Grant,
    RemovePassword,
    UpdateRegistration,
    Withdraw,
)
from connector.setup.errors import SetupProblem
from connector.setup.keeping import Place
from connector.setup.passwords import Passwords, remove_password
from connector.setup.tenant import Found, Registration
from connector.setup.wanted import Wanted
from connector.setup.writing import NEWNESS, Writer, error_of

INTEGRATED = "WindowsAzureActiveDirectoryIntegratedApp"
"""Tag of service principals that the Entra admin center shows among the enterprise applications.
https://learn.microsoft.com/graph/api/resources/serviceprincipal#properties"""


class Doing:
    """One setup that is going on.

    Attributes:
        object_id: of the app registration, once there is one.
        client_id: its application id.
        principal_id: object id of the service principal, once there is one.
        not_granted: names of the permissions that this administrator may not grant.
        not_withdrawn: names of those that they may not take back.
    """

    def __init__(
        self,
        writer: Writer,
        wanted: Wanted,
        found: Found,
        place: Place | None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._writer = writer
        self._wanted = wanted
        self._found = found
        self._place = place
        self._clock = clock
        there, principal = found.registration, found.principal
        self.object_id = there.id if there else ""
        self.client_id = there.app_id if there else principal.app_id if principal else ""
        self.principal_id = principal.id if principal else ""
        self.not_granted: list[str] = []
        self.not_withdrawn: list[str] = []

    async def do(self, action: Action) -> bool:
        """Do it; False where the administrator may not, and somebody else has to.

        Raises:
            GraphError: Graph refuses, or nobody knows.
            CredentialProblem: Key Vault refuses.
            SetupProblem: it cannot be done.
        """
        application, send = f"/applications/{self.object_id}", self._writer.do
        match action:
            case CreateRegistration():
                await self._create(action)
            case UpdateRegistration():
                await send("PATCH", application, action.body)
            case AddIdentifier():
                await send("PATCH", application, {"identifierUris": [*action.others, f"api://{self.client_id}"]})
            case CreatePrincipal():
                await self._create_principal()
            case AddTrust():
                trust = action.trust
                told = {
                    "name": trust.name,
                    "issuer": trust.issuer,
                    "subject": trust.subject,
                    "audiences": [trust.audience],
                }
                await send("POST", f"{application}/federatedIdentityCredentials", told, done_already="already exist")
            case CorrectTrust():
                corrected = {"audiences": [action.trust.audience]}
                await send("PATCH", f"{application}/federatedIdentityCredentials/{action.id}", corrected)
            case AddCertificate():
                await send("PATCH", application, {"keyCredentials": _keys(action)})
            case AddPassword():
                await self._passwords.add(action, self._clock())
            case RemovePassword():
                await remove_password(self._writer, self.object_id, action.key_id)
            case Grant():
                return await self._grant(action)
            case Withdraw():
                return await self._withdraw(action)
            case _:
                raise TypeError(f"{type(action).__name__} is no action")
        return True

    @property
    def _passwords(self) -> Passwords:
        if self._place is None:
            raise SetupProblem("There is no place to keep a client secret.", "Give --key-vault.")
        return Passwords(self._writer, self.object_id, self.client_id, self._place)

    async def _create(self, action: CreateRegistration) -> None:
        """Sent once. Where no answer comes, it is looked for by its tag, so that there are never two."""
        written = await self._writer.send("POST", "/applications", action.body, repeatable=False)
        if written.done:
            made: Registration | None = reading.understood(written.body, Registration)
        elif written.outcome is Outcome.UNKNOWN:
            made = await self._look_for_registration()
        else:
            raise error_of(written)
        if made is None:
            raise SetupProblem(
                "Graph did not answer whether it has made the app registration, and it is not there.",
                "Wait some minutes and run setup again: it finds what was made, and makes it otherwise.",
            )
        self.object_id, self.client_id, self._writer.fresh = made.id, made.app_id, True

    async def _look_for_registration(self) -> Registration | None:
        for wait in NEWNESS[:4]:
            there = await reading.find_registration(self._writer.session, self._wanted)
            if there is not None:
                return there
            await self._writer.session.pause(wait)
        return None

    async def _create_principal(self) -> None:
        body = {"appId": self.client_id, "tags": [INTEGRATED]}
        await self._writer.do("POST", "/servicePrincipals", body, done_already="already in use")
        self._writer.fresh = True
        for wait in (*NEWNESS, None):
            there = await reading.find_principal(self._writer.session, self.client_id, self._found.graph_id)
            if there is not None:
                self.principal_id = there.id
                return
            if wait is not None:
                await self._writer.session.pause(wait)
        raise UnexpectedAnswer("Graph has made the service principal and does not show it")

    async def _grant(self, action: Grant) -> bool:
        body = {"principalId": self.principal_id, "resourceId": self._found.graph_id, "appRoleId": action.role_id}
        path = f"/servicePrincipals/{self.principal_id}/appRoleAssignments"
        if not self.not_granted:  # whoever may not grant one may grant none
            try:
                await self._writer.do("POST", path, body, done_already="already exists on the object")
            except RequestRefused as error:
                if not error.forbidden:
                    raise
            else:
                return True
        self.not_granted.append(action.name)
        return False

    async def _withdraw(self, action: Withdraw) -> bool:
        path = f"/servicePrincipals/{self.principal_id}/appRoleAssignments/{action.assignment_id}"
        written = await self._writer.send("DELETE", path)
        refused = written.refusal
        if written.done or (refused is not None and refused.not_found):
            return True
        if refused is not None and refused.forbidden:
            self.not_withdrawn.append(action.name)
            return False
        raise error_of(written)


def _keys(action: AddCertificate) -> list[dict[str, Any]]:
    """All keys, because a PATCH replaces the list. Those that are there are named by all that Graph shows of them: it takes a changed
    identifier for an attempt to change them, and shows no key itself, which then stays as it is.
    https://learn.microsoft.com/graph/api/application-update"""
    others = [
        {name: value for name, value in one.items() if not (name == "key" and value is None)} for one in action.others
    ]
    fresh = {
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "key": base64.b64encode(action.certificate.der).decode(),
        "displayName": "connector setup",
    }
    return [*others, fresh]
