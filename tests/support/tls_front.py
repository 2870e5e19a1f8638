"""TLS in front of a server that has none, as Azure's front end is in front of a Functions host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from aiohttp import web

from emulators.certificates import CertificateAuthority
from emulators.localserver import LocalServer, body_of

_OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date", "server"}


@contextmanager
def tls_front(authority: CertificateAuthority, behind: list[str]) -> Iterator[str]:
    """The ``https://`` address at which the server at ``behind[0]`` answers, whoever that will be when the first one asks."""
    client = httpx.AsyncClient(timeout=60)

    async def forward(request: web.BaseRequest) -> web.StreamResponse:
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _OF_ONE_HOP]
        answer = await client.request(
            request.method, behind[0] + request.raw_path, headers=headers, content=await body_of(request)
        )
        response = web.Response(status=answer.status_code, body=answer.content)
        response.headers.clear()
        for name, value in answer.headers.multi_items():
            if name.lower() not in _OF_ONE_HOP:
                response.headers.add(name, value)
        return response

    server = LocalServer(forward, tls=authority.server(), port=0, name="tls-front", closing=client.aclose)
    server.start()
    try:
        yield server.root
    finally:
        server.stop()
