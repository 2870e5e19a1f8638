"""Lists are followed to their end, whatever their pages look like."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from connector.access.roles import Named
from connector.graph.errors import UnexpectedAnswer
from connector.graph.paging import pages
from connector.graph.session import GraphSession


def read(cloud: Any, bodies: dict[str, str]) -> list[list[str]]:
    """The ids of each page of a list whose pages are ``bodies`` by path; ``{base}`` stands for the address."""

    async def run() -> list[list[str]]:
        async def graph(request: web.Request) -> web.Response:
            text = bodies[request.path_qs.removeprefix("/v1.0")].replace("{base}", it.base)
            return web.Response(text=text, content_type="application/json")

        async with cloud(graph) as it, GraphSession(it.settings) as session:
            return [[item.id for item in page.value] async for page in pages(session, f"{it.base}/users", Named)]

    return asyncio.run(run())


def test_an_empty_page_is_no_end_and_a_short_page_neither(cloud):
    bodies = {
        "/users": '{"value": [{"id": "1"}], "@odata.nextLink": "{base}/users?$skiptoken=a"}',
        "/users?$skiptoken=a": '{"value": [], "@odata.nextLink": "{base}/users?$skiptoken=b%2Fc%3D"}',
        "/users?$skiptoken=b%2Fc%3D": '{"value": [{"id": "2"}, {"id": "3"}]}',
    }
    assert read(cloud, bodies) == [["1"], [], ["2", "3"]]


@pytest.mark.parametrize("next_page", ["/users", "/users?$skiptoken=a"])
def test_pages_that_lead_in_a_circle_are_an_error(cloud, next_page):
    bodies = {
        "/users": '{"value": [], "@odata.nextLink": "{base}/users?$skiptoken=a"}',
        "/users?$skiptoken=a": f'{{"value": [], "@odata.nextLink": "{{base}}{next_page}"}}',
    }
    with pytest.raises(UnexpectedAnswer, match="circle"):
        read(cloud, bodies)


def test_a_next_page_on_another_host_is_refused(cloud):
    with pytest.raises(UnexpectedAnswer, match=r"evil\.example"):
        read(cloud, {"/users": '{"value": [], "@odata.nextLink": "https://evil.example/v1.0/users"}'})


@pytest.mark.parametrize("body", ["", "<html></html>", "[]", '{"value": '])
def test_what_is_no_list_is_an_error(cloud, body):
    with pytest.raises(UnexpectedAnswer):
        read(cloud, {"/users": body})
