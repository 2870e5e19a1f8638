"""What subscriptions there are in the end, whatever there was before and whatever went wrong. Against the Graph emulator."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from connector.graph.session import GraphSession
from connector.graph.writing import write
from connector.query.status import read_status
from connector.storage.subscriptions import digest
from connector.subscriptions.wanted import CHANGES_PATH, LIFECYCLE_PATH
from emulators.graph.service.faults import Fault
from tests.support.addresses import PublicAddress

DAY, HOUR = 86_400, 3_600
BOTH = ["groups", "users"]


def subscribe(ours, url, *, days=20, resource="users", paths=(CHANGES_PATH, LIFECYCLE_PATH)):
    """Make a subscription as somebody else with the same app registration does."""
    body = {
        "resource": resource,
        "changeType": "updated,deleted",
        "notificationUrl": url + paths[0],
        "lifecycleNotificationUrl": url + paths[1],
        "expirationDateTime": (ours.graph.clock.utc() + timedelta(days=days)).isoformat(),
        "clientState": "not ours",
    }

    async def send():
        import msgspec

        async with GraphSession(ours.settings) as session:
            return await write(session, "POST", "/subscriptions", msgspec.json.encode(body))

    written = asyncio.run(send())
    assert written.status == 201, written


def test_both_resources_are_subscribed_to_for_as_long_as_graph_allows(world, ours):
    done = ours.run()

    assert (done.made, done.problems, done.settled) == (2, [], True)
    assert world.at(ours.address.url) == BOTH
    for one in world.living():
        left = datetime.fromisoformat(one["expirationDateTime"]) - world.graph.clock.utc()
        assert timedelta(minutes=41_600) < left < timedelta(minutes=41_760)
        assert one["changeType"] == "updated,deleted"
        assert one["lifecycleNotificationUrl"] == f"{ours.address.url}{LIFECYCLE_PATH}"


def test_no_secret_is_kept_and_its_hash_recognises_it(world, ours):
    ours.run()
    secrets = {one["id"]: one["clientState"] for one in world.living()}

    assert len(set(secrets.values())) == 2
    assert all(len(secret) >= 43 for secret in secrets.values())  # 256 bits in base64
    assert not any(secret in ours.texts() for secret in secrets.values())
    assert {one.id: one.client_state_sha256 for one in ours.state().subscriptions} == {
        key: digest(secret) for key, secret in secrets.items()
    }
    world.change_something()
    assert ours.address.genuine == 2


def test_what_is_right_is_left_as_it_is_and_authorized_again(world, ours):
    ours.run()
    before = world.living()
    ours.calls.clear()

    done = ours.run()

    assert world.living() == before
    assert (done.made, done.removed, done.renewed, done.reauthorized) == (0, 0, 0, 2)
    assert [call for call in ours.calls if call[1] != "reauthorize"] == []


def test_a_new_subscription_asks_for_a_round_that_reads_what_it_could_not_see(world, ours):
    sent = []

    def wrap(store, send_write, _):
        async def send(message, *, delay=0):
            sent.append((message, delay))

        return store, send_write, send

    ours.wrap = wrap
    ours.run()
    ours.run()

    ((message, delay),) = sent
    assert sorted(message.kinds) == BOTH
    assert delay > 5  # seconds in which an endpoint may not yet know the subscription


@pytest.mark.parametrize(("days", "renewed"), [(1.9, 0), (4.1, 2), (20, 2)])
def test_renewed_weeks_before_the_end_and_not_all_the_time(world, ours, days, renewed):
    ours.run()
    before = {one["id"]: one["expirationDateTime"] for one in world.living()}
    world.pass_time(days * DAY)

    done = ours.run()

    assert done.renewed == renewed
    after = {one["id"]: one["expirationDateTime"] for one in world.living()}
    assert after.keys() == before.keys()
    assert all((after[key] > before[key]) == bool(renewed) for key in after)
    assert {one.id: one.expires_at.isoformat()[:16] for one in ours.state().subscriptions} == {
        key: value[:16] for key, value in after.items()
    }


def test_renewals_do_not_all_come_at_once(ours):
    ours.run()

    assert len({one.renew_at for one in ours.state().subscriptions}) == 2


def test_a_subscription_that_is_gone_is_made_again(world, ours):
    ours.run()
    lost = next(one for one in world.living() if one["resource"] == "groups")["id"]
    world.graph.notifications.registry.remove(lost)
    world.pass_time(10 * 60)  # longer than Graph's list may lag

    done = ours.run()

    assert done.made == 1
    assert world.at(ours.address.url) == BOTH
    assert lost not in {one.id for one in ours.state().subscriptions}


def test_one_that_has_just_been_made_may_be_missing_from_the_list(world, ours):
    ours.run()
    world.graph.fail(Fault(method="GET", path="/subscriptions", status=200, body={"value": []}))

    assert ours.run().made == 0


def test_all_that_ended_while_nothing_ran_is_made_again(world, ours):
    ours.run()
    world.pass_time(30 * DAY)

    assert ours.run().made == 2
    world.change_something()
    assert ours.address.genuine == 2


@pytest.mark.parametrize("refuses_duplicates", [False, True])
def test_another_address_moves_them_without_a_gap_where_graph_allows_it(world, ours, refuses_duplicates):
    world.graph.variants = replace(world.graph.variants, subscriptions_refuse_duplicates=refuses_duplicates)
    ours.run()
    with PublicAddress() as elsewhere:
        moved = ours.at(elsewhere.url)
        elsewhere.settings = moved.settings
        done = moved.run()

        assert (done.made, done.removed, done.problems) == (2, 2, [])
        assert (world.at(ours.address.url), world.at(elsewhere.url)) == ([], BOTH)
        successful = [method for method, _ in moved.calls]
        assert successful.index("DELETE") > successful.index("POST")
        if not refuses_duplicates:
            assert successful == ["POST", "POST", "DELETE", "DELETE"]
        world.change_something()
        assert (elsewhere.genuine, ours.address.genuine) == (2, 0)
        assert len(moved.state().subscriptions) == 2
        world.graph.notifications.disturb(hold=True)


def test_an_address_that_does_not_shake_hands_is_told_and_the_old_subscriptions_stay(world, ours):
    world.graph.variants = replace(world.graph.variants, subscriptions_refuse_duplicates=False)
    ours.run()
    with PublicAddress() as elsewhere:
        elsewhere.refuses_handshakes = True
        done = ours.at(elsewhere.url).run()

    assert len(done.problems) == 2
    assert all("NOTIFICATION_URL" in problem and elsewhere.url[7:] in problem for problem in done.problems)
    assert world.at(ours.address.url) == BOTH
    assert ours.at(elsewhere.url).state().problems == tuple(done.problems)


def test_without_an_address_ours_are_removed_and_others_stay(world, ours):
    world.graph.variants = replace(world.graph.variants, subscriptions_refuse_duplicates=False)
    ours.run()
    with PublicAddress() as other:
        subscribe(ours, other.url)
        nowhere = ours.at("")
        done = nowhere.run()

        assert done.removed == 2
        assert [one["notificationUrl"] for one in world.living()] == [other.url + CHANGES_PATH]
        assert nowhere.state().subscriptions == ()


def test_secrets_that_nobody_knows_any_more_are_replaced(world, ours):
    """Storage was lost. What those subscriptions deliver cannot be told from forgeries."""
    ours.run()
    before = {one["id"] for one in world.living()}
    ours.forget_everything()

    done = ours.run()

    assert (done.made, done.removed) == (2, 2)
    assert before.isdisjoint(one["id"] for one in world.living())
    world.change_something()
    assert ours.address.genuine == 2


def test_a_living_deployment_with_the_same_registration_is_left_alone(world, ours):
    world.graph.variants = replace(world.graph.variants, subscriptions_refuse_duplicates=False)
    theirs = world.new_subscriber()

    for _ in range(3):
        assert ours.run().problems == []
        assert theirs.run().problems == []
        world.pass_time(5 * DAY)

    assert (world.at(ours.address.url), world.at(theirs.address.url)) == (BOTH, BOTH)
    world.change_something()  # their tokens have ended
    ours.run(), theirs.run()
    world.pass_time()
    assert (ours.address.genuine, theirs.address.genuine) == (2, 2)


def test_where_graph_allows_one_the_second_deployment_says_who_has_it(world, ours):
    theirs = world.new_subscriber()
    theirs.run()

    done = ours.run()

    assert (done.made, done.removed, done.settled) == (0, 0, True)
    assert all(theirs.address.url[7:] in problem for problem in done.problems)
    assert world.at(theirs.address.url) == BOTH


def test_what_a_deployment_left_behind_is_removed_once_nobody_renews_it(world, ours):
    with PublicAddress() as gone:
        subscribe(ours, gone.url, days=15)
        assert ours.run().removed == 0
        world.pass_time(2 * DAY)

        done = ours.run()

    assert done.removed == 1
    assert (world.at(gone.url), world.at(ours.address.url)) == ([], BOTH)


@pytest.mark.parametrize("paths", [("/hook", "/hook"), (CHANGES_PATH, "/hook"), ("/hook", LIFECYCLE_PATH)])
def test_other_software_with_the_same_registration_is_never_touched(world, ours, paths):
    world.graph.variants = replace(world.graph.variants, subscriptions_refuse_duplicates=False)
    with PublicAddress() as other:
        subscribe(ours, other.url, days=1, paths=paths)
        ours.run()
        ours.at("").run()

        assert world.at(other.url) == ["users"]


def test_a_missing_permission_is_named_and_the_other_resource_is_subscribed_to(world, ours):
    world.graph.tenant.set_fact("permissions", '["User.Read.All"]')

    done = ours.run()

    assert world.at(ours.address.url) == ["users"]
    (problem,) = done.problems
    assert "groups" in problem
    assert "Group.Read.All" in problem
    assert "consent" in problem


def test_a_full_quota_is_named(world, ours):
    world.graph.fail(
        Fault(
            method="POST",
            path="/subscriptions$",
            status=403,
            times=2,
            body={"error": {"code": "ExtensionError", "message": "Maximum number of subscriptions has been reached"}},
        )
    )

    assert all("100 subscriptions" in problem for problem in ours.run().problems)


def test_a_full_quota_makes_the_old_ones_go_first(world, ours):
    world.graph.variants = replace(world.graph.variants, subscriptions_refuse_duplicates=False)
    ours.run()
    full = {"error": {"code": "ExtensionError", "message": "Maximum number of subscriptions has been reached"}}
    world.graph.fail(Fault(method="POST", path="/subscriptions$", status=403, body=full))
    with PublicAddress() as elsewhere:
        done = ours.at(elsewhere.url).run()

        assert (done.problems, world.at(elsewhere.url), world.at(ours.address.url)) == ([], BOTH, [])


def test_a_missing_permission_costs_no_subscription_that_there_is(world, ours):
    world.graph.variants = replace(world.graph.variants, subscriptions_refuse_duplicates=False)
    ours.run()
    world.graph.tenant.set_fact("permissions", '["User.Read.All"]')
    with PublicAddress() as elsewhere:
        done = ours.at(elsewhere.url).run()

    assert (done.removed, world.at(ours.address.url)) == (1, ["groups"])


def test_status_tells_what_is_subscribed_to_and_what_is_amiss(world, ours):
    world.graph.tenant.set_fact("permissions", '["User.Read.All"]')
    ours.run()

    told = asyncio.run(read_status(ours.settings, world.graph.clock.utc())).notifications

    assert told
    assert (told.address, list(told.expires_at)) == (ours.address.url, ["users"])
    assert "Group.Read.All" in told.problems[0]


LOSSES = [
    Fault(method="POST", path="/subscriptions$", drop="after"),
    Fault(method="POST", path="/subscriptions$", drop="after", times=2),
    Fault(method="POST", path="/subscriptions$", drop="before"),
    Fault(method="POST", path="/subscriptions$", status=503, after_effect=True),
    Fault(method="POST", path="/subscriptions$", status=500),
    Fault(method="POST", path="/subscriptions$", status=429, retry_after=0, times=3),
    Fault(method="POST", path="/subscriptions$", status=401),
    Fault(method="POST", path="/subscriptions$", raw="<html>", times=1),
    Fault(method="GET", path="/subscriptions", status=503),
    Fault(method="POST", path="reauthorize", drop="after"),
]


@pytest.mark.parametrize(
    ("loss", "refuses_duplicates"),
    [(loss, number % 2 == 0) for number, loss in enumerate(LOSSES)] + [(LOSSES[0], False)],
    ids=range(len(LOSSES) + 1),
)
def test_a_lost_answer_neither_doubles_nor_loses_a_subscription(world, ours, loss, refuses_duplicates):
    world.graph.variants = replace(world.graph.variants, subscriptions_refuse_duplicates=refuses_duplicates)
    world.graph.fail(loss)

    done = ours.run()
    if not done.settled or done.problems:
        ours.run()

    assert world.at(ours.address.url) == BOTH
    assert {one.id for one in ours.state().subscriptions} == {one["id"] for one in world.living()}
    world.change_something()
    assert ours.address.genuine == 2


def test_a_removal_whose_answer_is_lost_is_a_removal(world, ours):
    ours.run()
    world.graph.fail(Fault(method="DELETE", path="/subscriptions", drop="after"))
    done = ours.at("").run()

    assert (world.living(), done.problems) == ([], [])


def test_a_list_that_cannot_be_read_to_its_end_removes_nothing(world, ours):
    ours.run()
    world.pass_time(HOUR)
    world.graph.fail(
        Fault(
            method="GET",
            path="/subscriptions",
            status=200,
            body={"value": [], "@odata.nextLink": f"{world.graph.base_url}/subscriptions?$skiptoken=x"},
        ),
        Fault(method="GET", path="skiptoken", status=403, times=1),
    )

    with pytest.raises(Exception, match="403"):
        ours.run()

    assert len(world.living()) == len(ours.state().subscriptions) == 2


def test_two_that_do_it_at_the_same_time_end_with_one_of_each(world, ours):
    world.graph.variants = replace(world.graph.variants, subscriptions_refuse_duplicates=False)

    async def both():
        await asyncio.gather(ours.reconcile(), ours.reconcile())

    asyncio.run(both())
    assert {one.id for one in ours.state().subscriptions} == {one["id"] for one in world.living()}
    ours.run()

    assert world.at(ours.address.url) == BOTH
    world.change_something()
    assert ours.address.genuine == 2
