"""Deriving changes from a reading: the facts that differ, what they reach, and the rules of publishing applied to that.

One set of rules, two sizes: ``sync/publishing/sql`` makes all rows of all tables from all facts; here it makes those rows that a
change can reach, from the facts around them.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from connector.incremental.deriving.derived import Derived
from connector.incremental.deriving.differing import compare, row_differences
from connector.incremental.deriving.inheriting import inherit
from connector.incremental.deriving.reach import reach
from connector.incremental.deriving.stating import fact_changes, state
from connector.incremental.deriving.surroundings import surround
from connector.incremental.facts import Reading
from connector.incremental.replica import Replica
from connector.settings import Settings
from connector.sync.publishing.database import build_tables, set_options


def derive(replica: Replica, reading: Reading, settings: Settings, *, now: datetime) -> Derived:
    """What ``reading`` changes of the state that ``replica`` holds. The replica stays as it is. Blocking.

    ``INHERITED_GRANTS_LIMIT`` counts all rows, so only full syncs apply it.

    Args:
        now: when the reading was made, with a zone: tombstones say so.

    Raises:
        ValueError: the replica is empty.
    """
    position = replica.position
    if position is None:
        raise ValueError("an empty replica knows nothing that could differ")
    with replica.workspace() as database, TemporaryDirectory(prefix="derive-", dir=replica.folder) as name:
        folder = Path(name)
        stated = state(database, reading, settings, now, folder)
        if not stated.moved:
            return Derived([], [], stated.held_back)
        set_options(database, settings, provisioning_jobs_read=position.provisioning_jobs_read)
        reached = reach(database, stated.moved, settings)
        surround(database, settings)
        build_tables(database, counted="counting")
        compare(database, reached)
        inherit(database, settings, folder)
        return Derived(list(row_differences(database)), list(fact_changes(database, stated.moved)), stated.held_back)
