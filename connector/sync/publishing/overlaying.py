"""What the journal said while a sync was reading, kept apart from what the sync listed.

A sync lists for minutes or hours, and rounds go on meanwhile. What a round has journalled since the sync began may be younger than
the page on which the sync read the same fact, or older: nobody can tell. So every fact that was touched since then takes the value
that the state in force gives it, be it a row or none. That is right either way:

* If the page was older, publishing it would take back what was known already. It does not.
* If the page was younger, what it said is not lost: its change came after the sync began, so after the cursors that the sync took
  first. Those are put in force with the snapshot, and the rounds after it hear of everything since once more. Of what has no
  cursor the next comparison tells, which asks for the whole list anyhow.
* A fact that nobody has touched is as the sync listed it. If it changed while the sync was reading, the cursors tell of it, too.

It must be exactly what was touched *since the sync began*: of what was touched before, no cursor tells again, and a page that says
otherwise is a change that rounds have missed. So it is found by the segment that was the last one then, not by times, which
clocks disagree about, nor by sequences, which segments of facts alone do not have.

Objects that Graph said are gone since then leave a tombstone among those facts. A page that was read before still names them, in
rows that no round ever saw and no cursor tells of again; so those rows go as well. (Of an account's manager delta tells by itself.)
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from connector.access.staged import FACTS
from connector.access.tables import Table
from connector.journal.literals import quoted
from connector.journal.replay import write_rows
from connector.sync.publishing.gaps import KindRead
from connector.sync.publishing.naming import NAMING, names_one_of
from connector.sync.publishing.previous import Key, Previous

if TYPE_CHECKING:
    import duckdb


def overlay_touched(
    database: duckdb.DuckDBPyConnection, previous: Previous, kinds: Sequence[KindRead], folder: Path
) -> None:
    """Give facts in ``staged`` that were touched since the sync began the value that ``known`` has.

    What is not read any more because nobody asks for it does not come back.
    """
    skipped = {table for kind in kinds if kind.skipped for table in kind.tables}
    for table in FACTS:
        keys = previous.touched.get(table.name)
        if keys and table.name not in skipped:
            _overlay(database, table, keys, folder / "touched.jsonl")
    if previous.touched.get("tombstones"):
        for name in sorted(NAMING):
            named = names_one_of(name, "one", "staged.tombstones")
            database.execute(f"DELETE FROM staged.{name} AS one WHERE {named}")  # noqa: S608


def _overlay(database: duckdb.DuckDBPyConnection, table: Table, keys: Collection[Key], path: Path) -> None:
    write_rows((dict(zip(table.key, key, strict=True)) for key in keys), path)
    types = dict.fromkeys(table.key, "VARCHAR")
    same = " AND ".join(f"touched.{name} IS NOT DISTINCT FROM one.{name}" for name in table.key)
    database.execute(
        "CREATE OR REPLACE TEMP TABLE touched AS "
        f"FROM read_json({quoted(path)}, format = 'newline_delimited', columns = {types})"
    )
    database.execute(f"DELETE FROM staged.{table.name} AS one USING touched WHERE {same}")  # noqa: S608
    database.execute(
        f"INSERT INTO staged.{table.name} BY NAME SELECT one.* FROM known.{table.name} AS one SEMI JOIN touched ON {same}"  # noqa: S608
    )
