"""A deployment against an emulated tenant, whose settings each test may spoil."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from azure.storage.blob import BlobServiceClient

from connector.health.findings import Finding, Report
from connector.health.service import examine
from connector.settings import Settings
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate

Examine = Callable[..., dict[str, Finding]]


@pytest.fixture
def graph() -> Iterator[GraphEmulator]:
    """A small tenant, for one test."""
    with GraphEmulator(generate(users=10, seed=1)) as emulator:
        yield emulator


@pytest.fixture
def environment(graph: GraphEmulator, storage_account: str) -> dict[str, str]:
    """Everything that a deployment needs."""
    with BlobServiceClient.from_connection_string(storage_account) as service:
        service.create_container("entra")
    return {**graph.environment(), "AzureWebJobsStorage": storage_account}


@pytest.fixture
def look(environment: dict[str, str]) -> Examine:
    """Look at the deployment with other settings; what was found, by check."""

    def examined(settings: dict[str, str] | None = None, now: datetime | None = None) -> dict[str, Finding]:
        return by_check(look_at({**environment, **(settings or {})}, now))

    return examined


def look_at(environment: dict[str, str], now: datetime | None = None) -> Report:
    return asyncio.run(examine(Settings.load(environment), clock=lambda: now or datetime.now(UTC)))


def by_check(report: Report) -> dict[str, Finding]:
    """The findings, of which each check has one here."""
    return {one.check: one for one in report.findings}
