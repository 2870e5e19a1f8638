"""One benchmark of a full sync: a tenant, storage and the connector, each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.access.tables import ENTERPRISE_APPLICATIONS
from connector.query.opening import open_current
from connector.settings import Settings
from connector.storage.records import Manifest
from emulators.graph import GraphProcess
from emulators.storage import Azurite
from tools.bench.admin import Admin
from tools.bench.bound import Facts, resource_units_lower_bound, units_by_call
from tools.stack import CONTAINER, TOP, make_container

COMPILED = TOP / ".state" / "bench" / "compiled"
"""Where the measured processes keep their compiled modules. The first run of all fills it, and is slower by a second."""


class BenchFailed(SystemExit):
    """A measured process failed; the text holds what it printed."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """The tenant to measure on; see ``python3 dev.py graph --help``. Times in milliseconds."""

    users: int
    groups: int | None
    apps: int | None
    memberships: int | None
    members_per_group: int | None
    seed: int
    latency_ms: float
    throttle: str


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure: settings of the connector by name, and for how many seconds the SDK may crawl (None: not at all)."""

    settings: Mapping[str, str]
    sdk_limit_s: float | None
    storage_on_disk: bool


def measure(tenant: Tenant, options: Options, tell: Callable[[str], None]) -> dict[str, Any]:
    """Run it; every number by name."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        persist = Path(folder, "storage") if options.storage_on_disk else None
        tell("Making the tenant and starting storage …")
        with Azurite(persist=persist) as azurite, _graph(tenant) as graph:
            environment = {**graph.environment(), **_storage(azurite), **options.settings}
            counters = Admin(graph.facts)
            counters.reset()
            tell("Syncing …")
            report = _run("tools.bench.connector", [], environment)
            report |= asked_for(counters.read())
            report["units_per_s"] = round(report["resource_units"] / (report["wall_s"] - report["publish_wall_s"]), 1)
            report |= _bound(Settings.load(environment), Path(folder, "snapshot"))
            if options.sdk_limit_s is not None:
                tell("Crawling with msgraph-sdk …")
                counters.reset()
                trusting = {**environment, "SSL_CERT_FILE": environment["TLS_CA_FILE"]}  # the SDK knows no other way
                sdk = _run("tools.bench.sdk", ["--limit-s", str(options.sdk_limit_s)], trusting)
                sdk |= asked_for(counters.read())
                report["sdk"] = sdk
                report["ratio"] = ratios(report, sdk)
    return report


def asked_for(counted: Mapping[str, Any]) -> dict[str, int]:
    """What a client asked of Graph, by the emulator's account: requests (a batch is one), 429, units."""
    return {
        "requests": counted["http_requests"],
        "requests_in_all": counted["requests"],
        "throttled": counted["throttled"],
        "resource_units": counted["resource_units"],
    }


def ratios(connector: Mapping[str, Any], sdk: Mapping[str, Any]) -> dict[str, float] | None:
    """How many times the connector's the SDK's numbers are; None where the SDK did not get to the end."""
    if not sdk["finished"]:
        return None
    names = ("wall_s", "cpu_s", "peak_rss_mb", "requests", "resource_units")
    return {name: round(sdk[name] / connector[name], 1) for name in names if connector[name]}


def _graph(tenant: Tenant) -> GraphProcess:
    return GraphProcess(
        users=tenant.users,
        groups=tenant.groups,
        apps=tenant.apps,
        memberships=tenant.memberships,
        members_per_group=tenant.members_per_group,
        seed=tenant.seed,
        latency_ms=tenant.latency_ms,
        throttle=tenant.throttle,
    )


def _storage(azurite: Azurite) -> dict[str, str]:
    connection = azurite.connection_string()
    make_container(connection)
    return {"AzureWebJobsStorage": connection, "STORAGE_CONTAINER": CONTAINER}


def _run(module: str, arguments: list[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """Run a measured process; the JSON line that it prints.

    Its modules are compiled once and kept, as where the connector is deployed, whatever this environment says.
    """
    compiled = {"PYTHONPYCACHEPREFIX": str(COMPILED), "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=TOP,
        env={**os.environ, **environment, **compiled},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchFailed(f"{module} failed:\n{done.stderr[-4000:]}")
    document: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return document


def _bound(settings: Settings, cache: Path) -> dict[str, Any]:
    """The least resource units for the snapshot in force."""
    with asyncio.run(open_current(settings, [ENTERPRISE_APPLICATIONS], cache)) as opened:
        [(provisionable,)] = opened.snapshot.execute(
            "SELECT count(*) FROM enterprise_applications WHERE provisioned_by_scim IS NOT NULL"
        )
        facts = facts_of(opened.manifest, provisionable)
    return {
        "resource_units_lower_bound": resource_units_lower_bound(facts),
        "lower_bound_by_call": units_by_call(facts),
    }


def facts_of(manifest: Manifest, can_be_provisioned: int) -> Facts:
    """What there was to read, by the snapshot's own account."""
    seen = [manifest.notes.get(reader, {}) for reader in ("role_assignments", "role_schedules")]
    return Facts(
        accounts=manifest.tables["accounts"].rows,
        groups=manifest.tables["groups"].rows,
        applications=manifest.tables["enterprise_applications"].rows,
        can_be_provisioned=can_be_provisioned,
        unit_scopes=any(notes.get("administrative_unit_scopes_seen") for notes in seen),
        object_scopes=any(notes.get("object_scopes_seen") for notes in seen),
    )
