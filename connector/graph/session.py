"""One conversation with Microsoft Graph: requests go out, raw bytes come back, and all waiting is decided here.

Requests are built with msgraph-sdk's typed builders and sent through its adapter; answers are decoded by msgspec into
typed structs, never by the SDK's deserializer, which is some thousand times slower on pages of a thousand objects.

The SDK and its dependencies are imported when a session opens, not when this module is imported: a function that only
takes a message from a queue should not wait for them.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from connector.graph import retry
from connector.graph.credentials import open_credential, sign_in, sign_in_error
from connector.graph.envelope import parse_error
from connector.graph.errors import GraphError, GraphUnreachable, Throttled, UnexpectedAnswer, refusal
from connector.graph.stats import GraphStats
from connector.graph.tls import trust
from connector.graph.transport import open_adapter, open_client
from connector.settings import Settings

if TYPE_CHECKING:
    import httpx
    from azure.identity.aio import ClientSecretCredential
    from kiota_abstractions.request_information import RequestInformation
    from msgraph.generated.base_graph_service_client import BaseGraphServiceClient
    from msgraph.graph_request_adapter import GraphRequestAdapter


@dataclass(frozen=True, slots=True)
class Reply:
    """What Graph answered: ``status`` below 400, ``headers``, and the ``body`` as it came."""

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
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare a session; nothing is sent before it is entered.

        Args:
            settings: tenant, credential and endpoint.
            stats: counters to go on with; new ones by default.
            deadline: value of :func:`time.monotonic` at which the step ends. A wait that would pass it is not begun.
            sleep: how to wait.
        """
        self.stats = stats or GraphStats()
        self.base_url = f"{settings.graph_endpoint}/v1.0"
        self._settings = settings
        self._deadline = deadline
        self._sleep = sleep
        self._credential: ClientSecretCredential | None = None
        self._http: httpx.AsyncClient | None = None
        self._adapter: GraphRequestAdapter | None = None

    async def __aenter__(self) -> Self:
        """Open the connection pool and sign in.

        Raises:
            SignInFailed: Microsoft Entra ID issues no token.
            GraphUnreachable: its sign-in endpoint cannot be asked.
        """
        trusted = trust(self._settings.ca_file)
        self._credential = open_credential(self._settings, trusted)
        try:
            await sign_in(self._credential, self._settings)
            self._http = open_client(trusted)
            self._adapter = open_adapter(self._settings, self._credential, self._http)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        if self._http is not None:
            await self._http.aclose()
        if self._credential is not None:
            await self._credential.close()
        self._http = self._credential = self._adapter = None

    @property
    def client(self) -> BaseGraphServiceClient:
        """The root of msgraph-sdk's typed request builders; they build, :meth:`send` sends."""
        from msgraph.generated.base_graph_service_client import BaseGraphServiceClient

        return BaseGraphServiceClient(self._open_adapter())

    def url(self, info: RequestInformation) -> str:
        """The absolute url of a request that a builder made."""
        info.path_parameters["baseurl"] = self.base_url
        return info.url.replace("%24", "$")  # as documented, and as people read it in logs

    async def get(self, request: RequestInformation | str) -> Reply:
        """GET what a builder made, or an absolute url that Graph handed out (a ``nextLink`` or ``deltaLink``).

        Raises:
            RequestRefused: Graph answers with an error; its subclasses where a different answer is called for.
            Throttled: it must be asked again after the deadline.
            GraphUnreachable: it gives no answer.
            UnexpectedAnswer: the url leads elsewhere than to this Graph.
        """
        url = request if isinstance(request, str) else self.url(request)
        return await self._persist("GET", url, None)

    async def post(self, path: str, body: bytes) -> Reply:
        """POST the JSON ``body`` to ``path`` (such as ``/$batch``); raises like :meth:`get`.

        Only for requests that read, because they are sent again when an answer is lost.
        """
        return await self._persist("POST", f"{self.base_url}{path}", body)

    async def pause(self, seconds: float) -> None:
        """Wait, unless that would pass the deadline.

        Raises:
            Throttled: it would.
        """
        if not self.may_wait(seconds):
            raise Throttled(seconds)
        await self._sleep(seconds)

    def may_wait(self, seconds: float) -> bool:
        """Whether a wait of ``seconds`` ends before the deadline."""
        return self._deadline is None or time.monotonic() + seconds <= self._deadline

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

    async def _persist(self, method: str, url: str, body: bytes | None) -> Reply:
        """Ask until there is an answer that says something about the request."""
        target = self.target(url)
        for attempt in range(1, retry.MOST_ATTEMPTS + 1):
            failure: GraphError
            wait: float | None = None
            try:
                response = await self._send_once(method, url, body)
            except GraphUnreachable as error:
                failure = error
            else:
                if response.status_code < 400:
                    return Reply(response.status_code, response.headers, response.content)
                wait = retry.retry_after(response.headers)
                problem = parse_error(response.content, response.headers)
                failure = refusal(response.status_code, problem, target, response.headers.get("location"))
                if not retry.is_transient(response.status_code):
                    raise failure
                if response.status_code == 429:
                    failure = Throttled(wait if wait is not None else retry.back_off(attempt))
            if attempt == retry.MOST_ATTEMPTS:
                raise failure
            await self.pause(wait if wait is not None else retry.back_off(attempt))
        raise AssertionError("unreachable")

    async def _send_once(self, method: str, url: str, body: bytes | None) -> httpx.Response:
        # The place for a client-side limiter of resource units: before the request, and after its answer, whose
        # headers tell what it cost and how near the limit is.
        import httpx
        from azure.core.exceptions import AzureError

        adapter = self._open_adapter()
        info = _request(method, url, body)
        self.stats.requests += 1
        try:
            response: httpx.Response | None = await adapter.send_primitive_async(info, "bytes", {})
        except httpx.HTTPError as error:
            raise GraphUnreachable(urlsplit(url).netloc, str(error) or type(error).__name__) from None
        except AzureError as error:  # the token had to be renewed
            raise sign_in_error(error, self._settings) from None
        if response is None:
            raise UnexpectedAnswer(f"Graph answered {self.target(url)} with nothing")
        self.stats.bytes_received += len(response.content)
        self.stats.charge(response.status_code, response.headers)
        return response

    def _open_adapter(self) -> GraphRequestAdapter:
        if self._adapter is None:
            raise RuntimeError("the session is not open: use it in 'async with'")
        return self._adapter


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
