"""How long a replica takes to load, and deriving takes on it, for a made-up tenant of any size.

    .venv/bin/python -m benchmarks.deriving [--users 100000]

Each line: seconds on the clock and of processor time. Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from connector.access.staged import FACTS
from connector.access.tables import TABLES
from connector.incremental.deriving import derive
from connector.incremental.facts import Reading
from connector.incremental.replica import Position, Replica
from connector.settings import Settings
from connector.storage.records import Manifest, SnapshotPart, TableFacts, Traffic
from connector.sync.publishing.database import build_tables, load_staged, open_database, set_options, write_table
from connector.sync.publishing.inheriting import derive_inherited

NOW = datetime(2026, 1, 5, tzinfo=UTC)

# Ten users a group, each user in five; a fifth of the groups nested four to one; applications and roles held by some.
_TENANT = """
INSERT INTO staged.accounts BY NAME SELECT printf('user-%08d', i) AS id, 'User ' || i AS display_name,
    printf('user-%08d', i // 10) AS manager_id, true AS enabled FROM range({users}) t (i);
INSERT INTO staged.groups BY NAME SELECT printf('group-%08d', i) AS id, 'Group ' || i AS display_name,
    'security' AS group_type, i % 200 = 0 AS is_assignable_to_role FROM range({groups}) t (i);
INSERT INTO staged.memberships BY NAME SELECT DISTINCT printf('group-%08d', (hash(i) % {groups})::INT) AS group_id,
    'member' AS relation, 'account' AS principal_kind,
    printf('user-%08d', (hash(i * 7 + 1) % {users})::INT) AS principal_id FROM range({users} * 5) t (i);
INSERT INTO staged.memberships BY NAME SELECT printf('group-%08d', i // 4) AS group_id, 'member' AS relation,
    'group' AS principal_kind, printf('group-%08d', i) AS principal_id FROM range(1, {groups} // 5) t (i);
INSERT INTO staged.enterprise_applications BY NAME SELECT 'app-' || i AS id FROM range(500) t (i);
INSERT INTO staged.app_role_assignments BY NAME SELECT 'a' || i AS id, 'app-' || i % 500 AS application_id,
    '00000000-0000-0000-0000-000000000000' AS role_id, 'group' AS principal_kind,
    printf('group-%08d', i) AS principal_id FROM range(1000) t (i);
INSERT INTO staged.directory_roles BY NAME SELECT 'role-' || i AS id FROM range(100) t (i);
INSERT INTO staged.role_assignments BY NAME SELECT 'r' || i AS id, 'role-' || i % 100 AS role_id,
    printf('group-%08d', i * 200) AS principal_id, '/' AS scope FROM range(50) t (i);
INSERT INTO staged.licenses BY NAME SELECT 'sku-' || i AS id FROM range(10) t (i);
INSERT INTO staged.license_states BY NAME SELECT printf('user-%08d', i) AS account_id, 'sku-' || i % 10 AS sku_id,
    'Active' AS state FROM range({users}) t (i);
"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--users", type=int, default=100_000)
    users = arguments.parse_args().users
    settings = Settings.load(
        dict.fromkeys(("ENTRA_TENANT_ID", "ENTRA_CLIENT_ID"), "0785ef7c-2d7a-4542-b048-95bcab406e0b")
        | {"ENTRA_CLIENT_SECRET": "none", "AzureWebJobsStorage": "UseDevelopmentStorage=true"}
    )
    with TemporaryDirectory(prefix="deriving-") as name:
        folder = Path(name)
        manifest, files = publish(folder, users, settings)
        print(", ".join(f"{held.rows:,} {table}" for table, held in manifest.tables.items()))
        replica = Replica(folder / "replica")
        with measured("load the replica"):
            replica.load(Position.of(manifest, ""), manifest, files)
        ask(replica, users, settings)
        replica.close()


def ask(replica: Replica, users: int, settings: Settings) -> None:
    """Derive what is typical, the first of them twice: the second time DuckDB knows the file."""
    one = Reading(rows={"memberships": [membership(users // 20, 17)]})
    many = Reading(rows={"memberships": [membership(i % 50 + 30, i * 17 % users) for i in range(5000)]})
    cases = {
        "one membership, cold": one,
        "one membership": one,
        "5,000 memberships of 50 groups": many,
        "one account removed": Reading(removed={"account": {f"user-{17:08d}"}}),
        "nothing new": Reading(rows={"directory_roles": [{"id": "role-1"}]}),
    }
    for name, reading in cases.items():
        with measured(name):
            derived = derive(replica, reading, settings, now=NOW)
        print(f"    {len(derived.changes):,} changes, {len(derived.facts):,} facts")


def membership(group: int, user: int) -> dict[str, str]:
    ids = {"group_id": f"group-{group:08d}", "principal_id": f"user-{user:08d}"}
    return ids | {"relation": "member", "principal_kind": "account"}


def publish(folder: Path, users: int, settings: Settings) -> tuple[Manifest, dict[str, Path]]:
    """The snapshot of the tenant, as full publishing makes it: its manifest, and its files by part name."""
    files: dict[str, Path] = {}
    held: dict[str, dict[str, TableFacts]] = {"staged": {}, "main": {}}
    with open_database(folder, 1_000_000_000) as database:
        load_staged(database, {})
        database.execute(_TENANT.format(users=users, groups=users // 10))
        set_options(database, settings, provisioning_jobs_read=False)
        with measured("publish everything"):
            build_tables(database)
            derive_inherited(database, settings, folder)
        for schema, tables in (("staged", FACTS), ("main", TABLES)):
            for table in tables:
                path = folder / f"{schema}-{table.name}.parquet"
                rows = write_table(database, table, path, schema)
                part = SnapshotPart(name=path.name, rows=rows, bytes=path.stat().st_size, sha256="")
                files[path.name], held[schema][table.name] = path, TableFacts(rows=rows, parts=(part,))
    manifest = Manifest(
        schema_version=2,
        snapshot_id="benchmark",
        tenant_id="benchmark",
        started_at=NOW,
        published_at=NOW,
        settings={},
        tables=held["main"],
        facts=held["staged"],
        kinds={},
        notes={},
        left_out={},
        warnings=(),
        traffic=Traffic(),
    )
    return manifest, files


@contextmanager
def measured(what: str) -> Iterator[None]:
    wall, processor = time.perf_counter(), _processor()
    yield
    print(f"{what}: {time.perf_counter() - wall:.2f} s, {_processor() - processor:.2f} s of processor time", flush=True)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
