"""A snapshot keeps the facts that its tables follow from: what holds in the end, carried rows included, once each."""

from __future__ import annotations

import pytest

from connector.access.staged import FACTS
from tests.connector.sync.publishing.test_carrying import EVERYTHING, TENANT, held, reading, refused
from tests.support.staged import member


def test_every_fact_table_is_there_with_its_columns_sorted_by_key(publish) -> None:
    first = publish(TENANT, reading())

    for table in FACTS:
        rows = first.facts(table.name, *table.column_names)
        keys = [
            tuple(row[table.column_names.index(name)] or "~" for name in table.key) for row in rows
        ]  # nulls are last
        assert keys == sorted(keys), table.name
        assert len(rows) == len(TENANT.get(table.name, ())), table.name


def test_of_memberships_only_those_are_facts_that_hold(publish) -> None:
    told = [member("g", "a"), member("g", "b"), {**member("g", "a"), "ordinal": 2, "removed": True}]
    built = publish(TENANT | {"memberships": told}, reading())

    assert built.facts("memberships", "principal_id") == [("b",)]
    assert built.rows("groups", "user_members", where="id = 'g'") == [(1,)]


def test_what_a_switch_leaves_out_of_the_tables_is_a_fact_all_the_same(publish) -> None:
    switches = {"SKIP_AD_GROUPS": "true", "SKIP_UNASSIGNED_APPS": "true"}
    first = publish(TENANT, reading(), **switches)
    second = publish({}, refused(*EVERYTHING), first, **switches)

    assert first.rows("groups", "id") == [("g",), ("h",)]
    assert second.facts("groups", "id") == [("ad",), ("g",), ("h",)]
    assert second.facts("enterprise_applications", "id") == [("p",), ("q",), ("s",), ("t",)]


def test_what_was_taken_back_does_not_come_back_with_the_last_good_rows(publish) -> None:
    first = publish(TENANT, reading())
    told = [{**member("g", "a"), "removed": True}]
    second = publish(TENANT | {"memberships": told}, refused("memberships"), first)

    assert ("g", "a") not in second.facts("memberships", "group_id", "principal_id")
    assert ("h", "b") in second.facts("memberships", "group_id", "principal_id")


def test_applications_whose_jobs_could_not_be_read_are_remembered(publish) -> None:
    first = publish(TENANT, reading())
    second = publish(TENANT | {"provisioning_jobs": []}, refused("provisioning_jobs"), first)
    third = publish(TENANT, reading(), second)

    assert first.facts("unread_jobs", "application_id") == []
    assert second.facts("unread_jobs", "*") == [("p", True), ("q", False), ("s", None), ("t", None)]
    assert second.facts("provisioning_jobs", "application_id", "job_id") == [("p", "1")]
    assert third.facts("unread_jobs", "application_id") == []


@pytest.mark.parametrize("origin", ["ra-other", None], ids=["of an id that is not listed", "without an id"])
def test_what_only_pim_has_told_of_stays_where_only_pim_is_refused(publish, origin: str | None) -> None:
    told = [held("i1", "a", "/somewhere", origin_id=origin, assignment_type="Assigned")]
    first = publish(TENANT | {"role_assignment_instances": told}, reading())
    second = publish(TENANT | {"role_assignment_instances": []}, refused("role_schedules"), first)

    assert second.hashes == first.hashes
