"""The description of the operations API names everything that there is, and its examples are right."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import azure.functions as func
import pytest

from connector.functions import openapi, operations
from connector.provisioning.asking.describing import describe
from connector.provisioning.asking.parsing import MOST_PROBLEMS, Wrong, parse_request
from connector.provisioning.asking.problems import ErrorItem, ProblemType, malformed, of_body
from connector.storage.records.operations import Operation

SIGNED_IN, KEYS = describe(authenticated=True), describe(authenticated=False)


def described_operations(document: Any) -> dict[tuple[str, str], Any]:
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_function_of_the_api_is_described_and_nothing_else() -> None:
    app = func.FunctionApp()
    app.register_functions(operations.blueprint)
    app.register_functions(openapi.blueprint)
    triggers = [one.get_trigger() for one in app.get_functions()]
    bindings = [trigger.get_dict_repr() for trigger in triggers if trigger]

    routed = {(str(method.value), f"/api/{one['route']}") for one in bindings for method in one["methods"]}
    assert routed == set(described_operations(SIGNED_IN))


def test_every_problem_is_described_where_it_may_come() -> None:
    of_signed_in = set(re.findall(r"`urn:problem-type:entra-connector:(\w+)`", json.dumps(SIGNED_IN["paths"])))
    with_keys = set(re.findall(r"`urn:problem-type:entra-connector:(\w+)`", json.dumps(KEYS["paths"])))

    assert of_signed_in == {one.name.lower() for one in ProblemType}
    assert of_signed_in - with_keys == {"not_authenticated", "not_authorized"}


@pytest.mark.parametrize("document", [SIGNED_IN, KEYS], ids=["signed in", "keys"])
def test_every_operation_says_what_happens_to_who_may_not_call_it(document: Any) -> None:
    assert document["security"] == [{name: []} for name in document["components"]["securitySchemes"]]
    assert all("401" in one["responses"] for one in described_operations(document).values())


def test_whatever_is_referred_to_is_there() -> None:
    text = json.dumps(SIGNED_IN)

    referred = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert referred == set(SIGNED_IN["components"]["schemas"])


def test_its_examples_make_a_request() -> None:
    fields = SIGNED_IN["components"]["schemas"]["OperationRequest"]["properties"]
    shown = {
        name: field.get("examples") or field.get("anyOf", [{}])[0].get("examples") for name, field in fields.items()
    }
    example = {name: examples[0] for name, examples in shown.items() if examples}
    role = example["entitlement"].replace("group:", "directory_role:").replace("member", "assigned")

    (wanted,) = parse_request(
        json.dumps({**example, "entitlement": role}).encode(), datetime(2031, 1, 1, tzinfo=UTC)
    ).wanted

    assert set(fields) - set(example) == {"dry_run"}
    assert wanted.scope == example["scope"]


def test_what_only_workers_need_is_not_shown() -> None:
    shown = set(SIGNED_IN["components"]["schemas"]["OperationShown"]["properties"])

    assert set(Operation.__struct_fields__) - shown == {
        "attempts",
        "died",
        "intended",
        "planned",
        "state",
        "journalled",
        "audited",
    }


def test_problems_count_what_is_wrong() -> None:
    one = malformed(ProblemType.MALFORMED_REQUEST, [ErrorItem(detail="must be", header="X")])
    many = malformed(ProblemType.MALFORMED_REQUEST, of_body([Wrong("/a", "x")] * MOST_PROBLEMS), more=True)

    assert one.detail == "1 thing is not right; nothing was done."
    assert many.detail == "More than 50 things are not right; nothing was done."
    assert (one.status, one.type) == (400, "urn:problem-type:entra-connector:malformed_request")
