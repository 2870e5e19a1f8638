"""Delivery of change notifications: what is told, retries, slow endpoints, tokens that end, and disturbances."""

from itertools import pairwise

import httpx
import pytest

from emulators.graph import Variants

MINUTE, HOUR = 60, 3600


def test_a_changed_user_is_told_as_the_service_writes_it(graph, tenant, subscribe, receiver, arrived):
    made = subscribe()
    ada = tenant.create_user("Ada")
    arrived()
    (item,) = receiver.items
    data = item.pop("resourceData")
    assert item == {
        "changeType": "updated",
        "clientState": "secret",
        "resource": f"Users/{ada}",
        "subscriptionExpirationDateTime": made["expirationDateTime"],
        "subscriptionId": made["id"],
        "tenantId": tenant.id,
    }
    assert data.pop("eventTime").endswith("Z")
    assert data.pop("sequenceNumber") > 630_000_000_000_000_000
    assert data == {
        "@odata.type": "#Microsoft.Graph.User",
        "@odata.id": f"Users/{ada}",
        "id": ada,
        "organizationId": tenant.id,
    }


def test_restorable_deletion_is_an_update_and_only_the_end_is_a_deletion(tenant, subscribe, receiver, arrived):
    subscribe()
    ada = tenant.create_user("Ada")
    tenant.delete_user(ada)
    tenant.restore_user(ada)
    tenant.purge_user(ada)
    arrived()
    assert [item["changeType"] for item in receiver.items] == ["updated", "updated", "updated", "deleted"]


def test_a_group_that_cannot_be_restored_is_deleted_at_once(tenant, subscribe, receiver, arrived):
    subscribe(resource="groups", changeType="deleted")
    team, mail = tenant.create_group("Team"), tenant.create_group("Mail", kind="microsoft_365")
    tenant.delete_group(team)
    tenant.delete_group(mail)
    arrived()
    assert receiver.ids == [team]


def test_memberships_are_changes_of_the_group(graph, tenant, subscribe, receiver, arrived):
    group, ada, bob = tenant.create_group("Team"), tenant.create_user("Ada"), tenant.create_user("Bob")
    tenant.add_member(group, bob)
    subscribe(resource="groups")
    with tenant.transaction():
        tenant.add_member(group, ada)
        tenant.remove_member(group, bob)
    arrived()
    (item,) = receiver.items
    assert item["resource"] == f"Groups/{group}"
    assert item["resourceData"]["members@delta"] == [{"id": ada}, {"id": bob, "@removed": {"reason": "deleted"}}]
    graph.emulator.variants = Variants(notifications_carry_members=False)
    tenant.add_member(group, bob)
    arrived()
    assert "members@delta" not in receiver.items[-1]["resourceData"]


@pytest.mark.parametrize(("resource", "expected"), [("members", 1), ("owners", 0), ("", 2)])
def test_one_group_and_its_relationships(tenant, subscribe, receiver, arrived, resource, expected):  # noqa: PLR0917
    group, other, ada = tenant.create_group("Team"), tenant.create_group("Other"), tenant.create_user("Ada")
    subscribe(resource=f"groups/{group}/{resource}".rstrip("/"))
    tenant.add_member(group, ada)
    tenant.update_group(group, {"description": "new"})
    tenant.add_member(other, ada)
    arrived()
    assert receiver.ids == [group] * expected


def test_one_user_only(tenant, subscribe, receiver, arrived):
    ada, bob = tenant.create_user("Ada"), tenant.create_user("Bob")
    subscribe(resource=f"/users/{ada}")
    for one in (ada, bob):
        tenant.update_user(one, {"city": "Oslo"})
    arrived()
    assert receiver.ids == [ada]


def test_changes_made_through_graph_are_told_and_those_that_fail_are_not(graph, tenant, subscribe, receiver, arrived):
    group, ada = tenant.create_group("Team"), tenant.create_user("Ada")
    subscribe(resource="groups")
    address = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{ada}"}
    for status in (204, 400):
        assert graph.send(f"/groups/{group}/members/$ref", "POST", json=address).status_code == status
    arrived()
    assert receiver.ids == [group]


