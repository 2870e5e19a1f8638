"""Subscriptions: made, shown, renewed, ended, refused; and the handshake."""

import asyncio
from datetime import datetime, timedelta

import pytest
from aiohttp import web

from emulators.graph import Variants

HOUR = 3600


def error_of(response):
    error = response.json()["error"]
    return response.status_code, error["code"], error["message"]


def test_a_subscription_is_made_and_shown(graph, subscribe, receiver):
    made = subscribe(resource="/groups", lifecycleNotificationUrl=receiver.url + "?kind=lifecycle")
    assert made["@odata.context"].endswith("$metadata#subscriptions/$entity")
    assert {name: made[name] for name in ("resource", "changeType", "clientState", "notificationUrl")} == {
        "resource": "/groups",
        "changeType": "updated,deleted",
        "clientState": "secret",
        "notificationUrl": receiver.url,
    }
    assert made["applicationId"] == graph.emulator.client_id
    assert (made["latestSupportedTlsVersion"], made["encryptionCertificate"]) == ("v1_2", None)
    assert graph.get(f"/subscriptions/{made['id']}") == made
    assert graph.get("/subscriptions")["value"] == [{name: made[name] for name in made if name[0] != "@"}]


def test_both_addresses_answer_the_handshake_and_keep_their_query(subscribe, receiver):
    subscribe(notificationUrl=receiver.url + "?key=1", lifecycleNotificationUrl=receiver.url + "?key=2")
    assert [query["key"] for query in receiver.queries] == ["1", "2"]
    token = receiver.queries[0]["validationToken"]
    assert token.startswith("Validation: Testing client application reachability for subscription Request-Id: ")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda token: web.Response(status=202, text=token), "Notification endpoint must respond with 200 OK"),
        (
            lambda _: web.Response(status=307, headers={"Location": "/"}),
            "Notification endpoint must respond with 200",
        ),
        (lambda token: web.Response(text=token.replace(" ", "%20")), "Response must exactly match validationToken"),
        (web.json_response, "Response must exactly match validationToken"),
    ],
)
def test_what_fails_the_handshake(graph, body, receiver, answer, message):
    receiver.handshake = answer
    status, code, text = graph.error("/subscriptions", "POST", json=body())
    assert (status, code) == (400, "ValidationError")
    assert text.startswith(f"Subscription validation request failed. {message}")
    assert graph.get("/subscriptions")["value"] == []


def test_the_handshake_may_take_ten_seconds(graph, body, receiver):
    graph.emulator.clock.stop()

    def slow(token):
        graph.emulator.clock.advance(11)
        return web.Response(text=token)

    receiver.handshake = slow
    timed_out = (400, "InvalidRequest", "Subscription validation request timed out.")
    assert graph.error("/subscriptions", "POST", json=body()) == timed_out


def test_an_endpoint_that_is_not_there_fails_the_handshake(graph, body):
    assert graph.error("/subscriptions", "POST", json=body(notificationUrl="http://127.0.0.1:9/"))[0] == 400


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"expirationDateTime": ""}, "expirationDateTime is a required property for subscription creation"),
        ({"changeType": "created"}, "Invalid 'changeType' attribute: 'created'."),
        ({"changeType": "updated,moved"}, "Invalid 'changeType' attribute: 'updated,moved'."),
        ({"resource": "servicePrincipals"}, "Invalid 'resource' attribute: 'servicePrincipals'."),
        ({"resource": "users/1/memberOf"}, "Invalid 'resource' attribute: 'users/1/memberOf'."),
        ({"clientState": "x" * 129}, "Client state cannot be longer than 128 characters."),
        ({"notificationUrl": "http://example.com/"}, "Invalid 'notificationUrl' attribute"),
        ({"lifecycleNotificationUrl": "ftp://example.com/"}, "Invalid 'lifecycleNotificationUrl' attribute"),
        ({"latestSupportedTlsVersion": "v0_9"}, "Invalid 'latestSupportedTlsVersion' attribute."),
        ({"expirationDateTime": "tomorrow"}, "Invalid 'expirationDateTime' attribute."),
        ({"minutes": 41_761}, "Subscription expiration can only be 41760 minutes in the future."),
    ],
)
def test_what_cannot_be_subscribed_to(graph, body, receiver, change, message):
    status, _, text = graph.error("/subscriptions", "POST", json=body(**change))
    assert (status, text[: len(message)]) == (400, message)
    assert receiver.queries == []


def test_created_is_accepted_beside_updated(subscribe):
    assert subscribe(changeType="created,updated")["changeType"] == "created,updated"


