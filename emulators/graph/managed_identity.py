"""Where an app in Azure gets tokens as its managed identity: App Service's endpoint, also that of Functions.

Protocol: version ``2019-08-01`` of the endpoint as documented for App Service, as ``azure-identity`` and ``msal`` ask.
Refusals were captured from the service, but for those of a wrong header or version, which are the emulator's own.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from aiohttp import web

from emulators.graph.emulator import GraphEmulator
from emulators.graph.service.aadsts import SignInError
from emulators.graph.service.answering import answer
from emulators.graph.service.faults import Fault, Faults
from emulators.graph.service.messages import Reply, split_target
from emulators.graph.tenant.identity_verbs import ManagedIdentity
from emulators.localserver import LocalServer, headers_of

_PATH = "msi/token"
_VERSION = "2019-08-01"
_NAMED_BY = ("client_id", "principal_id", "object_id", "mi_res_id")
_NO_SUCH = "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."
_UNCLEAR = "Unable to load the proper Managed Identity."


class ManagedIdentityEndpoint:
    """Issues tokens to one app while the ``with`` block runs, over plain HTTP as in Azure.

    Args:
        graph: a running Graph emulator, which signs the tokens.
        identities: object ids of the identities that the app has; at most one is system-assigned.
        port: 0 for one that the system chooses.
    """

    def __init__(self, graph: GraphEmulator, identities: Sequence[str], *, port: int = 0) -> None:
        self._graph = graph
        self._identities = tuple(identities)
        self._header = str(uuid.uuid4()).upper()
        self.faults = Faults((), lambda _verb, _arguments: None)
        self._server = LocalServer(self._serve, tls=None, port=port, name="managed-identity")
        self.tokens_issued = 0

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    def environment(self) -> dict[str, str]:
        """The variables by which an app in Azure finds the endpoint."""
        return {"IDENTITY_ENDPOINT": f"{self._server.root}/{_PATH}", "IDENTITY_HEADER": self._header}

    def fail(self, *faults: Fault) -> None:
        """Arm faults for calls to come."""
        for fault in faults:
            self.faults.add(fault)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        path, options = split_target(request.raw_path)
        headers = headers_of(request)

        def serve(fault: Fault | None) -> Reply:
            if fault is not None and fault.status is not None:
                retry = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
                return Reply(fault.status, fault.body, fault.headers | retry)
            if request.method != "GET" or path != _PATH:
                return Reply(404)
            return self._token(dict(options), headers.get("x-identity-header", ""))

        return await answer(request, self.faults, serve)

    def _token(self, query: Mapping[str, str], header: str) -> Reply:
        if not secrets.compare_digest(header.encode(), self._header.encode()):
            return _refused(401, "The header X-IDENTITY-HEADER is missing or wrong.")
        if query.get("api-version") != _VERSION:
            return _refused(400, f"The api-version must be {_VERSION}.")
        resource = query.get("resource", "")
        if not resource:
            return _refused(400, "The parameter resource is missing.")
        found = self._find(query)
        if isinstance(found, str):
            return _refused(400, found)
        try:
            issued = self._graph.identity_tokens.issue(found, resource)
        except SignInError as error:
            return _refused(500, f"An unexpected error occured while fetching the AAD Token. AADSTS{error.number}")
        self.tokens_issued += 1
        answered = {"access_token": issued.token, "expires_on": str(issued.expires_on), "resource": resource}
        return Reply(200, answered | {"token_type": "Bearer", "client_id": found.client_id.upper()})

    def _find(self, query: Mapping[str, str]) -> ManagedIdentity | str:
        """The identity that is meant, or why there is none."""
        known = [self._graph.tenant.managed_identity(one) for one in self._identities]
        wanted = {name: query[name].lower() for name in _NAMED_BY if query.get(name)}
        if not wanted:
            return next((one for one in known if one.system_assigned), _UNCLEAR)
        for one in known:
            names = {
                "client_id": one.client_id,
                "principal_id": one.object_id,
                "object_id": one.object_id,
                "mi_res_id": one.resource_id,
            }
            if all(names[name].lower() == value for name, value in wanted.items()) and not one.system_assigned:
                return one
        return _NO_SUCH


def _refused(status: int, message: str) -> Reply:
    return Reply(status, {"statusCode": status, "message": message, "correlationId": str(uuid.uuid4())})
