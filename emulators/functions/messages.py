"""Between HTTP as aiohttp has it and as the worker has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from http.cookies import SimpleCookie

from aiohttp import web
from multidict import CIMultiDict, MultiMapping

from emulators.functions.protos import RpcHttp, RpcHttpCookie, SameSite, TypedData

_OURS_TO_SET = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive", "date", "server"})


async def to_worker(request: web.Request, parameters: Mapping[str, str]) -> TypedData:
    """A request, with its body as bytes.

    Raises:
        web.HTTPRequestEntityTooLarge: the body is larger than the application takes.
    """
    body = await request.read()
    return TypedData(
        http=RpcHttp(
            method=request.method,
            url=str(request.url),
            headers=_joined(request.headers),
            params=parameters,
            query=_joined(request.query),
            body=TypedData(bytes=body) if body else TypedData(),
        )
    )


def to_caller(value: TypedData | None) -> web.Response:
    """The response that an HTTP function has returned; a plain text is a 200."""
    kind = value.WhichOneof("data") if value else None
    if value is None or kind is None:
        return web.Response(status=204)
    if kind == "http":
        return _response(value.http)
    if kind == "bytes":
        return web.Response(body=value.bytes, content_type="application/octet-stream")
    if kind == "json":
        return web.Response(text=value.json, content_type="application/json")
    return web.Response(text=str(getattr(value, kind)), content_type="text/plain", charset="utf-8")


def _response(http: RpcHttp) -> web.Response:
    headers: CIMultiDict[str] = CIMultiDict(
        (name, text) for name, text in http.headers.items() if name.lower() not in _OURS_TO_SET
    )
    for cookie in http.cookies or ():
        headers.add("Set-Cookie", _cookie(cookie))
    body = http.body.bytes if http.body and http.body.WhichOneof("data") == "bytes" else b""
    return web.Response(status=int(http.status_code), headers=headers, body=body)


def _cookie(cookie: RpcHttpCookie) -> str:
    jar = SimpleCookie({cookie.name: cookie.value})
    morsel = jar[cookie.name]
    if cookie.domain:
        morsel["domain"] = cookie.domain.value
    if cookie.path:
        morsel["path"] = cookie.path.value
    if cookie.expires:
        expires = datetime.fromtimestamp(cookie.expires.value.seconds, UTC)
        morsel["expires"] = expires.strftime("%a, %d %b %Y %H:%M:%S GMT")
    if cookie.max_age:
        morsel["max-age"] = str(int(cookie.max_age.value))
    morsel["secure"] = bool(cookie.secure and cookie.secure.value)
    morsel["httponly"] = bool(cookie.http_only and cookie.http_only.value)
    same_site = SameSite(cookie.same_site).name
    if same_site != "None":
        morsel["samesite"] = "None" if same_site == "ExplicitNone" else same_site
    return morsel.OutputString()


def _joined(pairs: MultiMapping[str]) -> dict[str, str]:
    """One value a name: those that come several times are joined by commas, as the real host joins them."""
    names = dict.fromkeys(pairs.keys())
    return {name: ",".join(pairs.getall(name)) for name in names}
