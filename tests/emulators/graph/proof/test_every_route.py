"""Every GET route of the emulator answers as the official description says, on a generated tenant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulators.graph.service.resources.types import TYPES
from emulators.graph.service.routing import Router
from tests.emulators.graph.proof.description import Description

CASTS = ("user", "group", "servicePrincipal")
MOST_OF_A_KIND = 12
PIM_OF_GROUPS = "identityGovernance/privilegedAccess/group/"
POLICIES = {"$filter": "scopeId eq '/' and scopeType eq 'DirectoryRole'"}
NEEDS_FILTER = {"policies/roleManagementPolicies": POLICIES, "policies/roleManagementPolicyAssignments": POLICIES}
LISTED_ELSEWHERE = {
    "directoryObjects": "users",
    "directory/deletedItems": "directory/deletedItems/microsoft.graph.user",
}
READ_ON_THEIR_OWN = (
    "me",
    "applications/{id}/federatedIdentityCredentials",  # not in the part of the description that is kept here
    "directoryObjects/delta",  # with its own tests, since it needs a filter
)
SETS = {
    "users": "user",
    "groups": "group",
    "servicePrincipals": "servicePrincipal",
    "applications": "application",
    "devices": "device",
    "contacts": "orgContact",
    "directoryRoles": "directoryRole",
    "directory/administrativeUnits": "administrativeUnit",
}


class Sweep:
    """Asks for every GET route, with ids taken from the lists above it."""

    def __init__(self, http: httpx.Client, description: Description) -> None:
        self._http = http
        self._description = description
        self._known: dict[str, list[str]] = {}
        self.problems: set[str] = set()
        self.answered: set[str] = set()
        self.filled: set[str] = set()

    def visit(self, template: str) -> None:
        """Ask for a route in up to a dozen places, until one has something in it."""
        for place in list(self._places(template))[:MOST_OF_A_KIND]:
            for cast in CASTS if "{type}" in template else ("",):
                described = template.replace("{type}", f"microsoft.graph.{cast}")
                response = self.ask(described, place.replace("{type}", f"microsoft.graph.{cast}"))
                if response is None:
                    continue
                self.answered.add(template)
                if not isinstance(response, dict) or response.get("value", True):
                    self.filled.add(template)
            if template in self.filled:
                return

    def ask(self, template: str, path: str, **options: str) -> Any:
        """The answer, checked; None where a single thing is not there, as nobody needs a manager or a mailbox."""
        query = NEEDS_FILTER.get(template, {}) | options
        response = self._http.get(path, params=query, headers={"ConsistencyLevel": "eventual"})
        operation = f"GET {template}"
        if response.status_code == 404 and response.json()["error"]["code"] != "BadRequest":
            self.problems |= set(self._description.check_error(operation, response.json()))
            return None
        if response.status_code != 200:
            self.problems.add(f"{operation}: {response.status_code} {response.text[:300]}")
            return None
        assert response.headers["OData-Version"] == "4.0"
        body = response.json()
        self.problems |= set(self._description.check(operation, 200, body))
        return body

    def _places(self, template: str) -> Iterator[str]:
        head, found, tail = template.rpartition("{id}")
        if not found:
            yield template
            return
        for place in list(self._places(head.rstrip("/")))[:MOST_OF_A_KIND]:
            for identifier in self._ids(head.rstrip("/"), place):
                yield f"{place}/{identifier}{tail}"

    def _ids(self, template: str, place: str) -> list[str]:
        if place not in self._known:
            listed = LISTED_ELSEWHERE.get(place, place)
            response = self._http.get(listed, params=NEEDS_FILTER.get(template, {}))
            items = response.json().get("value", ()) if response.status_code == 200 else ()
            self._known[place] = [item["id"] for item in items][:MOST_OF_A_KIND]
        return self._known[place]


def routes() -> list[str]:
    found = [operation.removeprefix("GET ") for operation in Router().operations() if operation.startswith("GET ")]
    return sorted(route for route in found if not route.startswith((*READ_ON_THEIR_OWN, PIM_OF_GROUPS)))


@pytest.fixture(scope="module")
def sweep(http: httpx.Client, description: Description) -> Sweep:
    made = Sweep(http, description)
    for template in routes():
        made.visit(template)
    return made


def test_every_answer_keeps_to_the_description(sweep):
    assert sorted(sweep.problems) == []


def test_every_route_was_asked_and_most_had_something_to_show(sweep):
    empty = sorted(set(routes()) - sweep.filled)
    assert [route for route in empty if "{type}" not in route and "deletedItems" not in route] == []


@pytest.mark.parametrize("entity_set", SETS)
def test_every_property_has_the_described_type(http, description, entity_set):
    entity = TYPES[SETS[entity_set]]
    sweep = Sweep(http, description)
    apart = {"signInActivity", *entity.single_only}
    names = ",".join(name for name in entity.kinds if name not in apart)
    listed = sweep.ask(entity_set, entity_set, **{"$select": names})
    sweep.ask(f"{entity_set}/{{id}}", f"{entity_set}/{listed['value'][0]['id']}", **{"$select": names})
    if entity_set == "users":
        sweep.ask(entity_set, entity_set, **{"$select": "id,signInActivity"})
    assert sorted(sweep.problems) == []


@pytest.mark.parametrize(
    ("path", "expand"),
    [
        ("users", "manager"),
        ("users", "memberOf"),
        ("groups", "members"),
        ("groups", "owners"),
        ("servicePrincipals", "appRoleAssignedTo"),
        ("roleManagement/directory/roleAssignments", "principal"),
        ("roleManagement/directory/roleAssignments", "roleDefinition"),
    ],
)
def test_what_is_expanded_keeps_to_the_description(http, description, path, expand):
    sweep = Sweep(http, description)
    body = sweep.ask(path, path, **{"$expand": expand})
    assert any(item.get(expand) for item in body["value"])
    assert sorted(sweep.problems) == []
