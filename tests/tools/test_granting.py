"""What the demo's third act and the benchmark ask for makes sense in the tenant that they find, and the numbers are what they are called."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest

from connector.provisioning.asking.parsing import parse_request
from connector.query.snapshot import Snapshot
from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.truth import truth
from tests.support.snapshots import write_snapshot
from tools.bench.provisioning import Bulk, Sizes, bulk_memberships, find_work, numbers, single_operations
from tools.third_act import scenes

SIZES = Sizes(users=90, single=10, memberships=60, groups=3, seed=1)


@pytest.fixture(scope="module")
def picture() -> dict[str, list[dict[str, Any]]]:
    with closing(generate(users=90, seed=1)) as tenant:
        return truth(tenant)


@pytest.fixture(scope="module")
def snapshot(picture: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    asked = {name: picture[name] for name in ("accounts", "groups", "directory_roles", "grants")}
    folder = write_snapshot(tmp_path_factory.mktemp("snapshot") / "tables", asked)
    with Snapshot.open_directory(folder) as opened:
        yield opened


def parsed(bodies: list[Any]) -> Any:
    return parse_request(json.dumps(bodies).encode(), datetime.now(UTC)).wanted


def test_the_third_act_has_all_that_can_happen(snapshot: Snapshot, picture: Any) -> None:
    planned = list(scenes(snapshot))

    dry, grant, again, shift, ruled, revoke = parsed([scene.body for scene in planned])
    assert (dry.dry_run, grant.dry_run) == (True, False)
    assert grant == again
    assert shift.entitlement.startswith("directory_role:")
    assert shift.expires_at
    dynamic = {f"group:{row['id']}:member" for row in picture["groups"] if row["is_dynamic"]}
    assert ruled.entitlement in dynamic
    assert grant.entitlement not in dynamic
    assert (revoke.action, revoke.entitlement, revoke.principal) == ("revoke", grant.entitlement, grant.principal)
    assert [scene.arrived is not None for scene in planned] == [False, True, False, True, False, True]


def test_single_operations_grant_what_is_not_held_and_revoke_what_is(snapshot: Snapshot, picture: Any) -> None:
    held = {(row["entitlement_id"], row["principal_id"]) for row in picture["grants"]}

    asked = parsed(list(islice(single_operations(find_work(snapshot), 1), 20)))

    assert len({(one.entitlement, one.principal) for one in asked}) == 20
    assert 6 <= sum(one.action == "revoke" for one in asked) <= 10
    for one in asked:
        if one.entitlement.startswith("group:"):
            assert ((one.entitlement, one.principal) in held) is (one.action == "revoke")


def test_memberships_in_bulk_are_new_and_spread_over_the_groups(snapshot: Snapshot, picture: Any) -> None:
    held = {(row["entitlement_id"], row["principal_id"]) for row in picture["grants"]}

    asked = parsed(bulk_memberships(find_work(snapshot), SIZES))

    pairs = {(one.entitlement, one.principal) for one in asked}
    assert len(pairs) == 60
    assert len({one.entitlement for one in asked}) == 3
    assert not pairs & held
    with pytest.raises(SystemExit, match="give more --users"):
        bulk_memberships(find_work(snapshot), Sizes(users=90, single=10, memberships=60_000, groups=3, seed=1))


def test_the_quota_is_what_graph_lets_an_application_write_in_that_time() -> None:
    alone = {"requests": 30}
    spent = {"writes": 250, "requests": 600, "http_requests": 60, "resource_units": 700, "throttled": 0}

    found = numbers(
        Sizes(users=1, single=3, memberships=5000, groups=50, seed=1), [0.5, 1, 1.5], alone, Bulk(12.5, 13), spent
    )

    assert (found["p50_s"], found["requests_per_operation"]) == (1, 10)
    assert found["bulk_write_quota_used"] == 1  # 250 of 20 a second in 12.5 seconds
    assert found["requests_per_membership"] == 0.12
