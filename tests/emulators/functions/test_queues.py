"""Queue triggers and queue outputs of a hosted app, on real queues."""

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.storage.queue import QueueClient, QueueMessage, QueueServiceClient

from emulators.functions import FunctionsHost
from emulators.functions.storagequeues import StorageQueues

APP = """
STORAGE = "AzureWebJobsStorage"

@app.queue_trigger(arg_name="message", queue_name="plain", connection=STORAGE)
@app.queue_output(arg_name="seen", queue_name="seen", connection=STORAGE)
async def plain(message: QueueMessage, seen: Out[str]) -> None:
    seen.set(json.dumps({
        "body": message.get_body().decode(), "json": message.get_json(), "count": message.dequeue_count,
        "id": message.id, "receipt": bool(message.pop_receipt),
        "times": [t.isoformat() for t in (message.insertion_time, message.time_next_visible, message.expiration_time)],
    }))

@app.queue_trigger(arg_name="message", queue_name="%BYTES_QUEUE%", connection="OTHER")
@app.queue_output(arg_name="$return", queue_name="lengths", connection=STORAGE)
def take_bytes(message: QueueMessage) -> str:
    return str(list(message.get_body()))[1:-1]

@app.queue_trigger(arg_name="message", queue_name="fails", connection=STORAGE)
@app.queue_output(arg_name="tries", queue_name="tries", connection=STORAGE)
async def fails(message: QueueMessage, tries: Out[str]) -> None:
    logging.warning("try %s of %s", message.dequeue_count, message.get_body().decode())
    raise RuntimeError("never works")

@app.queue_trigger(arg_name="message", queue_name="second-time", connection=STORAGE)
@app.queue_output(arg_name="done", queue_name="done", connection=STORAGE)
async def second_time(message: QueueMessage, done: Out[str]) -> None:
    if message.dequeue_count == 1:
        raise RuntimeError("not yet")
    done.set("done")

@app.queue_trigger(arg_name="message", queue_name="long", connection=STORAGE)
async def long(message: QueueMessage) -> None:
    await asyncio.sleep(4)

@app.queue_trigger(arg_name="message", queue_name="undecodable", connection=STORAGE)
def undecodable(message: QueueMessage) -> None:
    logging.error("it must not get here")

open_at_once, all_here = [0], asyncio.Event()

@app.queue_trigger(arg_name="message", queue_name="batch", connection=STORAGE)
async def batch(message: QueueMessage) -> None:
    open_at_once[0] += 1
    if open_at_once[0] == 4:
        all_here.set()
    try:
        await asyncio.wait_for(all_here.wait(), 1)  # the host may have asked before all were sent: the next time it gets all
    finally:
        open_at_once[0] -= 1

@app.route(route="many")
@app.queue_output(arg_name="messages", queue_name="many", connection=STORAGE)
def many(req: HttpRequest, messages: Out[List[str]]) -> HttpResponse:
    messages.set(["one", json.dumps({"n": 2}), "drei €"])
    return HttpResponse(status_code=202)

@app.route(route="none")
@app.queue_output(arg_name="messages", queue_name="none-sent", connection=STORAGE)
def none(req: HttpRequest, messages: Out[str]) -> HttpResponse:
    return HttpResponse("nothing set")

@app.route(route="too-long")
@app.queue_output(arg_name="messages", queue_name="many", connection=STORAGE)
def too_long(req: HttpRequest, messages: Out[str]) -> HttpResponse:
    messages.set("x" * 70000)
    return HttpResponse("sent")

@app.route(route="chain")
@app.queue_output(arg_name="message", queue_name="plain", connection=STORAGE)
def chain(req: HttpRequest, message: Out[str]) -> HttpResponse:
    message.set(json.dumps("chained"))
    return HttpResponse(status_code=202)
"""
QUEUES = {"batchSize": 4, "newBatchThreshold": 0, "maxDequeueCount": 3, "visibilityTimeout": "00:00:00"}

Eventually = Callable[[Callable[[], Any]], Any]


@pytest.fixture(scope="module")
def storage(new_account: Callable[[], str]) -> str:
    return new_account()


@pytest.fixture(scope="module")
def other_storage(new_account: Callable[[], str]) -> str:
    return new_account()


@pytest.fixture(scope="module")
def host(start_app: Callable[..., FunctionsHost], storage: str, other_storage: str) -> FunctionsHost:
    settings = {"AzureWebJobsStorage": storage, "OTHER": other_storage, "BYTES_QUEUE": "Bytes"}
    return start_app(APP, {"extensions": {"queues": QUEUES}}, settings, queue_lock_seconds=2)


