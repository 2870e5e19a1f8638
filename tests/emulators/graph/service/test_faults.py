"""Faults on request: each kind, alone and together, inside batches and on the admin address."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulators.graph import Fault


def batch(graph: Any, *urls: str) -> list[dict[str, Any]]:
    requests = [{"id": str(number), "method": "GET", "url": url} for number, url in enumerate(urls)]
    response = graph.send("/$batch", "POST", json={"requests": requests})
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = sorted(response.json()["responses"], key=lambda item: item["id"])
    return found


def statuses(graph: Any, path: str, times: int) -> list[int]:
    return [graph.send(path).status_code for _ in range(times)]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "InvalidAuthenticationToken"),
        (403, "Authorization_RequestDenied"),
        (404, "Request_ResourceNotFound"),
        (409, "Directory_ConcurrencyViolation"),
        (429, "TooManyRequests"),
        (500, "InternalServerError"),
        (503, "serviceNotAvailable"),
        (504, "gatewayTimeout"),
    ],
)
def test_every_status_has_its_usual_body(graph, status, code):
    graph.emulator.fail(Fault(path="/groups", status=status, times=2))
    assert graph.error("/groups")[:2] == (status, code)
    (item,) = batch(graph, "/groups")
    assert (item["status"], item["body"]["error"]["code"]) == (status, code)
    assert graph.send("/groups").status_code == 200


def test_a_batch_is_answered_as_a_whole_or_its_answer_replaced_after_the_effect(graph, tenant):
    user = tenant.create_user("Ada")
    wanted = {
        "requests": [{"id": "1", "method": "GET", "url": "/users"}, {"id": "2", "method": "GET", "url": "/groups"}]
    }
    graph.emulator.fail(Fault(path="batch", status=503))
    assert graph.send("/$batch", "POST", json=wanted).status_code == 503
    graph.emulator.fail(
        Fault(path="batch", status=504, after_effect=True),
        Fault(path="/users", verb="delete_user", arguments={"user_id": user}),
    )
    assert graph.send("/$batch", "POST", json=wanted).status_code == 504
    assert graph.error(f"/users/{user}")[0] == 404


def test_retry_after_is_told_or_not(graph):
    graph.emulator.fail(Fault(status=429, retry_after=3), Fault(status=429))
    assert graph.send("/groups").headers["Retry-After"] == "3"
    assert "Retry-After" not in graph.send("/groups").headers


def test_faults_of_one_kind_wait_their_turn_and_skip_counts_every_matching_call(graph):
    graph.emulator.fail(Fault(status=503), Fault(status=504), Fault(path="/groups", status=500, skip=3))
    assert statuses(graph, "/groups", 5) == [503, 504, 200, 500, 200]


def test_a_call_takes_effect_and_is_answered_with_an_error(graph, tenant):
    user = tenant.create_user("Ada")
    graph.emulator.fail(
        Fault(path="/users/", status=504, after_effect=True, verb="delete_user", arguments={"user_id": user})
    )
    assert graph.send(f"/users/{user}").status_code == 504
    assert graph.emulator.metrics.snapshot()["statuses"] == {"404": 1, "504": 1}


def test_an_object_goes_between_list_and_read(graph, tenant):
    user = tenant.create_user("Ada")
    graph.emulator.fail(Fault(path="/users", verb="delete_user", arguments={"user_id": user}, verb_after=True))
    assert [one["id"] for one in graph.all("/users")] == [user]
    assert graph.send(f"/users/{user}").status_code == 404


def test_verbs_run_before_the_nth_call_inside_batches_too(graph, tenant):
    group = tenant.create_group("Team")
    gone = Fault(path=f"groups/{group}", skip=1, verb="delete_group", arguments={"group_id": group})
    graph.emulator.fail(gone)
    assert [item["status"] for item in batch(graph, *[f"/groups/{group}"] * 3)] == [200, 404, 404]


def test_faults_are_composed(graph, tenant):
    user = tenant.create_user("Ada")
    graph.emulator.fail(
        Fault(path="/groups", status=503),
        Fault(path="/groups", verb="delete_user", arguments={"user_id": user}),
        Fault(path="/groups", raw="<html>Service Unavailable</html>"),
    )
    response = graph.send("/groups")
    assert (response.status_code, response.text) == (503, "<html>Service Unavailable</html>")
    assert graph.all("/users") == []
    assert graph.send(f"{graph.emulator.admin_url}/faults").json() == []


@pytest.mark.parametrize(("drop", "left"), [("before", 1), ("after", 0)])
def test_connections_break_before_or_after_the_effect(graph, tenant, drop, left):
    user = tenant.create_user("Ada")
    tenant.set_permissions(["User.ReadWrite.All"])
    graph.sign_in()
    graph.emulator.fail(Fault(path="/users/", method="DELETE", drop=drop))
    with pytest.raises(httpx.TransportError):
        graph.send(f"/users/{user}", "DELETE")
    assert len(graph.all("/users")) == left


@pytest.mark.parametrize(("drop", "served"), [("before", 0), ("after", 1)])
def test_a_broken_connection_inside_a_batch_is_a_timeout_of_that_item(graph, drop, served):
    graph.emulator.fail(Fault(path="/groups", drop=drop))
    assert [item["status"] for item in batch(graph, "/users", "/groups")] == [200, 504]
    assert graph.emulator.metrics.operations.get("GET groups", 0) == served


def test_bodies_are_garbage_or_cut_off(graph):
    graph.emulator.fail(Fault(path="/groups", raw='{"value": [{"id"'), Fault(path="/users", truncate=5))
    response = graph.send("/groups")
    assert (response.status_code, response.text) == (200, '{"value": [{"id"')
    with pytest.raises(httpx.TransportError):
        graph.send("/users")


def test_an_answer_is_late(graph):
    graph.emulator.fail(Fault(path="/groups", delay_seconds=5))
    with pytest.raises(httpx.ReadTimeout):
        graph.send("/groups", timeout=0.2)
    graph.emulator.fail(Fault(path="^/v1.0/users$", delay_seconds=5))
    with pytest.raises(httpx.ReadTimeout):
        graph.send("/$batch", "POST", json={"requests": [{"id": "1", "method": "GET", "url": "/users"}]}, timeout=0.2)


def test_the_sign_in_endpoint_fails_as_well(graph):
    graph.emulator.fail(Fault(path="/oauth2/v2.0/token", status=503, retry_after=1))
    url = f"{graph.emulator.authority}/{graph.emulator.tenant.id}/oauth2/v2.0/token"
    assert graph.http.post(url).status_code == 503


def test_the_admin_address_arms_every_kind(graph, tenant):
    admin = f"{graph.emulator.admin_url}/faults"
    user = tenant.create_user("Ada")
    fault = {"path": "/groups", "verb": "delete_user", "arguments": {"user_id": user}, "delay_seconds": 0.01}
    assert graph.send(admin, "POST", json=fault).json()[0]["times"] == 1
    graph.send("/groups")
    assert graph.all("/users") == []
    for wrong in ({"verb": "nothing"}, {"after_effect": True}, {"drop": "x"}, {"times": 0}, {"path": "("}, {"what": 1}):
        assert graph.send(admin, "POST", json=wrong).status_code == 400, wrong
