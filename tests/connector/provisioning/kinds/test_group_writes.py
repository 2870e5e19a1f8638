"""Members and owners added and removed: each operation has its own end, whatever the others, Graph and the network do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from connector.access.decoding import decode
from connector.access.delta import put_together
from connector.graph.errors import UnexpectedAnswer
from connector.graph.session import GraphSession
from connector.incremental.tracking import groups as tracking
from connector.incremental.tracking.collected import Collected
from connector.provisioning.contract import Already, Later, Planned, Refused, Sent
from connector.provisioning.kinds.group_references import adding, removing
from connector.settings import Settings
from connector.storage.records.operations import Result
from emulators.graph.service.faults import Fault

NOBODY = "00000000-1111-4222-8333-444444444444"


def seen(gone):
    return {one for one, how in gone.seen.items() if how.as_wanted}


@pytest.mark.parametrize("relation", ["member", "owner"])
def test_one_grant_and_one_revoke_are_done_and_seen_with_their_facts(work, relation):
    ada, keeps = work.users(2)
    group = work.group(owners=[keeps])

    granted = work.go(group, grant=[ada], relation=relation)
    (call,) = granted.acted[ada].calls
    assert (call.method, call.path, call.status) == ("POST", f"/groups/{group}/{relation}s/$ref", 204)
    assert call.request_id
    assert granted.acted[ada].result is None
    assert ada in work.holders(group, relation)
    row = {"group_id": group, "relation": relation, "principal_kind": "account", "principal_id": ada}
    assert granted.seen[ada].reading.rows == {"memberships": [row]}

    again = work.go(group, grant=[ada], relation=relation).verdicts[ada]
    assert isinstance(again, Already)
    assert again.reading.rows == {"memberships": [row]}

    revoked = work.go(group, revoke=[ada], relation=relation)
    (call,) = revoked.acted[ada].calls
    assert (call.method, call.path) == ("DELETE", f"/groups/{group}/{relation}s/{ada}/$ref")
    assert ada not in work.holders(group, relation)
    assert revoked.seen[ada].reading.gone == {"memberships": [(group, relation, ada)]}
    assert isinstance(work.go(group, revoke=[ada], relation=relation).verdicts[ada], Already)
    assert work.tenant.find(ada)


def test_a_hundred_new_members_cost_eight_requests(work):
    joining, group = work.users(100), work.group(*work.users(3))
    gone = work.go(group, grant=joining)
    assert seen(gone) == set(joining) <= work.holders(group)
    assert gone.http <= 8
    left = work.go(group, revoke=joining)
    assert seen(left) == set(joining)
    assert len(work.holders(group)) == 3
    assert left.http <= 8


def test_members_of_a_group_of_more_than_a_page_are_found(work):
    many = work.users(1_020)
    group = work.group(*many)
    verdicts = work.go(group, grant=[*many[::50], *work.users(5)], only_examine=True).verdicts
    assert sum(isinstance(one, Already) for one in verdicts.values()) == 21
    assert sum(isinstance(one, Planned) for one in verdicts.values()) == 5


@pytest.mark.parametrize("wording", ["current", "older"])
@pytest.mark.parametrize("relation", ["member", "owner"])
def test_already_unknown_and_new_in_one_go_each_have_their_own_end(work, relation, wording):
    work.emulator.variants = replace(work.emulator.variants, refusal_wording=wording)
    before, meanwhile, deleted, *new = work.users(8)
    held = {"owners": [before]} if relation == "owner" else {}
    group = work.group(*([before] if relation == "member" else []), **held)
    verb = f"add_{relation}"
    arguments = (
        {"group_id": group, "member_id": meanwhile}
        if relation == "member"
        else {"object_id": group, "owner_id": meanwhile}
    )
    work.emulator.fail(
        Fault(method="PATCH", verb=verb, arguments=arguments),
        Fault(method="PATCH", verb="delete_user", arguments={"user_id": deleted}),
    )
    gone = work.go(group, grant=[before, meanwhile, deleted, *new], relation=relation)

    assert isinstance(gone.verdicts[before], Already)
    assert gone.acted[meanwhile].result is Result.ALREADY_GRANTED
    assert [one.method for one in gone.acted[meanwhile].calls] == ["PATCH", "POST"]
    assert isinstance(gone.acted[deleted], Later)
    assert all(gone.acted[one].result is None for one in new)
    assert seen(gone) == {meanwhile, *new}
    assert work.holders(group, relation) == {before, meanwhile, *new}
    again = {"state": {"refusals": 2}}
    last = work.go(group, grant=[deleted], relation=relation, changes=again)
    assert last.acted[deleted].problem.code == "principal_not_found"


@pytest.mark.parametrize("wording", ["current", "older"])
def test_already_gone_and_gone_now_in_one_go(work, wording):
    work.emulator.variants = replace(work.emulator.variants, refusal_wording=wording)
    ada, bob, eve, stays = work.users(4)
    group = work.group(ada, bob, stays)
    work.emulator.fail(Fault(method="DELETE", verb="remove_member", arguments={"group_id": group, "member_id": bob}))
    gone = work.go(group, revoke=[ada, bob, eve])
    assert gone.acted[ada].result is None
    assert gone.acted[bob].result is Result.ALREADY_REVOKED
    assert isinstance(gone.verdicts[eve], Already)
    assert seen(gone) == {ada, bob}
    assert work.holders(group) == {stays}


def test_what_may_have_been_ours_is_not_called_somebody_elses(work):
    ada, group = work.user(), work.group()
    work.emulator.fail(
        Fault(method="POST", path="ref", verb="add_member", arguments={"group_id": group, "member_id": ada})
    )
    assert work.go(group, grant=[ada], changes={"intended": True}).acted[ada].result is None


@pytest.mark.parametrize("revoke", [False, True])
@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(
    ("fault", "done"),
    [
        ({"drop": "after"}, True),
        ({"drop": "before"}, False),
        ({"status": 504, "after_effect": True}, True),
        ({"status": 503}, False),
    ],
    ids=str,
)
def test_without_an_answer_looking_decides(work, fault, done, many, revoke):
    who = work.users(3 if many else 1)
    group = work.group(*(who if revoke else []))
    path = "batch" if many and revoke else group
    method = "POST" if path == "batch" else "DELETE" if revoke else "PATCH" if many else "POST"
    skip = 2 if path == "batch" else 0  # resolving may batch; examining those that stay asks once
    asked = {"revoke": who} if revoke else {"grant": who}
    if skip:
        work.emulator.fail(*(Fault(method="DELETE", path="ref", **fault) for _ in who))
    else:
        work.emulator.fail(Fault(method=method, path=path, **fault))
    gone = work.go(group, **asked)
    assert all(isinstance(one, Sent) and one.calls for one in gone.acted.values())
    assert seen(gone) == (set(who) if done else set())
    later = work.go(group, **asked, changes={"intended": True})
    expected = Already if done else Planned
    assert all(isinstance(one, expected) for one in later.verdicts.values())
    assert work.holders(group) == (set() if revoke else set(who))


def test_a_batch_of_revokes_whose_answer_is_lost(work):
    who = work.users(5)
    group = work.group(*who)
    work.emulator.fail(Fault(path="batch", drop="after", skip=1))
    gone = work.go(group, revoke=who)
    assert work.holders(group) == set()
    assert seen(gone) == set(who)


def test_throttled_for_longer_than_may_be_waited_goes_on_later_and_counts_as_nothing(work):
    who, group = work.users(25), work.group()
    work.emulator.fail(Fault(method="PATCH", status=429, retry_after=600, skip=1))
    gone = work.go(group, grant=who, deadline=time.monotonic() + 60, look=False)
    first, rest = who[:20], who[20:]
    assert all(isinstance(gone.acted[one], Sent) for one in first)
    assert {(gone.acted[one].seconds > 500, gone.acted[one].counts) for one in rest} == {(True, False)}


@pytest.mark.parametrize("revoke", [False, True])
def test_nothing_is_begun_after_the_deadline(work, revoke):
    who = work.users(2)
    group = work.group(*(who if revoke else []))
    before = work.holders(group)
    asked = {"revoke": who} if revoke else {"grant": who}
    gone = work.go(group, **asked, deadline=time.monotonic() - 1, look=False)
    assert {(type(one), one.counts) for one in gone.acted.values()} == {(Later, False)}
    assert work.holders(group) == before


def test_a_conflict_with_somebody_elses_change_is_tried_again(work):
    ada, group = work.user(), work.group()
    work.emulator.fail(Fault(method="POST", path="ref", status=409))
    acted = work.go(group, grant=[ada]).acted[ada]
    assert isinstance(acted, Later)
    assert acted.counts


def test_an_unexplained_refusal_is_tried_again_and_told_in_graphs_words_in_the_end(work):
    ada, group = work.user(), work.group()
    state: Mapping[str, Any] = {}
    for _ in range(2):
        work.emulator.fail(Fault(method="POST", path="ref", status=400, code="Request_BadRequest"))
        acted = work.go(group, grant=[ada], changes={"state": state}).acted[ada]
        assert isinstance(acted, Later)
        state = acted.state
    work.emulator.fail(Fault(method="POST", path="ref", status=400, code="Request_BadRequest"))
    final = work.go(group, grant=[ada], changes={"state": state}).acted[ada]
    assert isinstance(final, Refused)
    assert (final.problem.code, final.problem.graph_code) == ("refused_by_graph", "Request_BadRequest")
    assert final.problem.request_id


def test_a_permission_that_the_token_does_not_tell_is_named(work):
    ada, group = work.user(), work.group()
    work.emulator.fail(Fault(method="POST", path="ref", status=403))
    assert work.go(group, grant=[ada]).acted[ada].problem.code == "permission_missing"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"groupTypes": ["DynamicMembership"], "membershipRule": "true"}, "dynamic_membership"),
        ({"onPremisesSyncEnabled": True}, "synced_from_on_premises"),
        ({"mailEnabled": True}, "managed_by_exchange"),
    ],
    ids=str,
)
@pytest.mark.parametrize("wording", ["current", "older"])
def test_a_group_that_changes_between_guard_and_write(work, change, code, wording):
    work.emulator.variants = replace(work.emulator.variants, refusal_wording=wording)
    who, group = work.users(2), work.group()
    work.emulator.fail(Fault(method="PATCH", verb="update_group", arguments={"group_id": group, "properties": change}))
    acted = work.go(group, grant=who).acted
    assert {one.problem.code for one in acted.values()} == {code}
    assert all(one.problem.graph_code and one.problem.request_id for one in acted.values())


def test_a_group_that_is_deleted_between_guard_and_write(work):
    ada, group = work.user(), work.group()
    work.emulator.fail(Fault(method="POST", path="ref", verb="delete_group", arguments={"group_id": group}))
    assert isinstance(work.go(group, grant=[ada]).acted[ada], (Refused, Later))


def test_reads_that_lag_behind_are_never_the_last_word(work):
    ada, bob = work.users(2)
    group = work.group(bob)
    work.emulator.variants = replace(work.emulator.variants, read_lag_changes=50)
    gone = work.go(group, grant=[ada], revoke=[bob])
    assert work.holders(group) == {ada}
    assert seen(gone) == set()
    again = work.go(group, grant=[ada], revoke=[bob], changes={"intended": True})
    assert all(isinstance(one, Later) for one in again.acted.values())  # refused as already so, and not seen yet
    work.emulator.settle_reads()
    last = work.go(group, grant=[ada], revoke=[bob], changes={"intended": True})
    assert all(isinstance(one, Already) for one in last.verdicts.values())


@pytest.mark.parametrize("shown", [False, True])
def test_service_principals_whether_v1_shows_them_or_not(work, shown):
    work.emulator.variants = replace(work.emulator.variants, members_hide_service_principals=not shown)
    apps, group = [work.application() for _ in range(3)], work.group()
    for number in (1, 3):
        some = apps[:number]
        assert seen(work.go(group, grant=some)) == set(some) - (set() if number == 1 else {apps[0]})
        assert all(isinstance(one, Already) for one in work.go(group, grant=some).verdicts.values())
    gone = work.go(group, revoke=apps)
    assert seen(gone) == set(apps)
    assert work.holders(group) == set()


def test_a_service_principal_of_whom_nothing_can_be_read_is_neither_there_nor_gone(work):
    app, group = work.application(), work.group()
    work.emulator.fail(Fault(path=f"{app}/memberOf", status=403, times=50))
    for asked in ({"grant": [app]}, {"revoke": [app]}):
        assert work.go(group, **asked).verdicts[app].problem.code == "permission_missing"


@pytest.mark.parametrize("variant", ["empty_first_page", "short_pages", "empty_pages", "empty_last_page"])
def test_a_page_says_nothing_about_who_is_not_on_it(work, variant):
    some, group = work.users(40), work.group()
    work.go(group, grant=some)
    work.emulator.variants = replace(work.emulator.variants, **{variant: True})
    assert all(isinstance(one, Already) for one in work.go(group, grant=some).verdicts.values())
    assert all(isinstance(one, Already) for one in work.go(group, grant=some[:3]).verdicts.values())


def test_a_list_that_breaks_off_says_nothing_at_all(work):
    some, group = work.users(20), work.group()
    work.go(group, grant=some)
    page = {"value": [{"id": some[0]}, {"no": "id"}]}
    work.emulator.fail(Fault(method="GET", path="members", status=200, body=page, times=9))
    with pytest.raises(UnexpectedAnswer, match="cannot be understood"):
        work.go(group, revoke=some)
    assert work.holders(group) == set(some)


def test_where_ids_cannot_be_filtered_by_the_list_is_read(work):
    ada, bob = work.users(2)
    group = work.group(ada)
    work.emulator.fail(
        Fault(method="GET", path="members.*filter", status=400, code="Request_UnsupportedQuery", times=3)
    )
    verdicts = work.go(group, grant=[ada, bob], only_examine=True).verdicts
    assert (type(verdicts[ada]), type(verdicts[bob])) == (Already, Planned)


def test_the_facts_are_those_that_a_round_reads_from_delta(work):
    ada, app, nested = work.user(), work.application(), work.group()
    group = work.group()
    facts = [
        row for one in work.go(group, grant=[ada, app, nested]).seen.values() for row in one.reading.rows["memberships"]
    ]

    async def told():
        settings = Settings.load({**work.emulator.environment(), "AzureWebJobsStorage": "unused"})
        async with GraphSession(settings) as session:
            url = f"{session.base_url}/groups/delta?$select=id,members,owners&$filter=id eq '{group}'"
            return decode((await session.get(url)).body, dict)["value"]

    collected = Collected()
    for one in put_together(asyncio.run(told())).values():
        tracking._relate(group, "member", one.related["members"], collected)
    by_principal = {row["principal_id"]: row for row in collected.stated["memberships"].values()}
    assert by_principal == {row["principal_id"]: row for row in facts}


def test_nothing_but_a_reference_is_ever_deleted(work):
    ada, group = work.user(), work.group()
    session = GraphSession(Settings.load({**work.emulator.environment(), "AzureWebJobsStorage": "unused"}))
    for bad in (f"{ada}/", "../x", f"{ada}?x=", "", f"{ada}/$ref/.."):
        with pytest.raises(ValueError, match="no object id"):
            removing(group, "member", bad)
        with pytest.raises(ValueError, match="no object id"):
            adding(session, group, "member", bad)
    assert removing(group, "owner", ada).path == f"/groups/{group}/owners/{ada}/$ref"
    added = msgspec.json.decode(adding(session, group, "member", ada).body or b"")
    assert added["@odata.id"].endswith(f"/directoryObjects/{ada}")


def test_whatever_goes_wrong_no_member_is_ever_deleted(work):
    who = work.users(8)
    group = work.group(*who, owners=who)
    for fault in ({"drop": "after"}, {"status": 500, "after_effect": True}, {"status": 404}, {"status": 400}):
        work.emulator.fail(Fault(method="DELETE", times=2, **fault))
        for relation in ("member", "owner"):
            work.go(group, revoke=who[:7], relation=relation, changes={"intended": True})
            work.go(group, grant=who[:7], relation=relation)
    operations = work.emulator.metrics.snapshot()["operations"]
    deletions = {name for name in operations if name.startswith("DELETE") and name != "DELETE fault"}
    assert deletions == {"DELETE groups/{id}/members/{id}/$ref", "DELETE groups/{id}/owners/{id}/$ref"}
    for one in who:
        assert work.tenant.find(one)
