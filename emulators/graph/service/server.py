"""HTTPS around the service: one port for Graph, sign-in and the admin address, in a thread with its own event loop."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import trustme
from aiohttp import web

from emulators.graph.service.admin import PREFIX, Admin
from emulators.graph.service.dispatcher import Dispatcher
from emulators.graph.service.faults import Fault, Faults
from emulators.graph.service.messages import Reply, Request, split_target
from emulators.graph.service.metrics import Metrics
from emulators.graph.service.signin import SignIn, SignInRequest
from emulators.graph.service.subscriptions.notifications import Notifications

HOST = "127.0.0.1"
_LONGEST_LINE = 64 * 1024  # delta tokens carry every id of their filter
_LARGEST_BODY = 16 * 1024 * 1024
_START_SECONDS = 30
_TURNS_TO_CLOSE = 5  # of the event loop, from the abort of a TLS connection to the release of its socket: two or three


class _Parts(Protocol):
    dispatcher: Dispatcher
    sign_in: SignIn
    admin: Admin
    metrics: Metrics
    faults: Faults
    notifications: Notifications


def make_certificate(ca_file: Path) -> ssl.SSLContext:
    """A server certificate for localhost, and the authority that signed it, written to ``ca_file``."""
    authority = trustme.CA(organization_name="Emulated Microsoft Graph")
    certificate = authority.issue_cert("localhost", "127.0.0.1", "::1")
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


class Server:
    """Serves ``parts`` on a port of this machine. Start and stop it once.

    Args:
        port: 0 for one that the system chooses.
        latency_seconds: how long every answer of Graph takes at least.
    """

    def __init__(self, parts: _Parts, tls: ssl.SSLContext, *, port: int, latency_seconds: float) -> None:
        self._parts = parts
        self._tls = tls
        self._wanted_port = port
        self._latency = latency_seconds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="graph-emulator", daemon=True)
        self._runner: web.ServerRunner | None = None
        self.port = 0

    def start(self) -> None:
        """Start listening.

        Raises:
            OSError: when the port is taken.
        """
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(_START_SECONDS)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Close every connection and end the thread."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(_START_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def root(self) -> str:
        """``https://localhost:port``."""
        return f"https://localhost:{self.port}"

    async def _close(self) -> None:
        await self._parts.notifications.stop()
        if self._runner is None:
            return
        open_still = [handler.transport for handler in self._server.connections if handler.transport is not None]
        await self._runner.cleanup()
        for transport in open_still:  # a polite TLS close waits for clients that may be gone
            transport.abort()
        for _ in range(_TURNS_TO_CLOSE):
            await asyncio.sleep(0)

    async def _listen(self) -> None:
        self._server = web.Server(self._handle, max_line_size=_LONGEST_LINE, max_field_size=_LONGEST_LINE)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._wanted_port, ssl_context=self._tls)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        await self._parts.notifications.start()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await _body(request)
        if body is None:
            return web.Response(status=413)
        path, _ = split_target(request.raw_path)
        first = path.partition("/")[0]
        if first == PREFIX:
            return self._admin(request, path, body)
        serve = self._graph(request, body) if first in ("v1.0", "beta") else self._entra(request, path, body)
        return await self._with_faults(request, serve)

    def _admin(self, request: web.BaseRequest, path: str, body: bytes) -> web.Response:
        if not ipaddress.ip_address(request.remote or "0.0.0.0").is_loopback:  # noqa: S104
            return web.Response(status=403)
        options = dict(request.query)
        return _response(self._parts.admin.serve(request.method, path.removeprefix(PREFIX), options, body))

    def _graph(self, request: web.BaseRequest, body: bytes) -> Callable[[Fault | None], Reply]:
        path, options = split_target(request.raw_path)
        version, _, rest = path.partition("/")
        parsed = Request(request.method, version, rest, options, _headers(request), body, self._root(request))

        def serve(fault: Fault | None) -> Reply:
            self._parts.metrics.http()
            return self._parts.dispatcher.serve(parsed, fault)

        return serve

    def _entra(self, request: web.BaseRequest, path: str, body: bytes) -> Callable[[Fault | None], Reply]:
        parsed = SignInRequest(request.method, path, _headers(request), body, self._root(request))

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

    async def _with_faults(
        self, request: web.BaseRequest, serve: Callable[[Fault | None], Reply]
    ) -> web.StreamResponse:
        path, options = split_target(request.raw_path)
        query = "&".join(f"{name}={value}" for name, value in options)
        faults = self._parts.faults
        met = faults.take(request.method, f"/{path}" + (f"?{query}" if query else ""))
        await _pause(self._latency + met.delay_seconds)
        faults.run_verbs(met, after=False)
        if met.drop == "before":
            return _dropped(request)
        reply = serve(met.answer)
        if reply.later is not None:
            reply = await reply.later()
        faults.run_verbs(met, after=True)
        await _pause(reply.delay_seconds)
        if met.drop == "after":
            return _dropped(request)
        content = reply.content() if met.raw is None else met.raw.encode()
        if met.truncate is not None:
            return await _truncated(request, reply, content[: met.truncate], len(content))
        return _response(reply, content)

    def _root(self, request: web.BaseRequest) -> str:
        """Links name the host that the caller used, as long as the certificate covers it."""
        return f"https://{request.host}" if request.host == f"{HOST}:{self.port}" else self.root


async def _body(request: web.BaseRequest) -> bytes | None:
    """The body, or None when it is too large."""
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > _LARGEST_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


def _headers(request: web.BaseRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


async def _pause(seconds: float) -> None:
    if seconds:
        await asyncio.sleep(seconds)


def _response(reply: Reply, content: bytes | None = None) -> web.Response:
    headers = dict(reply.headers)
    headers.setdefault("Content-Type", "application/json; charset=utf-8")
    return web.Response(status=reply.status, body=reply.content() if content is None else content, headers=headers)


def _dropped(request: web.BaseRequest) -> web.Response:
    """Close the connection; what is returned never leaves."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _truncated(request: web.BaseRequest, reply: Reply, part: bytes, whole: int) -> web.StreamResponse:
    """Announce ``whole`` bytes, send a part of them, and close."""
    headers = {"Content-Type": "application/json", **reply.headers, "Content-Length": str(whole)}
    response = web.StreamResponse(status=reply.status, headers=headers)
    await response.prepare(request)
    await response.write(part)
    if request.transport is not None:
        request.transport.close()
    return response