def test_what_is_due_together_comes_in_one_body(graph, tenant, subscribe, receiver, arrived):
    subscribe()
    graph.emulator.notifications.disturb(hold=True)
    users = [tenant.create_user(f"User {number}") for number in range(120)]
    arrived()
    assert receiver.bodies == []
    graph.emulator.notifications.release()
    arrived()
    assert [len(body["value"]) for body in receiver.bodies] == [100, 20]
    assert receiver.ids == users


def test_a_refused_notification_is_tried_again_ever_later_for_four_hours(graph, tenant, subscribe, receiver, arrived):
    attempts = []

    def refuse():
        attempts.append(graph.emulator.clock.now())
        return 503

    receiver.answer = refuse
    path = f"/subscriptions/{subscribe(minutes=600)['id']}/reauthorize"
    tenant.create_user("Ada")
    arrived()
    for _ in range(25):
        arrived(10 * MINUTE)
        graph.sign_in()
        assert graph.send(path, "POST").status_code == 204
    waits = [later - sooner for sooner, later in pairwise(attempts)]
    assert len(attempts) > 5
    assert all(later >= sooner for sooner, later in pairwise(waits))
    assert attempts[-1] - attempts[0] <= 4 * HOUR
    assert graph.emulator.notifications.counts["given_up"] == 1


def test_a_retry_brings_the_same_notification(graph, tenant, subscribe, receiver, arrived):
    answers = iter([500, 404, 202])
    receiver.answer = lambda: next(answers)
    subscribe()
    ada = tenant.create_user("Ada")
    arrived()
    assert receiver.items == []
    arrived(10)
    assert receiver.items == []
    arrived(20)
    assert receiver.ids == [ada]


@pytest.fixture
def answers_slowly(graph, receiver):
    """Makes the endpoint take eleven seconds for its next answer, and none for those that follow."""

    def slowly():
        receiver.answer = lambda: 202
        graph.emulator.clock.advance(11)
        return 202

    def arm():
        receiver.answer = slowly

    return arm


def test_an_answer_after_ten_seconds_is_none(tenant, subscribe, receiver, arrived, answers_slowly):
    subscribe()
    answers_slowly()
    ada = tenant.create_user("Ada")
    arrived()
    arrived(10)
    assert receiver.ids == [ada, ada]


def test_a_slow_endpoint_is_notified_ten_seconds_late(tenant, subscribe, receiver, arrived, answers_slowly):
    subscribe()
    for number in range(8):
        tenant.create_user(f"User {number}")
        arrived()
    answers_slowly()
    tenant.create_user("Ada")
    arrived()
    late = tenant.create_user("Late")
    arrived(9)
    assert late not in receiver.ids
    arrived(1)
    assert late in receiver.ids


def test_a_slower_endpoint_is_not_notified_for_ten_minutes(graph, tenant, subscribe, receiver, arrived, answers_slowly):  # noqa: PLR0917
    subscribe()
    answers_slowly()
    tenant.create_user("Ada")
    arrived()
    dropped = tenant.create_user("Dropped")
    arrived(10 * MINUTE)
    assert dropped not in receiver.ids
    assert graph.emulator.notifications.counts["dropped"] == 1
    told = tenant.create_user("Told")
    arrived()
    assert receiver.ids[-1] == told


def test_nothing_is_delivered_on_an_expired_token_until_it_is_renewed(graph, tenant, subscribe, receiver, arrived):
    made = subscribe(minutes=600)
    arrived(HOUR)
    ada = tenant.create_user("Ada")
    arrived(10 * MINUTE)
    assert receiver.items == []
    graph.sign_in()
    assert graph.send(f"/subscriptions/{made['id']}/reauthorize", "POST").status_code == 204
    arrived()
    assert receiver.ids == [ada]


