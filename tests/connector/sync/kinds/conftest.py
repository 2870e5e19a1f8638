"""Readers at work on an emulated tenant, over TLS."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from connector.graph.session import GraphSession
from connector.graph.stats import GraphStats
from connector.settings import Settings
from connector.sync.kinds import READERS, Reader, Work
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate

SIGN_INS = {"SIGN_IN_ACTIVITY": "true"}
MAILBOXES = {"MAILBOX_PURPOSE": "true"}


async def no_wait(_seconds: float) -> None:
    """Throttling in tests is not waited out."""


@dataclass
class Reading:
    """What was read: rows by table, in parts as staged; notes by reader; what it cost."""

    parts: dict[str, list[list[dict[str, Any]]]] = field(default_factory=dict)
    notes: dict[str, Counter[str]] = field(default_factory=dict)
    pages: Counter[str] = field(default_factory=Counter)
    stats: GraphStats = field(default_factory=GraphStats)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [row for part in self.parts.get(table, []) for row in part]


class Engine:
    """The least that runs readers: parents first, one unit for each part; resumes after every page where asked to."""

    def __init__(self, emulator: GraphEmulator) -> None:
        self.emulator = emulator

    def settings(self, **environ: str) -> Settings:
        return Settings.load({**self.emulator.environment(), "AzureWebJobsStorage": "unused", **environ})

    def read(self, *names: str, resuming: bool = False, **environ: str) -> Reading:
        """Read with the readers of these names, or with all, in the order of READERS."""
        return asyncio.run(self._read(names, resuming, self.settings(**environ)))

    async def _read(self, names: tuple[str, ...], resuming: bool, settings: Settings) -> Reading:
        reading = Reading()
        async with GraphSession(settings, stats=reading.stats, sleep=no_wait) as session:
            for reader in READERS:
                if (names and reader.name not in names) or not reader.wanted(settings, reading.notes):
                    continue
                reading.notes[reader.name] = Counter()
                inputs = reading.parts.get(reader.parent_table, []) if reader.parent_table else [[]]
                for rows in inputs:
                    await self._unit(reader, Work(session, settings, None, rows), reading, resuming)
        return reading

    async def _unit(self, reader: Reader, work: Work, reading: Reading, resuming: bool) -> None:
        position: Any = None
        finished = False
        while not finished:
            assert reading.pages[reader.name] < 10_000
            async for page in reader.read(Work(work.session, work.settings, position, work.inputs)):
                assert not finished, "a page after the last one"
                reading.pages[reader.name] += 1
                assert set(page.rows) <= set(reader.tables)
                for table, rows in page.rows.items():
                    if rows:
                        reading.parts.setdefault(table, []).append(json.loads(msgspec.json.encode(rows)))
                reading.notes[reader.name].update(page.notes)
                position = json.loads(json.dumps(page.position))
                finished = position is None
                if resuming:
                    break
            else:
                assert finished, "the last page has no position"


@pytest.fixture(scope="session")
def tenant():
    """A tenant that tests only read."""
    with_everything = generate(users=300, groups=60, apps=25, seed=7)
    yield with_everything
    with_everything.close()


@pytest.fixture(scope="session")
def engine(tenant):
    with GraphEmulator(tenant) as emulator:
        yield Engine(emulator)


@pytest.fixture
def engine_for(tenant):
    """``engine_for(variants)``: the same tenant behind a Graph that behaves differently."""
    opened = []

    def open_engine(variants=None, **options):
        emulator = GraphEmulator(tenant, variants=variants, **options)
        opened.append(emulator)
        return Engine(emulator.__enter__())

    yield open_engine
    for emulator in opened:
        emulator.__exit__(None, None, None)
