"""One operation that nobody can work on keeps nobody else waiting: neither who is meant nor the journal may hold a line up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec
import pytest

from connector.graph.envelope import ErrorBody
from connector.graph.errors import GraphError, RequestRefused
from connector.provisioning.contract import Principal, Tools
from connector.settings import Settings
from connector.storage import Store
from connector.storage.names import line_name
from connector.storage.records import EventKind, LineMessage, Problem, Status
from tests.support.fake_kind import Tenant
from tests.support.operations import ask, everything, group, in_deployment, person, wanted

LINE = line_name(group())
MESSAGE = msgspec.json.encode(LineMessage(line=LINE)).decode()
POISON = "poison@contoso.com"


class Lookup(Tenant):
    """A tenant in which one name ends in ``error``: all by itself, or as an answer."""

    error: Exception

    async def _resolve(self, tools: Tools, names: Sequence[str]) -> Mapping[str, Principal | Problem | GraphError]:
        if isinstance(self.error, GraphError):
            found = dict(await super()._resolve(tools, [name for name in names if name != POISON]))
            return found | ({POISON: self.error} if POISON in names else {})
        if POISON in names:
            raise self.error
        return await super()._resolve(tools, names)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("nobody has foreseen this"), Status.DEAD_LETTERED),
        (RequestRefused(500, ErrorBody("InternalServerError", "Something is broken."), "/users"), Status.FAILED),
    ],
)
def test_a_name_that_cannot_be_looked_up_ends_alone(storage_account: str, error: Exception, status: Status) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Lookup()
        tenant.error = error
        await ask(
            store.operations,
            settings,
            wanted(principal=person(1)),
            wanted(principal=POISON),
            wanted(principal=person(2)),
        )
        for go in range(15):
            await tenant.provisioner().take_message(settings, MESSAGE)
            first, guilty, last = await everything(store)
            assert first.status is Status.SUCCEEDED
            assert (last.status is Status.SUCCEEDED) is (guilty.status is status), go
            tenant.later += timedelta(minutes=10)
        assert guilty.status is status
        assert last.status is Status.SUCCEEDED
        assert last.attempts == last.died == 0

    in_deployment(storage_account, test)


def test_an_effect_that_the_journal_stumbles_over_is_left_to_rounds(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant(journalling=[ValueError("nobody has foreseen this")])
        await ask(store.operations, settings, wanted())
        await tenant.provisioner().take_message(settings, MESSAGE)

        (one,) = await everything(store)
        (said,) = [event.said for event in one.events if event.kind is EventKind.JOURNALLED]
        assert one.status is Status.SUCCEEDED
        assert "ValueError" in said
        assert "nobody" not in said
        assert await store.operations.line(LINE) is None

    in_deployment(storage_account, test)
