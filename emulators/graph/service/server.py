"""HTTPS around the service: one port for Graph, sign-in and the admin address, in a thread with its own event loop."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from emulators.graph.service.admin import PREFIX, Admin
from emulators.graph.service.answering import answer, response
from emulators.graph.service.dispatcher import Dispatcher
from emulators.graph.service.entra import Entra
from emulators.graph.service.faults import Fault, Faults
from emulators.graph.service.messages import Reply, Request, split_target
from emulators.graph.service.metrics import Metrics
from emulators.graph.service.signin import SignInRequest
from emulators.graph.service.subscriptions.notifications import Notifications
from emulators.localserver import HOST, LocalServer, body_of, headers_of


class _Parts(Protocol):
    dispatcher: Dispatcher
    sign_in: Entra
    admin: Admin
    metrics: Metrics
    faults: Faults
    notifications: Notifications


class Server(LocalServer):
    """Serves ``parts`` on a port of this machine. Start and stop it once.

    Args:
        port: 0 for one that the system chooses.
        latency_seconds: how long every answer of Graph takes at least.
    """

    def __init__(self, parts: _Parts, tls: ssl.SSLContext, *, port: int, latency_seconds: float) -> None:
        notifications = parts.notifications
        super().__init__(
            self._serve,
            tls=tls,
            port=port,
            name="graph-emulator",
            opened=notifications.start,
            closing=notifications.stop,
        )
        self._parts = parts
        self._latency = latency_seconds

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await body_of(request)
        if body is None:
            return web.Response(status=413)
        path, _ = split_target(request.raw_path)
        first = path.partition("/")[0]
        if first == PREFIX:
            return self._admin(request, path, body)
        serve = self._graph(request, body) if first in ("v1.0", "beta") else self._entra(request, path, body)
        return await answer(request, self._parts.faults, serve, latency_seconds=self._latency)

    def _admin(self, request: web.BaseRequest, path: str, body: bytes) -> web.Response:
        if not ipaddress.ip_address(request.remote or "0.0.0.0").is_loopback:  # noqa: S104
            return web.Response(status=403)
        options = dict(request.query)
        return response(self._parts.admin.serve(request.method, path.removeprefix(PREFIX), options, body))

    def _graph(self, request: web.BaseRequest, body: bytes) -> Callable[[Fault | None], Reply]:
        path, options = split_target(request.raw_path)
        version, _, rest = path.partition("/")
        parsed = Request(request.method, version, rest, options, headers_of(request), body, self._root(request))

        def serve(fault: Fault | None) -> Reply:
            self._parts.metrics.http()
            return self._parts.dispatcher.serve(parsed, fault)

        return serve

    def _entra(self, request: web.BaseRequest, path: str, body: bytes) -> Callable[[Fault | None], Reply]:
        parsed = SignInRequest(
            request.method, path, headers_of(request), body, self._root(request), split_target(request.raw_path)[1]
        )

        def serve(fault: Fault | None) -> Reply:
            if fault is not None and fault.status is not None:
                headers = dict(fault.headers)
                if fault.retry_after is not None:
                    headers["Retry-After"] = str(fault.retry_after)
                if fault.after_effect:
                    self._parts.sign_in.serve(parsed)
                return Reply(fault.status, fault.body, headers)
            reply = self._parts.sign_in.serve(parsed)
            if reply is None:
                return Reply(404)
            if reply.status == 200 and path.endswith("/token"):
                self._parts.metrics.token()
            return reply

        return serve

    def _root(self, request: web.BaseRequest) -> str:
        """Links name the host that the caller used, as long as the certificate covers it."""
        return f"https://{request.host}" if request.host == f"{HOST}:{self.port}" else self.root
