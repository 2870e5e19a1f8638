"""Answers on their way out: what faults do to them, and their form as aiohttp sends them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from emulators.graph.service.faults import Fault, Faults
from emulators.graph.service.messages import Reply, split_target


async def answer(
    request: web.BaseRequest, faults: Faults, serve: Callable[[Fault | None], Reply], *, latency_seconds: float = 0
) -> web.StreamResponse:
    """Serve a request, with the faults that it meets.

    Args:
        request: the request.
        faults: those that are armed.
        serve: makes the answer, given the fault that decides on it, if any.
        latency_seconds: how long it takes at least.
    """
    path, options = split_target(request.raw_path)
    query = "&".join(f"{name}={value}" for name, value in options)
    met = faults.take(request.method, f"/{path}" + (f"?{query}" if query else ""))
    await _pause(latency_seconds + met.delay_seconds)
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
    return response(reply, content)


def response(reply: Reply, content: bytes | None = None) -> web.Response:
    """An answer as aiohttp sends it, with ``content`` in place of its own body."""
    headers = dict(reply.headers)
    headers.setdefault("Content-Type", "application/json; charset=utf-8")
    return web.Response(status=reply.status, body=reply.content() if content is None else content, headers=headers)


async def _pause(seconds: float) -> None:
    if seconds:
        await asyncio.sleep(seconds)


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
