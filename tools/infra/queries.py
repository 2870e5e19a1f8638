"""Queries in `infra/queries`: Microsoft's own parser reads each, with the tables that a workspace has.

That takes Node, where the emulator of storage finds it, and the npm package `@kusto/language-service-next`.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from emulators.storage.node import find_node
from tools.infra.findings import Finding, of_file

_HERE = Path(__file__).resolve().parent
_PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class Said:
    """What the parser says of a query: from which character on, and for how many."""

    query: str
    start: int
    length: int
    message: str


def check_queries(folder: Path) -> Iterator[Finding]:
    """Every finding about the queries in ``folder``: unknown tables, columns and functions, and what cannot be parsed.

    Raises:
        NodeMissing: there is no Node.
        QueriesUnchecked: the parser did not answer.
    """
    queries = {str(path): path.read_text() for path in sorted(folder.rglob("*.kql"))}
    for name, text in queries.items():
        if not text.startswith("// "):
            yield of_file(
                Path(name), "query-unexplained", "The first line has to be a comment that says what it answers."
            )
    for said in ask_parser(queries, read_tables(folder / "tables.json")):
        before = queries[said.query][: said.start]
        line, column = before.count("\n") + 1, said.start - before.rfind("\n")
        yield Finding(Path(said.query), line, column, "query", said.message)


def read_tables(path: Path) -> dict[str, dict[str, str]]:
    """Columns and their types, by table."""
    raw = json.loads(path.read_text())
    tables = {}
    for name, columns in raw["tables"].items():
        shared = [raw[group] for group in columns["of"]]
        tables[name] = {key: of for group in (*shared, columns) for key, of in group.items() if key != "of"}
    return tables


class QueriesUnchecked(Exception):
    """The parser of queries did not run to its end."""


def ask_parser(queries: Mapping[str, str], tables: Mapping[str, Mapping[str, str]]) -> list[Said]:
    """What Microsoft's parser says of each of ``queries``, all in one process.

    Raises:
        NodeMissing: there is no Node.
        QueriesUnchecked: the parser did not answer.
    """
    if not queries:
        return []
    modules = _HERE.parents[1] / "node_modules"
    command = [str(find_node()), str(_HERE / "kql.js"), str(modules)]
    given = json.dumps({"tables": tables, "queries": queries})
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    if done.returncode:
        raise QueriesUnchecked(done.stderr.strip()[-2000:])
    return [Said(one["query"], one["start"], one["length"], one["message"]) for one in json.loads(done.stdout)]
