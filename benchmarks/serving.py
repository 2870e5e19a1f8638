"""How fast the Graph emulator hands out pages to a client that does nothing with them: ``python -m benchmarks.serving``.

For comparison, the seconds that msgspec takes to decode the same answers into the connector's structs, and that the standard
library's ``json`` takes, which is about the least that a client in Python does.
"""

from __future__ import annotations

import argparse
import http.client
import json
import ssl
import time
from urllib.parse import urlencode, urlsplit

import msgspec

from connector.access.accounts import USER_SELECT, User
from connector.access.collections import Collection
from connector.access.groups import GROUP_SELECT, Group, GroupChange
from emulators.graph import GraphProcess

_LISTS = {
    "users": (f"/v1.0/users?$top=999&$expand=manager($select=id)&$select={','.join(USER_SELECT)}", Collection[User]),
    "groups": (f"/v1.0/groups?$top=999&$select={','.join(GROUP_SELECT)}", Collection[Group]),
    "groups/delta": ("/v1.0/groups/delta?$select=id,members,owners", Collection[GroupChange]),
}


class Client:
    """One connection to the emulator, kept open."""

    def __init__(self, facts: dict[str, str]) -> None:
        address = urlsplit(facts["base_url"])
        trusted = ssl.create_default_context(cafile=facts["ca_file"])
        self._connection = http.client.HTTPSConnection(address.netloc, context=trusted)
        form = {
            "grant_type": "client_credentials",
            "client_id": facts["client_id"],
            "client_secret": facts["client_secret"],
            "scope": "https://graph.microsoft.com/.default",
        }
        self._connection.request("POST", f"/{facts['tenant_id']}/oauth2/v2.0/token", urlencode(form))
        self._token = json.loads(self._connection.getresponse().read())["access_token"]

    def get(self, target: str) -> bytes:
        """The body of an answer."""
        self._connection.request("GET", target, headers={"Authorization": f"Bearer {self._token}"})
        return self._connection.getresponse().read()


def main() -> None:
    """Read every list to its end, and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    options = parser.parse_args()
    with GraphProcess(users=options.users) as graph:
        client = Client(graph.facts)
        for name, (target, kind) in _LISTS.items():
            began = time.perf_counter()
            bodies = _pages(client, target)
            wall = time.perf_counter() - began
            structs, plain = _decoding(bodies, kind)
            size = sum(map(len, bodies)) / 1e6
            print(
                f"{name:<14} {len(bodies):>5} pages {size:>8.1f} MB in {wall:>6.2f} s, {size / wall:>6.1f} MB/s;"
                f" msgspec {structs:.2f} s, json {plain:.2f} s"
            )


def _pages(client: Client, target: str) -> list[bytes]:
    bodies = []
    following: str | None = target
    while following:
        bodies.append(client.get(following))
        link = msgspec.json.decode(bodies[-1], type=Collection[msgspec.Raw]).next_link
        following = link[link.index("/v1.0/") :] if link else None
    return bodies


def _decoding(bodies: list[bytes], kind: type) -> tuple[float, float]:
    began = time.process_time()
    for body in bodies:
        msgspec.json.decode(body, type=kind)
    middle = time.process_time()
    for body in bodies:
        json.loads(body)
    return middle - began, time.process_time() - middle


if __name__ == "__main__":
    main()