@pytest.fixture(scope="module")
def receive(storage: str, eventually: Eventually) -> Callable[[str], str]:
    """The body of the next message that comes to a queue, with its encoding taken off."""

    def next_message(queue: str) -> QueueMessage | None:
        client = QueueClient.from_connection_string(storage, queue)
        if queue not in {q.name for q in _service(storage).list_queues()}:
            return None
        message = client.receive_message()
        if message is not None:
            client.delete_message(message)
        return message

    return lambda queue: base64.b64decode(eventually(lambda: next_message(queue)).content).decode()


def _service(connection_string: str) -> QueueServiceClient:
    return QueueServiceClient.from_connection_string(connection_string)


def send(connection_string: str, queue: str, body: str | bytes) -> None:
    content = base64.b64encode(body.encode() if isinstance(body, str) else body).decode()
    QueueClient.from_connection_string(connection_string, queue).send_message(content)


def is_empty(connection_string: str, queue: str) -> bool:
    """Whether no message is there, visible or hidden."""
    properties = QueueClient.from_connection_string(connection_string, queue).get_queue_properties()
    return properties.approximate_message_count == 0


def test_queues_of_triggers_are_created_at_start(host: FunctionsHost, storage: str, other_storage: str) -> None:
    assert {"plain", "fails", "batch"} <= {queue.name for queue in _service(storage).list_queues()}
    assert [queue.name for queue in _service(other_storage).list_queues()] == ["bytes"]


def test_a_message_arrives_with_its_facts_and_is_deleted(
    host: FunctionsHost, storage: str, receive: Callable[[str], str], eventually: Eventually
) -> None:
    send(storage, "plain", '{"step": "ü"}')

    seen = json.loads(receive("seen"))

    assert (seen["body"], seen["json"]) == ('{"step": "ü"}', {"step": "ü"})
    assert (seen["count"], seen["receipt"]) == (1, True)
    inserted, next_visible, expires = seen["times"]
    assert inserted < next_visible < expires
    assert len(seen["id"]) == 36
    eventually(lambda: is_empty(storage, "plain"))


def test_bytes_queue_name_from_a_setting_another_account_and_return(
    host: FunctionsHost, other_storage: str, receive: Callable[[str], str]
) -> None:
    send(other_storage, "bytes", b"\xff\x00\x01")

    assert receive("lengths") == "255, 0, 1"


def test_a_message_that_keeps_failing_goes_to_the_poison_queue(
    host: FunctionsHost, storage: str, receive: Callable[[str], str], eventually: Eventually
) -> None:
    send(storage, "fails", "bad one")

    assert receive("fails-poison") == "bad one"
    tries = [line.split("] ")[1] for line in host.logs() if "of bad one" in line]
    assert tries == ["try 1 of bad one", "try 2 of bad one", "try 3 of bad one"]
    eventually(lambda: is_empty(storage, "fails"))


def test_outputs_of_a_failed_invocation_are_not_sent(
    host: FunctionsHost, storage: str, receive: Callable[[str], str]
) -> None:
    send(storage, "fails", "another")
    receive("fails-poison")

    assert "tries" not in [queue.name for queue in _service(storage).list_queues()]


def test_a_message_that_has_failed_comes_again(
    host: FunctionsHost, storage: str, receive: Callable[[str], str], eventually: Eventually
) -> None:
    send(storage, "second-time", "x")

    assert receive("done") == "done"
    eventually(lambda: is_empty(storage, "second-time"))


def test_a_message_that_is_not_base64_goes_to_the_poison_queue_as_it_is(
    host: FunctionsHost, storage: str, eventually: Eventually
) -> None:
    QueueClient.from_connection_string(storage, "undecodable").send_message("not base64!")

    poison = QueueClient.from_connection_string(storage, "undecodable-poison")
    eventually(lambda: "undecodable-poison" in [queue.name for queue in _service(storage).list_queues()])
    assert eventually(poison.receive_message).content == "not base64!"
    assert not any("must not get here" in line for line in host.logs())


def test_a_long_invocation_keeps_its_message_hidden(host: FunctionsHost, storage: str, eventually: Eventually) -> None:
    """It takes twice as long as a message is hidden at a time."""
    send(storage, "long", "x")

    eventually(lambda: any("'Functions.long' (Succeeded" in line for line in host.logs()))
    eventually(lambda: is_empty(storage, "long"))
    assert sum("Executing 'Functions.long'" in line for line in host.logs()) == 1


def test_messages_of_a_batch_run_at_the_same_time(host: FunctionsHost, storage: str, eventually: Eventually) -> None:
    """Each of the four waits for the other three."""
    for number in range(4):
        send(storage, "batch", str(number))

    eventually(lambda: is_empty(storage, "batch"))


