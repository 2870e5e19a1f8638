"""Contoso, opened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.query.snapshot import Snapshot
from tests.support.contoso import CONTOSO
from tests.support.snapshots import write_snapshot


@pytest.fixture(scope="session")
def contoso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    folder = write_snapshot(tmp_path_factory.mktemp("contoso") / "snapshot", CONTOSO)
    with Snapshot.open_directory(folder) as snapshot:
        yield snapshot
