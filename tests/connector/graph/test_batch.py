"""Batches and sweeps: nothing lost, nothing twice, whatever single requests meet."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from connector.access.collections import Collection
from connector.access.roles import Named
from connector.graph.batch import BATCH_SIZE, send_batch
from connector.graph.errors import RequestRefused, Throttled, UnexpectedAnswer
from connector.graph.retry import MOST_ATTEMPTS
from connector.graph.session import GraphSession
from connector.graph.sweep import sweep

Item = Callable[[str], tuple[int, dict[str, str], Any]]


class Batches:
    """A Graph that answers batches item by item with ``item(url)``: (status, headers, body)."""

    def __init__(self, item: Item, shape: Callable[[list[Any]], list[Any]] = lambda responses: responses) -> None:
        self.item, self.shape = item, shape
        self.sizes: list[int] = []
        self.asked: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0

    async def __call__(self, request: web.Request) -> web.Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        wanted = (await request.json())["requests"]
        self.sizes.append(len(wanted))
        responses = []
        for one in reversed(wanted):  # Graph answers in any order
            assert one["method"] == "GET"
            self.asked[one["url"]] += 1
            status, headers, body = self.item(one["url"])
            responses.append({"id": one["id"], "status": status, "headers": headers, "body": body})
        self.at_once -= 1
        return web.json_response({"responses": self.shape(responses)})


def run(
    cloud: Any, graph: Batches, work: Callable[[GraphSession], Awaitable[Any]], *, deadline: float | None = None
) -> Any:
    """Run ``work(session)`` against ``graph``; returns its result, the session and the waits."""
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    async def body() -> Any:
        async with cloud(graph) as it, GraphSession(it.settings, deadline=deadline, sleep=wait) as session:
            return await work(session), session, waits

    return asyncio.run(body())


def echo(url: str) -> tuple[int, dict[str, str], Any]:
    return 200, {"x-ms-resource-unit": "1"}, {"value": [{"id": url}]}


def refuse(status: int, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], Any]:
    return status, headers or {}, {"error": {"code": "Some_Code", "message": "Because."}}


def test_any_number_of_requests_each_answered_once_twenty_to_a_batch(cloud):
    graph = Batches(echo)
    wanted = {f"key {number}": f"/things/{number}" for number in range(95)}
    answers, session, _ = run(cloud, graph, lambda session: send_batch(session, wanted, bytes))
    assert {key: f'"{url}"'.encode() in answers[key] for key, url in wanted.items()} == dict.fromkeys(wanted, True)
    assert graph.sizes == [20, 20, 20, 20, 15] or sorted(graph.sizes) == [15, 20, 20, 20, 20]
    assert graph.asked == Counter(wanted.values())
    assert (session.stats.requests, session.stats.batched, session.stats.resource_units) == (5, 95, 95)


def test_one_refusal_costs_one_answer(cloud):
    graph = Batches(lambda url: refuse(404) if url == "/things/3" else echo(url))
    answers, *_ = run(
        cloud, graph, lambda session: send_batch(session, {str(n): f"/things/{n}" for n in range(20)}, bytes)
    )
    assert isinstance(answers["3"], RequestRefused)
    assert answers["3"].not_found
    assert sum(isinstance(answer, bytes) for answer in answers.values()) == 19


def test_only_what_was_throttled_is_sent_again_and_after_the_longest_wait(cloud):
    def item(url):
        number = int(url.rpartition("/")[2])
        if number < 3 and graph.asked[url] == 1:
            return refuse(429, {"Retry-After": str(10 + number)})
        return echo(url)

    graph = Batches(item)
    answers, session, waits = run(
        cloud, graph, lambda session: send_batch(session, {str(n): f"/things/{n}" for n in range(30)}, bytes)
    )
    assert all(isinstance(answer, bytes) for answer in answers.values())
    assert waits == [12]
    assert [graph.asked[f"/things/{n}"] for n in range(4)] == [2, 2, 2, 1]
    assert session.stats.throttled == 3


def test_what_stays_throttled_past_the_deadline_is_said_and_the_rest_is_kept(cloud):
    graph = Batches(lambda url: refuse(429, {"Retry-After": "40"}) if url == "/a" else echo(url))
    answers, _, waits = run(
        cloud,
        graph,
        lambda session: send_batch(session, {"a": "/a", "b": "/b"}, bytes),
        deadline=time.monotonic() + 30,
    )
    assert isinstance(answers["a"], Throttled)
    assert answers["a"].retry_after == 40
    assert isinstance(answers["b"], bytes)
    assert waits == []


def test_an_item_that_keeps_failing_ends_as_a_refusal(cloud):
    graph = Batches(lambda _: refuse(503))
    answers, *_ = run(cloud, graph, lambda session: send_batch(session, {"a": "/a"}, bytes))
    assert isinstance(answers["a"], RequestRefused)
    assert answers["a"].status == 503
    assert graph.asked["/a"] == MOST_ATTEMPTS


def test_an_item_that_is_left_out_is_asked_for_again(cloud):
    graph = Batches(echo, shape=lambda responses: responses[1:] if len(responses) > 1 else responses)
    answers, *_ = run(
        cloud, graph, lambda session: send_batch(session, {str(n): f"/things/{n}" for n in range(4)}, bytes)
    )
    assert all(isinstance(answer, bytes) for answer in answers.values())


@pytest.mark.parametrize(
    "shape",
    [
        lambda responses: [*responses, responses[0]],
        lambda responses: [{**responses[0], "id": "99"}],
        lambda responses: [{**responses[0], "id": "x"}],
    ],
)
def test_an_answer_that_was_not_asked_for_is_an_error(cloud, shape):
    with pytest.raises(UnexpectedAnswer):
        run(cloud, Batches(echo, shape=shape), lambda session: send_batch(session, {"a": "/a"}, bytes))


def paged(lengths: dict[str, int]) -> Callable[[Callable[[], str]], Item]:
    """Lists of so many pages each, by name: ``/name?page=n``; pages hold one id each."""

    def graph_for(base: Callable[[], str]) -> Item:
        def item(url: str) -> tuple[int, dict[str, str], Any]:
            parts = urlsplit(url)
            name, page = parts.path.removeprefix("/"), int(parse_qs(parts.query).get("page", ["1"])[0])
            body: dict[str, Any] = {"value": [{"id": f"{name}-{page}"}]}
            if page < lengths[name]:
                body["@odata.nextLink"] = f"{base()}/{name}?page={page + 1}"
            return 200, {}, body

        return item

    return graph_for


LENGTHS = {f"list{number}": 1 + (number % 7 == 0) * (number % 5) for number in range(150)}


def sweep_all(
    cloud: Any, lengths: dict[str, int], *, stop_after: int | None = None, position: Any = None
) -> tuple[Counter[str], Any, Batches]:
    """Rows by list, and the last position, of a sweep that may be stopped after some rounds."""
    sessions: list[GraphSession] = []
    graph = Batches(paged(lengths)(lambda: sessions[0].base_url))

    async def work(session: GraphSession) -> tuple[Counter[str], Any]:
        sessions.append(session)
        rows: Counter[str] = Counter()
        place, rounds = position, 0
        async for part in sweep(session, list(lengths), lambda key: f"/{key}", Collection[Named], position):
            rows.update(item.id for answer in part.answers for item in answer.required().value)
            place, rounds = part.position, rounds + 1
            if rounds == stop_after:
                break
        return rows, place

    (rows, place), *_ = run(cloud, graph, work)
    return rows, place, graph


def every_row(lengths: dict[str, int]) -> Counter[str]:
    return Counter({f"{name}-{page}": 1 for name, pages in lengths.items() for page in range(1, pages + 1)})


def test_uneven_lists_are_all_followed_to_their_end(cloud):
    rows, place, graph = sweep_all(cloud, LENGTHS)
    assert rows == every_row(LENGTHS)
    assert place is None
    assert max(graph.sizes) == BATCH_SIZE
    assert set(graph.asked.values()) == {1}


@pytest.mark.parametrize("stop_after", [1, 2])
def test_a_sweep_that_stops_goes_on_where_it_was(cloud, stop_after):
    before, place, _ = sweep_all(cloud, LENGTHS, stop_after=stop_after)
    after, end, _ = sweep_all(cloud, LENGTHS, position=place)
    assert before + after == every_row(LENGTHS)
    assert end is None


def test_nothing_to_sweep_is_one_empty_round(cloud):
    rows, place, graph = sweep_all(cloud, {})
    assert (rows, place, graph.sizes) == (Counter(), None, [])


def test_what_was_answered_is_handed_over_before_throttling_ends_the_step(cloud):
    graph = Batches(lambda url: refuse(429, {"Retry-After": "40"}) if url == "/list1" else echo(url))

    async def work(session):
        parts = sweep(session, ["list0", "list1"], lambda key: f"/{key}", Collection[Named])
        first = await anext(parts)
        with pytest.raises(Throttled):
            await anext(parts)
        return first

    only, *_ = run(cloud, graph, work, deadline=time.monotonic() + 30)
    assert [answer.key for answer in only.answers] == ["list0"]
    assert only.position == {"begun": 2, "open": [["list1", "/list1"]]}


def test_lists_that_lead_in_a_circle_end_there_with_an_error_and_harm_no_other(cloud):
    sessions: list[GraphSession] = []
    graph = Batches(lambda url: (200, {}, {"value": [], "@odata.nextLink": f"{sessions[0].base_url}{url}"}))

    async def work(session):
        sessions.append(session)
        parts = sweep(session, ["a", "b"], lambda key: f"/{key}", Collection[Named])
        return [answer for part in [part async for part in parts] for answer in part.answers]

    answers, *_ = run(cloud, graph, work)
    assert graph.asked == {"/a": 1, "/b": 1}
    assert [answer.key for answer in answers] == ["a", "a", "b", "b"]
    for page, end in zip(answers[::2], answers[1::2], strict=True):
        assert page.required().value == []
        assert isinstance(end.content, UnexpectedAnswer)
        assert "circle" in str(end.content)
