"""The commands that ``docs/provisioning.md`` shows, run as they stand there, against the real functions."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.provisioning.asking.requesting import OperationRequest
from connector.storage.records.operations import Result, Status
from emulators.functions import FunctionsHost
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.truth import truth
from tests.support.deployments import deploy

APP = Path(__file__).parents[2]
PAGE = (APP / "docs" / "provisioning.md").read_text()
ROLE = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"  # Directory Readers

BASH = shutil.which("bash")

pytestmark = pytest.mark.skipif(not (BASH and shutil.which("curl")), reason="the page is about curl, in a shell")


class Shell:
    """Runs commands of the page with the variables that it names."""

    def __init__(self, host: FunctionsHost, graph: GraphEmulator) -> None:
        person = next(row["user_principal_name"] for row in truth(graph.tenant)["accounts"] if row["enabled"])
        self.variables = {
            "APP": host.url,
            "KEY": host.host_key,
            "GROUP": str(graph.tenant.create_group("Finance")),
            "ROLE": ROLE,
            "PERSON": str(person),
            "TONIGHT": (datetime.now(UTC) + timedelta(hours=8)).isoformat(timespec="seconds"),
        }

    def run(self, command: str) -> list[Any]:
        """The JSON documents that ``command`` prints."""
        environment = {**os.environ, **self.variables, "NO_PROXY": "*"}
        done = subprocess.run(
            [BASH or "bash", "-euc", command], env=environment, capture_output=True, text=True, check=True, timeout=60
        )
        found, at = [], 0
        while at < len(done.stdout):
            document, at = json.JSONDecoder().raw_decode(done.stdout, at)
            found.append(document)
        return found


@pytest.fixture(scope="module")
def shell(new_storage_account: Any) -> Iterator[Shell]:
    with closing(generate(users=20, groups=4, seed=1)) as tenant, GraphEmulator(tenant) as graph:
        deployment = deploy(graph, new_storage_account())
        values = {**deployment.environment, "PROVISIONING_ENABLED": "true"}
        with FunctionsHost(APP, values) as host:
            yield Shell(host, graph)


def test_every_command_of_the_page_does_what_the_page_says(shell: Shell) -> None:
    asking, reading, trying, listing, ending, describing = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)

    [asked] = shell.run(asking)
    assert asked["wanted"]["entitlement"] == f"group:{shell.variables['GROUP']}:member"
    assert asked["wanted"]["ticket"] == "CHG0031337"
    assert shell.run(asking)[0]["id"] == asked["id"], "the same key gives the same operation"
    shell.variables["ID"] = asked["id"]
    assert shell.run(reading)[0]["id"] == asked["id"]

    [tried] = shell.run(trying)
    assert tried["wanted"]["dry_run"] is True
    [page] = shell.run(listing)
    assert page == {"operations": [], "next": ""}

    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")
    later = asking.replace('"ticket"', f'"starts_at": "{tomorrow}", "ticket"').replace("joiners", "tomorrow")
    [shell.variables["ID"]] = [one["id"] for one in shell.run(later)]
    cancelled, revived = shell.run(ending)
    assert cancelled["status"] == "cancelled"
    assert revived["status"] in ("accepted", "scheduled")

    [description] = shell.run(describing)
    assert description["openapi"].startswith("3.")
    assert "/operations" in str(description["paths"])


def test_the_page_names_every_field_status_and_result() -> None:
    for name in (*OperationRequest.__struct_fields__, *Status, *Result):
        assert f"`{name}`" in PAGE, name
