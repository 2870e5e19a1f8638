"""What compares snapshots with the truth notices every kind of lie. Without this, the other tests here prove nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.truth import truth
from tests.support.pictures import broken_paths, differences

TRUTH: Any = truth(generate(users=60, seed=1))


@pytest.fixture
def picture() -> Any:
    return copy.deepcopy(TRUTH)


def test_the_truth_equals_itself(picture):
    assert differences(picture, TRUTH) == []
    assert broken_paths(picture) == []


@pytest.mark.parametrize("table", sorted(TRUTH))
def test_a_lost_row_is_noticed(table, picture):
    picture[table].pop()

    assert [line.split(":")[0] for line in differences(picture, TRUTH)] == [table]


@pytest.mark.parametrize("table", sorted(TRUTH))
def test_a_surplus_row_is_noticed(table, picture):
    picture[table].append(
        {**picture[table][0], **dict.fromkeys(("id", "principal_id") & picture[table][0].keys(), "invented")}
    )

    assert f"{table}: surplus" in "\n".join(differences(picture, TRUTH))


def test_a_changed_value_is_noticed(picture):
    picture["accounts"][0]["enabled"] = not picture["accounts"][0]["enabled"]

    assert len(differences(picture, TRUTH)) == 1


def test_a_null_is_not_the_same_as_no(picture):
    picture["groups"][0]["is_assignable_to_role"] = {None: False, False: None, True: None}[
        picture["groups"][0]["is_assignable_to_role"]
    ]

    assert len(differences(picture, TRUTH)) == 1


def test_a_repeated_row_is_noticed(picture):
    picture["grants"].append(picture["grants"][0])

    with pytest.raises(AssertionError, match="not unique"):
        differences(picture, TRUTH)


def test_a_path_that_no_membership_bears_out_is_noticed(picture):
    longest = max(picture["inherited_grants"], key=lambda row: row["depth"])
    longest["path"] = [*longest["path"][:-2], "00000000-0000-0000-0000-000000000000", longest["path"][-1]]

    assert len(broken_paths(picture)) == 1