def test_after_four_hours_the_backlog_is_lost(graph, tenant, subscribe, receiver, arrived):
    made = subscribe(minutes=600)
    arrived(HOUR)
    tenant.create_user("Ada")
    arrived(4 * HOUR + 1)
    graph.sign_in()
    graph.send(f"/subscriptions/{made['id']}/reauthorize", "POST")
    arrived()
    assert (receiver.items, graph.emulator.notifications.counts["given_up"]) == ([], 1)


def test_reauthorization_is_asked_for_before_the_token_ends(graph, tenant, subscribe, receiver, arrived):
    made = subscribe(minutes=600, lifecycleNotificationUrl=receiver.url)
    arrived(14 * MINUTE)
    assert receiver.items == []
    arrived(MINUTE)
    assert receiver.items == [
        {
            "subscriptionId": made["id"],
            "subscriptionExpirationDateTime": made["expirationDateTime"],
            "tenantId": tenant.id,
            "clientState": "secret",
            "lifecycleEvent": "reauthorizationRequired",
        }
    ]
    graph.emulator.notifications.remind(made["id"])
    arrived()
    assert len(receiver.items) == 2


def test_notifications_of_a_deleted_subscription_are_forgotten(graph, tenant, subscribe, receiver, arrived):
    made = subscribe()
    graph.emulator.notifications.disturb(hold=True)
    tenant.create_user("Ada")
    graph.send(f"/subscriptions/{made['id']}", "DELETE")
    graph.emulator.notifications.release()
    arrived()
    assert receiver.items == []


def test_deliveries_are_disturbed_on_request(graph, tenant, subscribe, receiver, arrived):
    subscribe()
    notifications = graph.emulator.notifications
    notifications.disturb(lose=1, duplicate=1)
    lost, twice = tenant.create_user("Lost"), tenant.create_user("Twice")
    arrived()
    assert lost not in receiver.ids
    assert receiver.ids == [twice, twice]
    notifications.disturb(delay_seconds=30)
    late = tenant.create_user("Late")
    arrived()
    assert late not in receiver.ids
    arrived(30)
    assert receiver.ids[-1] == late
    notifications.disturb(delay_seconds=0, hold=True, reorder=True)
    users = [tenant.create_user(f"User {number}") for number in range(3)]
    notifications.release()
    arrived()
    assert receiver.ids[-3:] == users[::-1]


def test_disturbances_on_the_admin_address(graph, tenant, subscribe, receiver, arrived):
    made = subscribe(lifecycleNotificationUrl=receiver.url)
    url = graph.emulator.admin_url + "/notifications"
    assert graph.http.patch(url, json={"lose": 1}).json()["disturbance"]["lose"] == 1
    assert graph.http.patch(url, json={"loose": 1}).status_code == 400
    tenant.create_user("Ada")
    assert graph.http.post(url + "/remind", json={"subscription_id": made["id"]}).status_code == 200
    assert graph.http.post(url + "/remind", json={"subscription_id": "none"}).status_code == 404
    arrived()
    shown = graph.http.get(url).json()
    assert shown["counts"] == {"made": 2, "lost": 1, "posts": 1, "delivered": 1}
    assert [item["lifecycleEvent"] for item in receiver.items] == ["reauthorizationRequired"]


def test_serving_goes_on_while_an_endpoint_does_not_answer(graph, tenant, subscribe, receiver):
    waited = []

    def ask():
        waited.append(httpx.get(graph.emulator.base_url + "/users", verify=False, timeout=30).status_code)  # noqa: S501
        return 202

    receiver.answer = ask
    subscribe()
    tenant.create_user("Ada")
    graph.emulator.notifications.drain()
    assert waited == [401]


def test_without_subscriptions_nothing_is_made(graph, tenant):
    tenant.create_user("Ada")
    assert graph.emulator.notifications.counts == {}
