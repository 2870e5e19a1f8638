"""What must be true of every snapshot, asked of the final tables: whatever went wrong before, nonsense is not published."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_PRINCIPALS = (("account", "accounts"), ("group", "groups"), ("service_principal", "enterprise_applications"))
_RESOURCES = (
    ("group", "groups"),
    ("enterprise_application", "enterprise_applications"),
    ("directory_role", "directory_roles"),
    ("license", "licenses"),
)


def _orphans(table: str, kind: str, column: str, among: tuple[tuple[str, str], ...]) -> str:
    """Counts the rows of ``table`` of which ``column`` names nothing of the kind that ``kind`` says."""
    known = " OR ".join(
        f"({kind} = '{value}' AND {column} IN (SELECT id FROM {target}))"  # noqa: S608
        for value, target in among
    )
    return f"SELECT count(*) FROM {table} WHERE ({known}) IS NOT TRUE"  # noqa: S608


# Service principals that SKIP_UNASSIGNED_APPS leaves out hold nothing, so a holder is among the applications that stay.
INVARIANTS: dict[str, str] = {
    "grants without an entitlement": (
        "SELECT count(*) FROM grants WHERE entitlement_id IS NULL OR entitlement_id NOT IN (SELECT id FROM entitlements)"
    ),
    "grants without a resource": _orphans("grants", "resource_kind", "resource_id", _RESOURCES),
    "grants without a principal": _orphans("grants", "principal_kind", "principal_id", _PRINCIPALS),
    "entitlements without a resource": _orphans("entitlements", "resource_kind", "resource_id", _RESOURCES),
    "grants with the id of another grant": "SELECT count(*) - count(DISTINCT hash(id)) FROM grants",
    "entitlements with the id of another entitlement": "SELECT count(*) - count(DISTINCT hash(id)) FROM entitlements",
} | {
    f"{table} with the id of another row": f"SELECT count(*) - count(DISTINCT id) FROM {table}"  # noqa: S608
    for table in ("accounts", "groups", "enterprise_applications", "directory_roles", "licenses")
}
"""By name, a query that counts the rows that break it. ``inherited_grants`` is a join of grants, so it has no others."""


class SnapshotInconsistent(Exception):
    """The tables that were built contradict each other. ``broken``: rows by invariant."""

    advice = "Nothing was published. Run the sync again; if it persists, report it with this sentence."
    permanent = True

    def __init__(self, broken: dict[str, int]) -> None:
        self.broken = broken
        told = ", ".join(f"{count:,} {name}" for name, count in broken.items())
        super().__init__(f"The snapshot would have contradicted itself: {told}.")


def check(database: duckdb.DuckDBPyConnection) -> None:
    """Ask every invariant.

    Raises:
        SnapshotInconsistent: one is broken.
    """
    broken = {name: count for name, query in INVARIANTS.items() if (count := _count(database, query))}
    if broken:
        raise SnapshotInconsistent(broken)


def _count(database: duckdb.DuckDBPyConnection, query: str) -> int:
    row = database.execute(query).fetchone()
    return int(row[0]) if row else 0
