"""Addresses of requests: what the SDK's builders would say, at a fraction of the time."""

from __future__ import annotations

import pytest
from kiota_abstractions.request_information import RequestInformation

from connector.graph.addresses import address

BASE = "https://graph.microsoft.com/v1.0"
LIST = "{+baseurl}/users{?%24count,%24expand,%24filter,%24orderby,%24search,%24select,%24top}"
ITEM = "{+baseurl}/groups/{group%2Did}/members{?%24select,%24top}"


def request(template: str, *, path: dict[str, object] | None = None, **query: object) -> RequestInformation:
    info = RequestInformation(url_template=template, path_parameters={"baseurl": BASE, **(path or {})})
    info.query_parameters = {f"%24{name}": value for name, value in query.items()}
    return info


@pytest.mark.parametrize(
    "info",
    [
        request(LIST),
        request(LIST, top=999, select=["id", "displayName"], expand=["manager($select=id)"]),
        request(LIST, filter="id eq 'a' or id eq 'b'"),
        request(LIST, filter="startsWith(displayName, 'Zürich & Söhne #1 100%+?')", count=True),
        request(LIST, count=False, search='"displayName:a/b"'),
        request(ITEM, path={"group%2Did": "11111111-2222-3333-4444-555555555555"}, top=1),
        request(ITEM, path={"group%2Did": "odd/id with ~._- and ü?"}, select=["id"]),
        request("{+baseurl}/subscribedSkus?fixed=1{&%24select}", select=["id", "skuId"]),
    ],
)
def test_it_is_what_the_sdk_says(info):
    assert address(info) == info.url


def test_a_request_for_an_absolute_url_goes_there():
    info = RequestInformation()
    info.url = f"{BASE}/users?$skiptoken=abc"

    assert address(info) == f"{BASE}/users?$skiptoken=abc"
