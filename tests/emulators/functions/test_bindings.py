"""What the bindings of an app are taken to mean, and which are refused."""

import json
from typing import Any

import pytest

from emulators.functions.bindings import HttpTrigger, QueueOutput, QueueTrigger, parse_functions
from emulators.functions.errors import HostRefused
from emulators.functions.keys import AuthLevel
from emulators.functions.outputs import messages_of
from emulators.functions.protos import RpcFunctionMetadata, RpcRetryOptions, TypedData

STORAGE = "AccountName=a;AccountKey=a2V5;QueueEndpoint=http://127.0.0.1:1/a"
HTTP = {"type": "httpTrigger", "direction": "IN", "name": "req", "route": "x", "authLevel": "FUNCTION"}
QUEUE = {"type": "queueTrigger", "direction": "IN", "name": "m", "queueName": "work", "connection": "S"}
TIMER = {"type": "timerTrigger", "direction": "IN", "name": "t", "schedule": "0 * * * * *"}


def found(*bindings: dict[str, Any], name: str = "f", retry: RpcRetryOptions | None = None) -> RpcFunctionMetadata:
    return RpcFunctionMetadata(name, f"id of {name}", [json.dumps(b) for b in bindings], {}, retry_options=retry)


def test_an_http_trigger_with_a_queue_output() -> None:
    output = {"type": "queue", "direction": "OUT", "name": "out", "queueName": "%Q%", "connection": "S"}

    (function,) = parse_functions(
        [found({**HTTP, "methods": ["get"]}, output, {"type": "http", "direction": "OUT", "name": "$return"})],
        {"S": STORAGE, "Q": "Results"},
    )

    assert isinstance(function.trigger, HttpTrigger)
    assert (function.trigger.methods, function.trigger.level) == (frozenset({"GET"}), AuthLevel.FUNCTION)
    assert function.outputs == {"out": QueueOutput("out", "results", STORAGE)}


def test_a_queue_trigger_without_a_connection_uses_the_hosts_storage() -> None:
    (function,) = parse_functions([found({**QUEUE, "connection": ""})], {"AzureWebJobsStorage": STORAGE})

    assert function.trigger == QueueTrigger("m", "work", STORAGE)


@pytest.mark.parametrize(
    ("bindings", "complaint"),
    [
        ([{**HTTP, "type": "blobTrigger"}], "in binding of type blobTrigger is not supported. Supported are"),
        ([HTTP, {"type": "blob", "direction": "OUT", "name": "o"}], "'o': the out binding of type blob is not supp"),
        ([HTTP, {"type": "blob", "direction": "IN", "name": "i"}], "'i': the in binding of type blob is not supported"),
        ([{**HTTP, "route": "a/{id:float}"}], "constraint 'float' is not supported"),
        ([{**TIMER, "schedule": "00:05:00"}], "is a TimeSpan, which works on App Service plans only"),
        ([{**TIMER, "schedule": "%EVERY%"}], "the setting EVERY is missing"),
        ([{**TIMER, "schedule": "* * * * *"}], "has 5 fields"),
        ([{**QUEUE, "queueName": "My_Queue"}], "'my_queue' cannot name a queue"),
        ([{**QUEUE, "connection": "Elsewhere"}], "the setting 'Elsewhere', which must hold"),
        ([{**QUEUE, "connection": "Managed"}], "identity-based"),
        ([], "it has no trigger"),
    ],
)
def test_what_is_not_supported_is_refused_naming_function_and_binding(
    bindings: list[dict[str, Any]], complaint: str
) -> None:
    with pytest.raises(HostRefused, match="Function f: ") as refused:
        parse_functions([found(*bindings)], {"S": STORAGE, "Managed__queueServiceUri": "https://x"})

    assert complaint in str(refused.value)


def test_retry_policies_are_refused() -> None:
    with pytest.raises(HostRefused, match="retry policies are not supported"):
        parse_functions([found(TIMER, retry=RpcRetryOptions(3, "fixed_delay"))], {})


def test_every_problem_of_every_function_is_told_at_once() -> None:
    with pytest.raises(HostRefused) as refused:
        parse_functions([found({**TIMER, "schedule": "x"}, name="a"), found({**QUEUE, "queueName": "?"}, name="b")], {})

    assert [problem.split(":")[0] for problem in refused.value.problems] == ["Function a", "Function b"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (TypedData(), []),
        (TypedData(string="text"), ["text"]),
        (TypedData(bytes=b"\x00"), [b"\x00"]),
        (TypedData(string='["a", "b"]'), ["a", "b"]),
        (TypedData(json='["a", {"n": 1}, 2]'), ["a", '{"n": 1}', "2"]),
        (TypedData(json='{"n": 1}'), ['{"n": 1}']),
        (TypedData(string="[not json"), ["[not json"]),
        (TypedData(string=""), [""]),
        (TypedData(int=5), ["5"]),
    ],
)
def test_the_messages_that_an_output_stands_for(value: TypedData, expected: list[str | bytes]) -> None:
    assert messages_of(value) == expected
