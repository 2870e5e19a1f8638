"""Deriving changes from a reading."""

from __future__ import annotations

from datetime import datetime

from connector.incremental.deriving.derived import Derived
from connector.incremental.facts import Reading
from connector.incremental.replica import Replica
from connector.settings import Settings


def derive(replica: Replica, reading: Reading, settings: Settings, *, now: datetime) -> Derived:
    """What ``reading`` changes of the state that ``replica`` holds. The replica stays as it is. Blocking.

    Args:
        now: when the reading was made, with a zone: tombstones say so.

    Raises:
        ValueError: the replica is empty.
    """
    raise NotImplementedError
