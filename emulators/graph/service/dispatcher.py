"""One request of Graph from end to end: fault, token, route, charge, permission, operation, headers."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import msgspec

from emulators.graph.service.audiences import GRAPH_AUDIENCES
from emulators.graph.service.batch import serve_batch
from emulators.graph.service.context import Context
from emulators.graph.service.costs import charge_of, is_write, resource_units
from emulators.graph.service.delegated import require_directory_role, scope_suffices
from emulators.graph.service.errors import GraphError, invalid_token, method_not_allowed
from emulators.graph.service.fault_answers import dropped, failure
from emulators.graph.service.faults import Fault, Faults
from emulators.graph.service.jwt import Issuer, TokenExpired, TokenMalformed
from emulators.graph.service.messages import JSON_TYPE, Caller, Reply, Request
from emulators.graph.service.metrics import Metrics
from emulators.graph.service.operations import Call
from emulators.graph.service.permissions import require
from emulators.graph.service.routing import Route, Router
from emulators.graph.service.throttle import Throttle
from emulators.graph.service.wording import older

_log = logging.getLogger(__name__)

_DIAGNOSTIC = msgspec.json.encode(
    {
        "ServerInfo": {
            "DataCenter": "Emulated",
            "Slice": "E",
            "Ring": "1",
            "ScaleUnit": "000",
            "RoleInstance": "EMULATOR",
        }
    }
).decode()


class Dispatcher:
    """Serves requests of Graph, alone or inside a batch."""

    def __init__(
        self,
        *,
        context: Context,
        issuer: Issuer,
        throttle: Throttle,
        metrics: Metrics,
        faults: Faults,
        router: Router,
    ) -> None:
        self._context = context
        self._issuer = issuer
        self._throttle = throttle
        self._metrics = metrics
        self._faults = faults
        self._router = router

    def serve(self, request: Request, fault: Fault | None = None) -> Reply:
        """The answer to one HTTP request, which may be a batch; ``fault`` answers in its place."""
        request_id = str(uuid.uuid4())
        try:
            caller = self._caller(request.headers.get("authorization", ""))
            known = replace(request, caller=caller)
            reply = self._one(known, fault)
        except GraphError as error:
            reply = self._refusal(error, request, request_id)
        if reply.later is None:
            return self._finished(reply, request, request_id)
        pending = reply.later

        async def finished() -> Reply:
            return self._finished(await pending(), request, request_id)

        return Reply(later=finished)

    def _batch(self, request: Request) -> Reply:
        if request.method != "POST":
            raise method_not_allowed()
        return serve_batch(request, self._inner, self._context.variants)

    def _inner(self, request: Request) -> Reply:
        options = "&".join(f"{name}={value}" for name, value in request.options)
        address = f"/{request.version}/{request.path}" + (f"?{options}" if options else "")
        met = self._faults.take(request.method, address, inside_batch=True)
        self._faults.run_verbs(met, after=False)
        if met.drop == "before":
            return self._refusal(dropped(), request, str(uuid.uuid4()))
        reply = self._one(request, met.answer)
        self._faults.run_verbs(met, after=True)
        if met.drop == "after":
            return self._refusal(dropped(), request, str(uuid.uuid4()))
        if met.raw is not None:
            reply.body = met.raw
        reply.delay_seconds = met.delay_seconds
        return reply

    def _one(self, request: Request, fault: Fault | None) -> Reply:
        if fault is not None and fault.status is not None:
            if fault.after_effect:
                self._whole(request)
            reply = self._faulty(fault, fault.status, request)
            self._metrics.served(f"{request.method} fault", reply.status, 1, write=False)
            reply.headers.setdefault("x-ms-resource-unit", "1")
            return reply
        return self._whole(request)

    def _whole(self, request: Request) -> Reply:
        return self._batch(request) if request.path == "$batch" else self._served(request)

    def _served(self, request: Request) -> Reply:
        operation, units = f"{request.method} unknown", 1
        try:
            route = self._router.find(request.method, request.path)
            operation = f"{request.method} {route.template}"
            units = resource_units(operation, request)
            reply = self._routed(request, route, operation)
        except GraphError as error:
            reply = self._refusal(error, request, str(uuid.uuid4()))
        except Exception:
            _log.exception("%s failed", operation)
            failed = GraphError(500, "InternalServerError", "The emulator failed; its log says why.")
            reply = self._refusal(failed, request, str(uuid.uuid4()))
        if reply.later is not None:
            return Reply(headers=reply.headers, later=self._completed(reply, request, operation, units))
        return self._counted(reply, operation, units)

    def _completed(
        self, begun: Reply, request: Request, operation: str, units: int
    ) -> Callable[[], Coroutine[Any, Any, Reply]]:
        async def completed() -> Reply:
            try:
                reply = begun if begun.later is None else await begun.later()
            except GraphError as error:
                reply = self._refusal(error, request, str(uuid.uuid4()))
            reply.headers = begun.headers | reply.headers
            return self._counted(reply, operation, units)

        return completed

    def _counted(self, reply: Reply, operation: str, units: int) -> Reply:
        reply.headers.setdefault("x-ms-resource-unit", str(units))
        self._metrics.served(operation, reply.status, units, write=is_write(operation) and reply.status < 400)
        return reply

    def _routed(self, request: Request, route: Route, operation: str) -> Reply:
        caller, variants = request.caller, self._context.variants
        if caller is None:
            raise invalid_token("Access token is empty.")
        charge = charge_of(caller.app_id, operation, request, reports=variants.reports_limit)
        headers = self._throttle.charge(charge, retry_after=variants.retry_after, body=variants.throttle_body)
        if not (caller.delegated and scope_suffices(operation, caller.roles)):
            require(operation, caller.roles, named=variants.pim_refusal_names_scopes)
        seen = nullcontext() if is_write(operation) else self._context.reading()
        with self._context.tenant.lock, seen:
            call = Call(self._context, request, caller, route.ids)
            if caller.delegated:
                require_directory_role(call, operation)
            reply = route.operation(call)
        reply.headers |= headers
        return reply

    def _caller(self, authorization: str) -> Caller:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise invalid_token("Access token is empty.")
        try:
            claims = self._issuer.check(token)
        except TokenMalformed:
            raise invalid_token("CompactToken parsing failed with error code: 80049217") from None
        except TokenExpired:
            raise invalid_token("Lifetime validation failed, the token is expired.") from None
        if claims.aud not in GRAPH_AUDIENCES:
            raise invalid_token("Access token validation failure. Invalid audience.")
        if claims.tid != self._context.tenant.id:
            raise invalid_token("Access token validation failure. Invalid issuer.")
        held = claims.scp.split() if claims.idtyp == "user" else claims.roles
        return Caller(claims.appid, claims.oid, frozenset(held), claims.exp, delegated=claims.idtyp == "user")

    def _faulty(self, fault: Fault, status: int, request: Request) -> Reply:
        reply = self._refusal(failure(fault, status, request), request, str(uuid.uuid4()))
        if fault.body is not None:
            reply.body = fault.body
        return reply

    def _refusal(self, error: GraphError, request: Request, request_id: str) -> Reply:
        if self._context.variants.refusal_wording == "older":
            error = older(error)
        client_request_id = request.headers.get("client-request-id") or request_id
        body: dict[str, Any] = error.body(self._context.clock.utc(), request_id, client_request_id)
        return Reply(error.status, body, {"Content-Type": "application/json", **error.headers})

    def _finished(self, reply: Reply, request: Request, request_id: str) -> Reply:
        if isinstance(reply.body, dict) and "error" in reply.body:
            inner = reply.body["error"].get("innerError")
            request_id = inner.get("request-id", request_id) if isinstance(inner, dict) else request_id
        defaults = {
            "Content-Type": JSON_TYPE,
            "Cache-Control": "no-cache",
            "Date": formatdate(self._context.clock.now(), usegmt=True),
            "OData-Version": "4.0",
            "request-id": request_id,
            "client-request-id": request.headers.get("client-request-id") or request_id,
            "x-ms-ags-diagnostic": _DIAGNOSTIC,
        }
        reply.headers = defaults | reply.headers
        return reply
