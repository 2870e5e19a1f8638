"""Tables that contradict each other are not published."""

from __future__ import annotations

import duckdb
import pytest

from connector.sync.publishing.checking import INVARIANTS, SnapshotInconsistent, check

SOUND = """
CREATE TABLE accounts AS SELECT 'a' AS id;
CREATE TABLE groups AS SELECT 'g' AS id;
CREATE TABLE enterprise_applications AS SELECT 'p' AS id;
CREATE TABLE directory_roles AS SELECT 'r' AS id;
CREATE TABLE licenses AS SELECT 'l' AS id;
CREATE TABLE entitlements AS
SELECT * FROM (VALUES ('group:g:member', 'group', 'g'), ('license:l:assigned', 'license', 'l'))
    AS entitlement (id, resource_kind, resource_id);
CREATE TABLE grants AS
SELECT * FROM (VALUES ('group:g:member|a', 'group:g:member', 'group', 'g', 'account', 'a'))
    AS one (id, entitlement_id, resource_kind, resource_id, principal_kind, principal_id);
"""
BROKEN = {
    "grants without an entitlement": "UPDATE grants SET entitlement_id = 'group:g:owner'",
    "grants without a resource": "UPDATE grants SET resource_kind = 'license'",
    "grants without a principal": "UPDATE grants SET principal_id = 'p'",
    "entitlements without a resource": "UPDATE entitlements SET resource_id = 'gone' WHERE resource_kind = 'license'",
    "grants with the id of another grant": "INSERT INTO grants FROM grants",
    "entitlements with the id of another entitlement": "INSERT INTO entitlements FROM entitlements LIMIT 1",
    "accounts with the id of another row": "INSERT INTO accounts FROM accounts",
    "groups with the id of another row": "INSERT INTO groups FROM groups",
    "enterprise_applications with the id of another row": (
        "INSERT INTO enterprise_applications FROM enterprise_applications"
    ),
    "directory_roles with the id of another row": "INSERT INTO directory_roles FROM directory_roles",
    "licenses with the id of another row": "INSERT INTO licenses FROM licenses",
}


def test_every_invariant_is_tried() -> None:
    assert set(BROKEN) == set(INVARIANTS)


def test_sound_tables_pass() -> None:
    with duckdb.connect() as database:
        database.execute(SOUND)
        check(database)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_invariant_is_named_with_the_number_of_rows(name: str) -> None:
    with duckdb.connect() as database:
        database.execute(SOUND)
        database.execute(BROKEN[name])
        with pytest.raises(SnapshotInconsistent) as refused:
            check(database)

    assert refused.value.broken == {name: 1}
    assert refused.value.advice


@pytest.mark.parametrize("column", ["entitlement_id", "resource_kind", "resource_id", "principal_kind", "principal_id"])
def test_what_a_grant_does_not_say_is_no_answer(column: str) -> None:
    with duckdb.connect() as database:
        database.execute(SOUND)
        database.execute(f"UPDATE grants SET {column} = NULL")
        with pytest.raises(SnapshotInconsistent):
            check(database)
