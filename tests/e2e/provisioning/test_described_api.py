"""The operations API keeps what its description says: schemathesis drives it through the Functions host, with requests that the
description calls right and with requests that it calls wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from connector.provisioning.asking.describing import describe
from tests.support.hosted_operations import HostedOperations, hosted_operations

POSITIVE, NEGATIVE = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
DESCRIPTION = describe(authenticated=False)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
LEAST = {
    "action": "grant",
    "entitlement": "group:8a4eb9f4-2c0d-4d9c-a1de-4f4c2f0f3c11:member",
    "principal": "adele.vance@contoso.com",
    "justification": "Joins.",
}
OPERATIONS = {
    operation["operationId"]: (method, path)
    for path, methods in DESCRIPTION["paths"].items()
    for method, operation in methods.items()
}


@pytest.fixture(scope="module")
def hosted(new_storage_account: Callable[[], str]) -> Iterator[HostedOperations]:
    with hosted_operations(new_storage_account(), OPERATIONS_PER_HOUR="1000000") as running:
        yield running


@pytest.fixture(scope="module")
def session(hosted: HostedOperations) -> Iterator[requests.Session]:
    with requests.Session() as one:
        one.headers["x-functions-key"] = hosted.host.host_key
        yield one


def drive(
    hosted: HostedOperations, session: requests.Session, name: str, mode: Any, examples: int, **fixed: Any
) -> list[tuple[Any, int]]:
    """Send ``examples`` requests of an operation, always the same ones; each case with the status of its answer."""
    load_all_checks()
    method, path = OPERATIONS[name]
    described = {
        **DESCRIPTION,
        "security": [],
    }  # the key is always right: that a wrong one is refused takes no chance to find out
    operation = schemathesis.openapi.from_dict(described)[path][method.upper()]
    seen: list[tuple[Any, int]] = []

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(mode, **fixed))
    def send(case: Any) -> None:
        checks = CHECKS + ([negative_data_rejection] if mode is NEGATIVE else [])
        answer = case.call_and_validate(base_url=hosted.host.url, session=session, checks=checks)
        seen.append((case, answer.status_code))

    send()
    return seen


def test_the_host_gives_the_description(hosted: HostedOperations) -> None:
    answer = hosted.ask("GET", "/api/openapi.json")

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json == DESCRIPTION
    assert hosted.ask("GET", "/api/openapi.json", key=False).status == 401


def test_lists_are_as_described(hosted: HostedOperations, session: requests.Session) -> None:
    hosted.ask("POST", "/api/operations", [LEAST] * 3)

    assert 200 in {status for _, status in drive(hosted, session, "listOperations", POSITIVE, 12)}


def test_what_the_description_calls_right_is_accepted(hosted: HostedOperations, session: requests.Session) -> None:
    """But for what no description can say: times to come, and fields that contradict each other."""
    seen = drive(hosted, session, "requestOperations", POSITIVE, 12)

    assert 202 in {status for _, status in seen}
    for case, status in seen:
        asked = case.body if isinstance(case.body, list) else [case.body]
        plain = all(
            not one.get("starts_at") and not one.get("expires_at") and one.get("scope", "/") == "/" for one in asked
        )
        assert status == 202 or not plain, case.body


@pytest.mark.parametrize("name", ["requestOperations", "listOperations"])
def test_what_the_description_calls_wrong_is_refused(
    hosted: HostedOperations, session: requests.Session, name: str
) -> None:
    seen = drive(hosted, session, name, NEGATIVE, 20)

    assert 400 in {
        status for _, status in seen
    }  # what may pass, such as a parameter without a value, schemathesis knows


@pytest.mark.parametrize("name", ["readOperation", "cancelOperation", "retryOperation"])
def test_operations_are_as_described_whether_there_are_any_or_not(
    hosted: HostedOperations, session: requests.Session, name: str
) -> None:
    known = hosted.ask("POST", "/api/operations", LEAST).json["id"]

    found = drive(hosted, session, name, POSITIVE, 2, path_parameters={"id": known})
    unknown = drive(hosted, session, name, POSITIVE, 8)

    assert {status for _, status in found} <= {200, 202, 409}
    assert {status for _, status in unknown} == {404}