def test_a_client_state_of_128_characters_and_the_longest_lifetime_are_accepted(subscribe):
    subscribe(clientState="x" * 128, minutes=41_760)


def test_no_lifetime_is_shorter_than_45_minutes(graph, subscribe):
    expires = datetime.fromisoformat(subscribe(minutes=1)["expirationDateTime"])
    assert expires - graph.emulator.clock.utc() == timedelta(minutes=45)


def test_a_subscription_ends_with_its_time(graph, subscribe):
    made = subscribe(minutes=50)
    graph.emulator.clock.advance(49 * 60)
    assert graph.get(f"/subscriptions/{made['id']}")["id"] == made["id"]
    graph.emulator.clock.advance(61)
    assert graph.error(f"/subscriptions/{made['id']}")[:2] == (404, "ResourceNotFound")


def test_a_subscription_is_renewed_moved_and_deleted(graph, subscribe, receiver):
    path = f"/subscriptions/{subscribe()['id']}"
    later = (graph.emulator.clock.utc() + timedelta(days=2)).isoformat()
    renewed = graph.send(path, "PATCH", json={"expirationDateTime": later})
    assert renewed.status_code == 200
    assert datetime.fromisoformat(renewed.json()["expirationDateTime"]) == datetime.fromisoformat(later)
    moved = graph.send(path, "PATCH", json={"notificationUrl": receiver.url + "/2"}).json()
    assert (moved["notificationUrl"], len(receiver.queries)) == (receiver.url + "/2", 2)
    assert graph.error(path, "PATCH", json={"clientState": "new"})[0] == 400
    assert graph.send(f"{path}/reauthorize", "POST").status_code == 204
    assert graph.send(path, "DELETE").status_code == 204
    assert graph.error(path, "DELETE")[:2] == (404, "ResourceNotFound")


def test_the_same_subscription_twice_is_a_conflict(graph, subscribe, body):
    made = subscribe()
    status, _, message = graph.error(
        "/subscriptions", "POST", json=body(changeType="deleted,updated", resource="/Users")
    )
    assert (status, message) == (409, f"Subscription Id {made['id']} already exists for the requested combination")
    graph.emulator.variants = Variants(subscriptions_refuse_duplicates=False)
    subscribe()


def test_one_application_has_at_most_a_hundred(graph, subscribe, body):
    graph.emulator.variants = Variants(subscriptions_refuse_duplicates=False)
    for _ in range(100):
        subscribe()
    status, code, message = graph.error("/subscriptions", "POST", json=body())
    assert (status, code) == (403, "ExtensionError")
    assert "Maximum number of subscriptions has been reached" in message


def test_watching_needs_the_permission_to_read(graph, tenant, body):
    tenant.set_fact("permissions", '["Group.Read.All"]')
    graph.sign_in()
    assert graph.error("/subscriptions", "POST", json=body())[:2] == (403, "Authorization_RequestDenied")
    assert graph.send("/subscriptions", "POST", json=body(resource="groups")).status_code == 201


def test_subscriptions_in_a_batch(graph, body, receiver):
    requests = [
        {
            "id": str(number),
            "method": "POST",
            "url": "/subscriptions",
            "body": body(**change),
            "headers": {"Content-Type": "application/json"},
        }
        for number, change in enumerate(({}, {"resource": "groups"}, {"resource": "devices"}))
    ]
    answers = graph.send("/$batch", "POST", json={"requests": requests}).json()["responses"]
    assert [answer["status"] for answer in answers] == [201, 201, 400]
    assert {one["resource"] for one in graph.get("/subscriptions")["value"]} == {"users", "groups"}


def test_the_official_client_subscribes(graph, sdk, receiver):
    from msgraph.generated.models.subscription import Subscription

    until = graph.emulator.clock.utc() + timedelta(hours=1)

    async def subscribed():
        wanted = Subscription(
            change_type="updated", notification_url=receiver.url, resource="users", expiration_date_time=until
        )
        made = await sdk.subscriptions.post(wanted)
        await sdk.subscriptions.by_subscription_id(made.id).reauthorize.post()
        renewed = await sdk.subscriptions.by_subscription_id(made.id).patch(
            Subscription(expiration_date_time=until + timedelta(hours=1))
        )
        return made, renewed

    made, renewed = asyncio.run(subscribed())
    assert (made.resource, renewed.id) == ("users", made.id)
    assert renewed.expiration_date_time - made.expiration_date_time == timedelta(hours=1)