def test_a_list_output_is_a_message_each(host: FunctionsHost, receive: Callable[[str], str]) -> None:
    assert httpx.get(f"{host.url}/api/many").status_code == 202

    assert [receive("many") for _ in range(3)] == ["one", '{"n": 2}', "drei €"]


def test_an_output_that_is_not_set_sends_nothing(host: FunctionsHost, storage: str) -> None:
    assert httpx.get(f"{host.url}/api/none").status_code == 200
    assert "none-sent" not in [queue.name for queue in _service(storage).list_queues()]


def test_an_output_that_storage_refuses_fails_the_invocation(host: FunctionsHost) -> None:
    assert httpx.get(f"{host.url}/api/too-long").status_code == 500
    assert any("[too_long] An output could not be sent" in line for line in host.logs())


def test_an_output_feeds_the_next_function(host: FunctionsHost, receive: Callable[[str], str]) -> None:
    assert httpx.get(f"{host.url}/api/chain").status_code == 202

    assert json.loads(receive("seen"))["json"] == "chained"


def test_a_queue_function_can_be_run_by_hand(host: FunctionsHost, receive: Callable[[str], str]) -> None:
    host.run("plain", '{"by": "hand"}')

    seen = json.loads(receive("seen"))
    assert (seen["json"], seen["count"]) == ({"by": "hand"}, 1)


def test_sending_creates_the_queue_and_wakes_its_listener(new_account: Callable[[], str]) -> None:
    async def send_one(connection_string: str) -> bool:
        queues = StorageQueues(in_base64=True)
        arrival = queues.arrival(connection_string, "new")
        await queues.send(connection_string, "new", "x")
        await queues.close()
        return arrival.is_set()

    storage = new_account()

    assert asyncio.run(send_one(storage))
    message = QueueClient.from_connection_string(storage, "new").receive_message()
    assert message is not None
    assert base64.b64decode(message.content) == b"x"


def test_without_encoding_messages_are_plain_text(
    start_app: Callable[..., FunctionsHost], new_account: Callable[[], str], eventually: Eventually
) -> None:
    source = """
    @app.queue_trigger(arg_name="message", queue_name="raw", connection="AzureWebJobsStorage")
    @app.queue_output(arg_name="$return", queue_name="answers", connection="AzureWebJobsStorage")
    def raw(message: QueueMessage) -> str:
        return "<" + message.get_body().decode() + "> & more"
    """
    storage = new_account()
    start_app(source, {"extensions": {"queues": {"messageEncoding": "none"}}}, {"AzureWebJobsStorage": storage})
    QueueClient.from_connection_string(storage, "raw").send_message("plain")

    answers = QueueClient.from_connection_string(storage, "answers")
    eventually(lambda: "answers" in [queue.name for queue in _service(storage).list_queues()])
    assert eventually(answers.receive_message).content == "<plain> & more"


def test_a_message_that_has_failed_is_hidden_for_the_visibility_timeout(
    start_app: Callable[..., FunctionsHost], new_account: Callable[[], str], eventually: Eventually
) -> None:
    source = """
    @app.queue_trigger(arg_name="message", queue_name="again", connection="AzureWebJobsStorage")
    async def again(message: QueueMessage) -> None:
        raise RuntimeError("not yet")
    """
    storage, queues = new_account(), {"visibilityTimeout": "00:00:02", "maxDequeueCount": 2}
    host = start_app(source, {"extensions": {"queues": queues}}, {"AzureWebJobsStorage": storage})
    send(storage, "again", "x")

    def times(what: str) -> list[datetime]:
        return [datetime.fromisoformat(line.split()[0].rstrip("Z")) for line in host.logs() if what in line]

    eventually(lambda: len(times("'Functions.again' (Failed")) == 2)
    assert times("Executing 'Functions.again'")[1] - times("'Functions.again' (Failed")[0] > timedelta(seconds=1)


def test_a_message_in_work_is_handed_back_when_the_host_stops_for_good(
    write_app: Callable[..., Path], new_account: Callable[[], str], eventually: Eventually
) -> None:
    source = """
    @app.queue_trigger(arg_name="message", queue_name="endless", connection="AzureWebJobsStorage")
    async def endless(message: QueueMessage) -> None:
        logging.info("working")
        await asyncio.sleep(600)
    """
    storage = new_account()
    host = FunctionsHost(write_app(source), {"AzureWebJobsStorage": storage}, max_polling_ms=100, grace_seconds=1)
    with host:
        send(storage, "endless", "x")
        eventually(lambda: any("working" in line for line in host.logs()))
        exit_code = host.stop()

    message = QueueClient.from_connection_string(storage, "endless").receive_message()
    assert exit_code == 3
    assert message is not None
    assert message.dequeue_count == 2
