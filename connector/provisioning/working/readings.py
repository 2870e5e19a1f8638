"""What was seen of several operations, as one."""

from __future__ import annotations

from collections.abc import Iterable

from connector.incremental.facts import Reading


def merged(readings: Iterable[Reading]) -> Reading:
    """What several have read, each of something else."""
    whole = Reading()
    for reading in readings:
        for table, rows in reading.rows.items():
            whole.rows.setdefault(table, []).extend(rows)
        for table, keys in reading.gone.items():
            whole.gone.setdefault(table, []).extend(keys)
        for kind, ids in reading.removed.items():
            whole.removed.setdefault(kind, set()).update(ids)
        whole.replaced.extend(reading.replaced)
    return whole
