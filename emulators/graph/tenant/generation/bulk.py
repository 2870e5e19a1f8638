"""Filling tables by the million: indexes are made when the rows are there, which is several times faster than keeping them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

_GROWING = ("objects", "edges", "app_role_assignments", "sign_in_activity", "mailboxes")
"""Tables that are filled in bulk. What belongs to a UNIQUE or PRIMARY KEY clause stays."""


@contextmanager
def without_indexes(db: sqlite3.Connection) -> Iterator[None]:
    """Drop the indexes of the tables that grow, and make them again at the end."""
    found = db.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN"
        f" ({', '.join('?' * len(_GROWING))}) ORDER BY rootpage",
        _GROWING,
    ).fetchall()
    for name, _ in found:
        db.execute(f"DROP INDEX {name}")
    yield
    for _, sql in found:
        db.execute(sql)
