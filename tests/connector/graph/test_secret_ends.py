"""The app registration tells when a client secret ends, and which of its secrets that is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.access.decoding import NotJson
from connector.graph.secret_ends import end_in, registered_end
from connector.graph.session import GraphSession
from connector.settings import Settings
from emulators.graph import GraphEmulator
from emulators.graph.tenant.tenant import Tenant

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def registration(*secrets: tuple[str | None, str | None]) -> bytes:
    return json.dumps({"passwordCredentials": [{"hint": hint, "endDateTime": end} for hint, end in secrets]}).encode()


@pytest.mark.parametrize(
    ("secrets", "ends"),
    [
        ([("abc", "2026-07-01T00:00:00Z"), ("xyz", "2026-06-02T00:00:00Z")], datetime(2026, 7, 1, tzinfo=UTC)),
        ([("abc", "2027-01-01T00:00:00Z"), ("abc", "2026-09-01T00:00:00Z")], datetime(2026, 9, 1, tzinfo=UTC)),
        ([("abc", "2026-05-31T00:00:00Z"), ("abc", "2026-09-01T00:00:00Z")], datetime(2026, 9, 1, tzinfo=UTC)),
        ([("abc", "2026-05-31T00:00:00Z")], None),
        ([("xyz", "2026-07-01T00:00:00Z"), (None, "2026-07-02T00:00:00Z"), ("abc", None)], None),
        ([], None),
    ],
    ids=["one of several", "two alike", "one is over", "all are over", "of none it is told", "none"],
)
def test_the_one_that_begins_so_counts(secrets: list[tuple[str | None, str | None]], ends: datetime | None) -> None:
    assert end_in(registration(*secrets), "abc", NOW) == ends


def test_what_is_no_registration_is_told() -> None:
    with pytest.raises(NotJson):
        end_in(b"<html>", "abc", NOW)
    assert end_in(registration(("abc", "soon")), "abc", NOW) is None


@pytest.fixture
def graph() -> Iterator[GraphEmulator]:
    with GraphEmulator(Tenant.empty()) as emulator:
        yield emulator


def asked(graph: GraphEmulator, hint: str, **environment: str) -> Any:
    async def ask() -> datetime | None:
        settings = Settings.load({**graph.environment(), "AzureWebJobsStorage": "unused", **environment})
        async with GraphSession(settings) as session:
            return await registered_end(session, hint, NOW)

    return asyncio.run(ask())


def test_it_is_asked_of_the_own_registration(graph: GraphEmulator) -> None:
    graph.tenant.add_client_secret("soon-over", ends_at="2030-07-01T00:00:00Z")
    graph.tenant.add_client_secret("another", ends_at="2031-07-01T00:00:00Z")

    assert asked(graph, "soo") == datetime(2030, 7, 1, tzinfo=UTC)


def test_without_the_permission_nobody_knows(graph: GraphEmulator) -> None:
    graph.tenant.add_client_secret("soon-over", ends_at="2030-07-01T00:00:00Z")
    graph.tenant.set_permissions(["User.Read.All"])

    assert asked(graph, "soo") is None
