"""What requests cost, which limits they count against, and how refusals look. Time is the emulator's own."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.graph.service.clock import Clock
from emulators.graph.service.costs import charge_of, is_write, resource_units
from emulators.graph.service.errors import GraphError
from emulators.graph.service.messages import Request
from emulators.graph.service.throttle import Charge, Scope, Service, TenantSize, Throttle, limits_of
from emulators.graph.service.variants import Variants

APP = "11111111-2222-3333-4444-555555555555"
TENANT = "66666666-7777-8888-9999-000000000000"


def request(method: str, **options: str) -> Request:
    return Request(method, "v1.0", "", tuple((f"${name}", value) for name, value in options.items()), {}, b"", "")


@pytest.mark.parametrize(
    ("operation", "units"),
    [
        ("GET applications", 2),
        ("GET applications/{id}", 1),
        ("POST directoryObjects/getByIds", 5),
        ("GET groups", 1),
        ("GET groups/delta", 1),
        ("GET groups/{id}/members", 3),
        ("GET groups/{id}/owners", 1),
        ("GET groups/{id}/transitiveMembers", 5),
        ("GET oauth2PermissionGrants", 2),
        ("GET oauth2PermissionGrants/{id}", 2),
        ("GET roleManagement/directory/roleAssignments", 1),
        ("GET servicePrincipals", 1),
        ("GET servicePrincipals/{id}/appRoleAssignedTo", 1),
        ("GET servicePrincipals/{id}/appRoleAssignments", 2),
        ("GET subscribedSkus", 3),
        ("GET users", 2),
        ("GET users/delta", 1),
        ("GET users/{id}", 1),
        ("GET users/{id}/licenseDetails", 2),
        ("GET users/{id}/memberOf", 2),
        ("GET users/{id}/ownedObjects", 2),
        ("GET users/{id}/transitiveMemberOf", 2),
        ("POST users/{id}/checkMemberGroups", 4),
        ("POST users/{id}/checkMemberObjects", 4),
        ("POST users/{id}/getMemberGroups", 2),
        ("POST users/{id}/getMemberObjects", 2),
        ("POST users", 1),
        ("PATCH groups/{id}", 1),
        ("DELETE groups/{id}/members/{id}/$ref", 1),
    ],
)
def test_base_costs(operation, units):
    assert resource_units(operation, request(operation.split()[0])) == units


@pytest.mark.parametrize(
    ("operation", "options", "units"),
    [
        ("GET users", {"select": "id"}, 1),
        ("GET users", {"top": "19"}, 1),
        ("GET users", {"top": "20"}, 2),
        ("GET users", {"expand": "manager"}, 3),
        ("GET users", {"select": "id", "expand": "manager"}, 2),
        ("GET users", {"select": "id", "top": "5"}, 1),  # never below 1
        ("GET groups", {"select": "id", "top": "5"}, 1),
        ("GET groups/{id}/transitiveMembers", {"select": "id", "top": "5"}, 3),
        ("POST directoryObjects/getByIds", {"select": "id"}, 2),
    ],
)
def test_modifiers(operation, options, units):
    assert resource_units(operation, request(operation.split()[0], **options)) == units


@pytest.mark.parametrize(
    ("operation", "write"),
    [
        ("GET users", False),
        ("POST users", True),
        ("PATCH users/{id}", True),
        ("DELETE groups/{id}/members/{id}/$ref", True),
        ("PUT users/{id}/manager/$ref", True),
        ("POST directoryObjects/getByIds", False),
        ("POST users/{id}/getMemberGroups", False),
    ],
)
def test_what_counts_as_a_write(operation, write):
    assert is_write(operation) is write


def test_each_service_has_limits_of_its_own():
    def service(operation: str, *, reports: bool = False, **options: str) -> Service:
        return charge_of(APP, operation, request("GET", **options), reports=reports).service

    assert service("GET users") is Service.IDENTITY
    assert service("POST subscriptions") is Service.SUBSCRIPTIONS
    assert service("DELETE subscriptions/{id}") is Service.SUBSCRIPTIONS
    assert service("GET users", select="id,signInActivity") is Service.IDENTITY
    assert service("GET users", reports=True, select="id,signInActivity") is Service.REPORTS
    assert service("GET users", reports=True, select="id") is Service.IDENTITY


class Bench:
    """A throttle whose clock stands still."""

    def __init__(self, size: TenantSize = TenantSize.SMALL) -> None:
        self.clock = Clock()
        self.clock.stop()
        self.throttle = Throttle(size, self.clock, TENANT)

    def ask(self, units: int = 1, times: int = 1, **more: Any) -> dict[str, str]:
        app_id = more.pop("app_id", APP)
        charge = Charge(app_id, units, more.pop("write", False), more.pop("service", Service.IDENTITY))
        for _ in range(times):
            headers = self.throttle.charge(charge, **more)
        return headers

    def refusal(self, **more: Any) -> GraphError:
        with pytest.raises(GraphError) as caught:
            self.ask(**more)
        assert caught.value.status == 429
        return caught.value


@pytest.mark.parametrize(("size", "units"), [("s", 3_500), ("m", 5_000), ("l", 8_000)])
def test_units_by_size_of_the_tenant(size, units):
    bench = Bench(TenantSize(size))
    bench.ask(units=5, times=units // 5)
    error = bench.refusal()
    assert error.headers["x-ms-throttle-scope"] == f"Tenant_Application/ReadWrite/{APP}/{TENANT}"
    assert error.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    bench.ask(app_id="another")


def test_a_caller_that_waits_exactly_as_long_as_told_is_served():
    bench = Bench()
    bench.ask(units=5, times=700)
    for _ in range(3):
        error = bench.refusal(units=5)
        bench.clock.advance(int(error.headers["Retry-After"]))
        bench.ask(units=5)
        bench.throttle.spend(Scope.TENANT_APPLICATION, "units", 3_500, app_id=APP)


def test_refused_calls_count_as_well():
    bench = Bench()
    bench.ask(units=5, times=700)
    first = int(bench.refusal(units=5).headers["Retry-After"])
    for _ in range(300):
        last = bench.refusal(units=5)
    assert int(last.headers["Retry-After"]) > first


def test_the_percentage_is_told_above_80_of_100():
    bench = Bench()
    assert "x-ms-throttle-limit-percentage" not in bench.ask(units=5, times=560)
    assert bench.ask()["x-ms-throttle-limit-percentage"] == "0.80"
    assert bench.ask(units=690)["x-ms-throttle-limit-percentage"] == "1.00"
    for _ in range(10):
        shown = bench.refusal(units=500).headers["x-ms-throttle-limit-percentage"]
    assert shown == "1.80"


def test_writes_of_one_application_and_of_all():
    bench = Bench(TenantSize.LARGE)
    bench.ask(write=True, times=3_000)
    error = bench.refusal(write=True)
    assert error.headers["x-ms-throttle-scope"].startswith("Tenant_Application/Write/")
    assert error.headers["x-ms-throttle-information"] == "WriteLimitExceeded"
    bench.ask()  # reading goes on
    bench.throttle.spend(Scope.TENANT, "writes", 18_000)
    other = bench.refusal(write=True, app_id="another")
    assert other.headers["x-ms-throttle-scope"] == f"Tenant/Write/another/{TENANT}"


def test_an_application_is_limited_over_all_tenants():
    bench = Bench(TenantSize.LARGE)
    bench.throttle.spend(Scope.APPLICATION, "units", 150_000, app_id=APP)
    assert bench.refusal().headers["x-ms-throttle-scope"] == f"Application/ReadWrite/{APP}/{TENANT}"
    bench.ask(app_id="another")


def test_subscriptions_have_their_own_limits():
    bench = Bench(TenantSize.LARGE)
    bench.ask(write=True, times=1_000, service=Service.SUBSCRIPTIONS)
    assert (
        bench.refusal(write=True, service=Service.SUBSCRIPTIONS).headers["x-ms-throttle-scope"].startswith("Tenant_App")
    )
    bench.ask(write=True)


def test_reports_are_five_in_ten_seconds():
    bench = Bench()
    bench.ask(times=5, service=Service.REPORTS)
    assert bench.refusal(service=Service.REPORTS).headers["Retry-After"] == "4"
    bench.ask()


def test_the_bodies_of_refusals():
    bench = Bench()
    bench.throttle.spend(Scope.TENANT_APPLICATION, "units", 3_500, app_id=APP)
    documented, directory, bare = (bench.refusal(body=name) for name in ("documented", "directory", "unknown_error"))
    assert (documented.code, documented.inner["status"]) == ("TooManyRequests", "429")
    assert f"Identifier:{APP} under category:aadgraph.app.tenant_small" in directory.message
    assert (bare.code, bare.message) == ("UnknownError", "Too Many Requests")


def test_no_limit_where_throttling_is_off():
    assert limits_of(TenantSize.OFF) == ()
    bench = Bench(TenantSize.OFF)
    assert bench.ask(units=100_000) == {}
    with pytest.raises(ValueError, match="throttling off"):
        bench.throttle.spend(Scope.TENANT, "writes", 1)


def test_throttled_items_of_a_batch_say_each_how_long_to_wait(emulate, tenant):
    with emulate(throttle="s") as graph:
        graph.emulator.clock.stop()
        admin = graph.emulator.admin_url
        graph.emulator.throttle.spend(Scope.TENANT_APPLICATION, "units", 3_498, app_id=tenant.client_id)
        requests = [{"id": str(n), "method": "GET", "url": "/groups?$select=id"} for n in range(4)]
        response = graph.send("/$batch", "POST", json={"requests": requests})
        assert response.status_code == 200
        items = sorted(response.json()["responses"], key=lambda item: item["id"])
        assert [item["status"] for item in items] == [200, 200, 429, 429]
        assert items[2]["body"]["error"]["code"] == "TooManyRequests"
        assert int(items[2]["headers"]["Retry-After"]) >= 1
        assert items[2]["headers"]["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
        assert "x-ms-throttle-limit-percentage" in items[0]["headers"]
        spend = {"scope": "Tenant", "counts": "writes", "amount": 5}
        assert graph.send(f"{admin}/throttle/spend", "POST", json=spend).status_code == 204


def test_variants_of_refusals_and_the_priority_header(emulate, tenant):
    with emulate(throttle="s", variants=Variants(retry_after=False, throttle_body="unknown_error")) as graph:
        graph.emulator.clock.stop()
        graph.emulator.throttle.spend(Scope.TENANT_APPLICATION, "units", 3_500, app_id=tenant.client_id)
        response = graph.send("/groups", headers={"x-ms-throttle-priority": "High"})
        assert (response.status_code, response.json()["error"]["code"]) == (429, "UnknownError")
        assert "Retry-After" not in response.headers
