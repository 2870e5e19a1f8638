"""Posts notifications to where they are wanted, on the server's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec

from emulators.graph.service.errors import GraphError
from emulators.graph.service.subscriptions.health import PROFILES, Endpoint, Profile, State
from emulators.graph.service.subscriptions.model import invalid_request
from emulators.graph.service.subscriptions.outbox import Batch
from emulators.graph.service.subscriptions.timer import Timer

HANDSHAKE_SECONDS = 10.0
"""How long an endpoint may take to answer the handshake (documented)."""
_LONGEST_ANSWER = 64 * 1024


class Courier:
    """Sends, and remembers how well each endpoint answers.

    Args:
        timer: the clock that deadlines follow.
        ca_file: PEM file of further authorities to trust; None for those of the system.
        verify: False accepts any certificate.
    """

    def __init__(self, timer: Timer, *, ca_file: str | None, verify: bool) -> None:
        self._timer = timer
        self._ca_file = ca_file
        self._verify = verify
        self._session: aiohttp.ClientSession | None = None
        self._endpoints: dict[str, Endpoint] = {}

    async def start(self) -> None:
        """Open the client."""
        trust = ssl.create_default_context(cafile=self._ca_file)
        if not self._verify:
            trust.check_hostname = False
            trust.verify_mode = ssl.CERT_NONE
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trust),
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def stop(self) -> None:
        """Close it, with every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def state(self, url: str, profile: str) -> State:
        """What the endpoint of this address has become."""
        return self._endpoint(url).state(PROFILES[profile], self._timer.clock.now())

    async def deliver(self, batch: Batch, profile: str) -> bool:
        """Send one body; whether it was accepted in time: any status of success."""
        rules, clock = PROFILES[profile], self._timer.clock
        body = msgspec.json.encode({"value": [one.item for one in batch.deliveries]})
        began = clock.now()
        try:
            status, _, _ = await self._timer.within(
                rules.deadline, self._post(batch.url, body, "application/json; charset=utf-8")
            )
        except TimeoutError:
            self._answered(batch.url, rules, rules.deadline)
            return False
        except (aiohttp.ClientError, OSError):
            return False
        self._answered(batch.url, rules, clock.now() - began)
        return 200 <= status < 300

    async def shake_hands(self, url: str, token: str) -> None:
        """Ask an endpoint whether it wants to be notified.

        Raises:
            GraphError: 400 when it does not answer with the token, as documented.
        """
        address = f"{url}{'&' if urlsplit(url).query else '?'}validationToken={quote(token, safe='')}"
        try:
            status, kind, text = await self._timer.within(
                HANDSHAKE_SECONDS, self._post(address, b"", "text/plain; charset=utf-8")
            )
        except TimeoutError:
            raise invalid_request("Subscription validation request timed out.") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise _not_validated("Notification endpoint must respond with 200 OK to validation request.") from None
        if status != 200:
            raise _not_validated("Notification endpoint must respond with 200 OK to validation request.")
        if kind != "text/plain" or text != token.encode():
            raise _not_validated("Response must exactly match validationToken query parameter.")

    async def _post(self, url: str, body: bytes, kind: str) -> tuple[int, str, bytes]:
        if self._session is None:
            raise RuntimeError("the courier runs inside the emulator's with block only")
        headers = {"Content-Type": kind, "User-Agent": "Microsoft Graph Change Notifications (emulated)"}
        async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            return answer.status, answer.content_type, await answer.content.read(_LONGEST_ANSWER)

    def _answered(self, url: str, rules: Profile, seconds: float) -> None:
        self._endpoint(url).answered(rules, self._timer.clock.now(), seconds)

    def _endpoint(self, url: str) -> Endpoint:
        return self._endpoints.setdefault(urlsplit(url).netloc, Endpoint())


def _not_validated(why: str) -> GraphError:
    return GraphError(400, "ValidationError", f"Subscription validation request failed. {why}")


async def cancelled(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
