"""What others commit while a list is being read is younger than the list."""

from __future__ import annotations

import pytest

from connector.incremental.facts import Reading, Replace
from connector.incremental.overlaying import contradicts, without
from connector.storage.records import FactChange


def assignment(name: str) -> dict[str, str]:
    return {"id": name, "application_id": "app"}


def touched(name: str, *, gone: bool = False) -> FactChange:
    return FactChange(table="app_role_assignments", key=(name,), after=None if gone else assignment(name))


READ = Reading(
    rows={"app_role_assignments": [assignment("old"), assignment("stale")]}, replaced=[Replace("app_role_assignments")]
)


def test_nothing_is_brought_back_or_taken_back() -> None:
    reading = without(READ, [touched("stale", gone=True), touched("young")])

    assert reading.rows == {"app_role_assignments": [assignment("old")]}
    [replaced] = reading.replaced
    assert replaced.but == {("id", "stale"), ("id", "young")}


def test_what_is_about_something_else_does_not_matter() -> None:
    assert without(READ, [FactChange(table="groups", key=("g",), after=None)]) is READ


def test_of_a_key_of_several_columns_the_last_that_says_something_is_spared() -> None:
    reading = Reading(replaced=[Replace("license_states", "account_id", "anna")])
    change = FactChange(table="license_states", key=("anna", "sku", None), after=None)

    [replaced] = without(reading, [change]).replaced
    assert replaced.but == {("sku_id", "sku")}


def test_thousands_of_lists_share_what_they_spare() -> None:
    """Each with a set of its own, a burst of assignments while every application is compared would take gigabytes."""
    lists = [Replace("app_role_assignments", "application_id", f"app-{number}") for number in range(3)]

    spared = {id(one.but) for one in without(Reading(replaced=lists), [touched("young")]).replaced}
    assert len(spared) == 1


@pytest.mark.parametrize(
    ("reading", "contradicted"),
    [
        (Reading(rows={"app_role_assignments": [{**assignment("one"), "role_id": None}]}), False),
        (Reading(rows={"app_role_assignments": [{**assignment("one"), "role_id": "r"}]}), True),
        (Reading(gone={"app_role_assignments": [("one",)]}), True),
        (Reading(replaced=[Replace("app_role_assignments", "application_id", "app")]), True),
        (Reading(replaced=[Replace("app_role_assignments", "application_id", "another")]), False),
        (Reading(replaced=[Replace("app_role_assignments", but=frozenset({("id", "one")}))]), False),
        (Reading(rows={"app_role_assignments": [assignment("another")]}), False),
        (Reading(removed={"account": {"one"}}), False),
    ],
)
def test_what_says_something_else_of_a_fact_that_was_brought_about_contradicts(
    reading: Reading, contradicted: bool
) -> None:
    assert contradicts(reading, [touched("one", gone=True), touched("one")]) is contradicted


def test_of_what_was_taken_away_only_a_row_says_something_else() -> None:
    assert contradicts(Reading(rows={"app_role_assignments": [assignment("one")]}), [touched("one", gone=True)])
    assert not contradicts(Reading(gone={"app_role_assignments": [("one",)]}), [touched("one", gone=True)])
    assert not contradicts(Reading(replaced=[Replace("app_role_assignments")]), [touched("one", gone=True)])
