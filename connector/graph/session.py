"""One conversation with Microsoft Graph: requests go out, raw bytes come back, and all waiting is decided here.

Requests are built with msgraph-sdk's typed builders and sent through its adapter; answers are decoded by msgspec into
typed structs, never by the SDK's deserializer, which is some thousand times slower on pages of a thousand objects.

The SDK and its dependencies are imported when a session opens, not when this module is imported: a function that only
takes a message from a queue should not wait for them.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from connector.credentials.errors import CredentialProblem
from connector.graph import retry
from connector.graph.addresses import address
from connector.graph.clock import Clock
from connector.graph.connection import GraphConnection
from connector.graph.costs import predicted_units
from connector.graph.deletions import check_deletion
from connector.graph.envelope import parse_error
from connector.graph.errors import GraphError, GraphUnreachable, Throttled, UnexpectedAnswer, refusal
from connector.graph.limiter import service_of
from connector.graph.stats import GraphStats
from connector.graph.tokens import sign_in_error
from connector.settings import Settings

if TYPE_CHECKING:
    import httpx
    from kiota_abstractions.request_information import RequestInformation
    from msgraph.generated.base_graph_service_client import BaseGraphServiceClient

_BATCH = "/$batch"


@dataclass(frozen=True, slots=True)
class Reply:
    """What Graph answered: ``status`` (below 400, unless it came from :meth:`GraphSession.attempt`), ``headers``, and the ``body``
    as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class GraphSession:
    """Sends requests, one credential and one HTTP client for all of them. An async context manager.

    Attributes:
        stats: what the session has cost so far.
        base_url: address and version of Graph, without a slash at the end.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        stats: GraphStats | None = None,
        deadline: float | None = None,
        connection: GraphConnection | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare a session; nothing is sent before it is entered.

        Args:
            settings: tenant, credential and endpoint.
            stats: counters to go on with; new ones by default.
            deadline: value of :func:`time.monotonic` at which the step ends. A wait that would pass it is not begun.
            connection: an open connection that is shared with others; by default the session has one of its own.
            sleep: how to wait.
        """
        self.stats = stats or GraphStats()
        self.base_url = f"{settings.graph_endpoint}/v1.0"
        self._settings = settings
        self._clock = Clock(sleep, deadline=deadline)
        self._connection = connection or GraphConnection(settings, clock=self._clock)
        self._own = None if connection else self._connection

    async def __aenter__(self) -> Self:
        """Open a connection, unless one was given.

        Raises:
            SignInFailed: Microsoft Entra ID issues no token.
            GraphUnreachable: its sign-in endpoint cannot be asked.
        """
        if self._own is not None:
            await self._own.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._own is not None:
            await self._own.close()

    @property
    def connection(self) -> GraphConnection:
        """The connection that it uses."""
        return self._connection

    @property
    def token_number(self) -> int:
        """Tells the access token in use from those before it."""
        return self._connection.token_number

    def lacks(self, permission: str) -> bool:
        """Whether the token tells its permissions and ``permission`` is not among them. Explains; decides nothing."""
        permissions = self._connection.told.permissions
        return permissions is not None and permission not in permissions

    @property
    def own_id(self) -> str:
        """Object id of the connector's own service principal, from the token; empty where the token does not say."""
        return self._connection.told.object_id

    async def renew_token(self, refused: int) -> None:
        """Sign in again, as :meth:`GraphConnection.renew_token` does."""
        await self._connection.renew_token(refused)

    @property
    def client(self) -> BaseGraphServiceClient:
        """The root of msgraph-sdk's typed request builders; they build, :meth:`send` sends."""
        from msgraph.generated.base_graph_service_client import BaseGraphServiceClient

        return BaseGraphServiceClient(self._connection.adapter)

    def url(self, info: RequestInformation) -> str:
        """The absolute url of a request that a builder made."""
        info.path_parameters["baseurl"] = self.base_url
        return address(info).replace("%24", "$")  # as documented, and as people read it in logs

    async def get(self, request: RequestInformation | str) -> Reply:
        """GET what a builder made, or an absolute url that Graph handed out (a ``nextLink`` or ``deltaLink``).

        Raises:
            RequestRefused: Graph answers with an error; its subclasses where a different answer is called for.
            Throttled: it must be asked again after the deadline.
            GraphUnreachable: it gives no answer.
            UnexpectedAnswer: the url leads elsewhere than to this Graph.
        """
        url = request if isinstance(request, str) else self.url(request)
        return await self._persist("GET", url, None, predicted_units(self.target(url)))

    async def post(self, path: str, body: bytes, *, units: int) -> Reply:
        """POST the JSON ``body`` to ``path`` (such as ``/$batch``), at a cost of ``units``; raises like :meth:`get`.

        Only for requests that read, because they are sent again when an answer is lost.
        """
        return await self._persist("POST", f"{self.base_url}{path}", body, units)

    async def attempt(self, method: str, path: str, body: bytes | None = None, *, units: int = 1) -> Reply:
        """Send a request once, and hand over whatever is answered: for writes, of which the caller must know how often they were
        sent. :func:`connector.graph.writing.write` decides what follows from it. A write costs one resource unit, a batch of
        them ``units``.

        Raises:
            GraphUnreachable: no answer came; ``sent`` tells whether the request may have arrived.
            Throttled: it could not be sent before the deadline.
            SignInFailed: Microsoft Entra ID issues no token; nothing was sent.
            ValueError: it would delete an object that is only to be referred to no more; nothing was sent.
        """
        check_deletion(method, path)
        response = await self._send_once(method, f"{self.base_url}{path}", body, units)
        if response.status_code < 400 and path != _BATCH:  # its items are charged one by one
            self.observe(path, response.status_code, response.headers, units)
        return Reply(response.status_code, response.headers, response.content)

    async def pause(self, seconds: float) -> None:
        """Wait, unless that would pass the deadline.

        Raises:
            Throttled: it would.
        """
        await self._clock.wait(seconds)

    def may_wait(self, seconds: float) -> bool:
        """Whether a wait of ``seconds`` ends before the deadline."""
        return self._clock.may_wait(seconds)

    def observe(self, target: str, status: int, headers: Mapping[str, str], units: int | None = None) -> None:
        """Take in what an answer says of cost and limits: the answer to a request, or to an item of a batch, that was expected to
        cost ``units``, by default those of a GET."""
        self.stats.charge(status, headers)
        expected = predicted_units(target) if units is None else units
        self._connection.limiter.observe(expected, service_of(target), status, headers)

    def target(self, url: str) -> str:
        """``url`` without address and version: what errors name and batches ask for.

        Raises:
            UnexpectedAnswer: the url leads elsewhere than to this Graph; the token must not go there.
        """
        if not url.startswith(f"{self.base_url}/"):
            raise UnexpectedAnswer(
                f"Graph points to {urlsplit(url).netloc or 'no address'}, which is not {self.base_url}"
            )
        return url[len(self.base_url) :]

    async def _persist(self, method: str, url: str, body: bytes | None, units: int) -> Reply:
        """Ask until there is an answer that says something about the request."""
        target = self.target(url)
        renewed = False
        for attempt in range(1, retry.MOST_ATTEMPTS + 1):
            failure: GraphError
            wait: float | None = None
            token = self.token_number
            try:
                response = await self._send_once(method, url, body, units)
            except GraphUnreachable as error:
                failure = error
            else:
                if response.status_code < 400:
                    return Reply(response.status_code, response.headers, response.content)
                wait = retry.retry_after(response.headers)
                problem = parse_error(response.content, response.headers)
                failure = refusal(response.status_code, problem, target, response.headers.get("location"))
                if response.status_code == 401 and not renewed:
                    renewed = True
                    await self.renew_token(token)
                    continue
                if not retry.is_transient(response.status_code):
                    raise failure
                if response.status_code == 429:
                    failure = Throttled(wait if wait is not None else retry.back_off(attempt))
            if attempt == retry.MOST_ATTEMPTS:
                raise failure
            await self.pause(wait if wait is not None else retry.back_off(attempt))
        raise AssertionError("unreachable")

    async def _send_once(self, method: str, url: str, body: bytes | None, units: int) -> httpx.Response:
        target = self.target(url)
        await self._connection.limiter.enter(units, service_of(target), self._clock)
        try:
            response = await self._exchange(method, url, body)
        finally:
            self._connection.limiter.leave(units)
        self.stats.bytes_received += len(response.content)
        if method == "GET" or response.status_code >= 400:  # items of a batch are answered, and charged, one by one
            self.observe(target, response.status_code, response.headers, units)
        return response

    async def _exchange(self, method: str, url: str, body: bytes | None) -> httpx.Response:
        import httpx

        adapter = self._connection.adapter
        info = _request(method, url, body)
        self.stats.requests += 1
        try:
            response: httpx.Response | None = await adapter.send_primitive_async(info, "bytes", {})
        except httpx.HTTPError as error:
            sent = not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
            raise GraphUnreachable(urlsplit(url).netloc, str(error) or type(error).__name__, sent=sent) from None
        except CredentialProblem as problem:  # the token had to be renewed
            raise sign_in_error(problem) from None
        if response is None:
            raise UnexpectedAnswer(f"Graph answered {self.target(url)} with nothing")
        return response


def _request(method: str, url: str, body: bytes | None) -> RequestInformation:
    """A request whose answer the adapter hands over whole, errors included."""
    from kiota_abstractions.method import Method
    from kiota_abstractions.native_response_handler import NativeResponseHandler
    from kiota_abstractions.request_information import RequestInformation
    from kiota_http.middleware.options import ResponseHandlerOption

    info = RequestInformation(Method(method))
    info.url = url
    info.headers.add("Accept", "application/json")
    info.headers.add("client-request-id", str(uuid.uuid4()))
    info.add_request_options([ResponseHandlerOption(NativeResponseHandler())])
    if body is not None:
        info.content = body
        info.headers.add("Content-Type", "application/json")
    return info
