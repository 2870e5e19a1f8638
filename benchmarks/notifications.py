"""The notification endpoint: cold, warm, and at a steady rate through the Functions emulator: ``python -m benchmarks.notifications``.

Requests leave when they are due, whether or not those before were answered, and count from when they were due; so an endpoint that
falls behind shows it. The client, the Functions host and Azurite share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

import function_app
from connector.settings import Settings
from connector.storage import open_store
from connector.storage.names import CHANGES_QUEUE
from connector.storage.subscriptions import Subscription, Subscriptions, digest
from emulators.functions import FunctionsHost
from emulators.storage import Azurite
from tools.stack import CONTAINER, TOP, make_container

_TENANT = "0785ef7c-2d7a-4542-b048-95bcab406e0b"
_SUBSCRIPTION = "d850b120-19bb-4291-b9c4-845ea04dd38d"
_RUNS = 5
# In a fresh interpreter that has what Microsoft's worker has imported before it looks at an app.
_COLD = """
import asyncio, json, statistics, sys, time
import azure.functions as func
body = sys.stdin.buffer.read()
began, worked = time.perf_counter(), time.process_time()
import function_app
functions = {one.get_function_name(): one.get_user_function() for one in function_app.app.get_functions()}
imported = time.perf_counter()

def request(**more):
    return func.HttpRequest(method="POST", url="/", route_params={"channel": "changes"},
                            headers={"content-type": "application/json"}, **more)

async def timed(**more):
    start = time.perf_counter()
    answer = await functions["notifications"](request(**more))
    assert answer.status_code in (200, 202), answer.status_code
    return time.perf_counter() - start

async def main():
    seconds = {"import_s": imported - began}
    seconds["first_handshake_s"] = await timed(body=b"", params={"validationToken": "token"})
    seconds["first_notification_s"] = await timed(body=body)
    seconds["cpu_to_first_answer_s"] = time.process_time() - worked
    seconds["warm_s"] = statistics.median([await timed(body=body) for _ in range(200)])
    from connector.functions import notifications
    await notifications._receiver().close()
    print(json.dumps(seconds))

asyncio.run(main())
"""


def main() -> None:
    """Measure, and print a line for each number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=500, help="notifications a second (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=20, help="of each rate (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON line")
    options = parser.parse_args()
    secret = secrets.token_urlsafe(32)
    with ExitStack() as parts:
        environment = _environment(parts.enter_context(Azurite()))
        asyncio.run(_subscribe(Settings.load(environment), secret))
        report: dict[str, Any] = _cold(environment, _body(secret, 1))
        host = parts.enter_context(FunctionsHost(TOP, {**os.environ, **environment, **_without_rounds()}))
        url = f"{host.url}/api/notifications/changes"
        asyncio.run(_load(url, _body(secret, 1), posts=20, each_s=0.05))
        for size in (100, 10, 1):
            posts = int(options.rate * options.seconds / size)
            waits = asyncio.run(_load(url, _body(secret, size), posts=posts, each_s=size / options.rate))
            report |= {f"{name}_of_{size}_ms": value for name, value in _summary(waits).items()}
    print(json.dumps(report) if options.json else "\n".join(f"{name:<24} {value}" for name, value in report.items()))


def _environment(azurite: Azurite) -> dict[str, str]:
    connection = azurite.connection_string()
    make_container(connection)
    return {
        "ENTRA_TENANT_ID": _TENANT,
        "ENTRA_CLIENT_ID": _TENANT,
        "ENTRA_CLIENT_SECRET": "never used",
        "AzureWebJobsStorage": connection,
        "STORAGE_CONTAINER": CONTAINER,
        "SYNC_SCHEDULE": "0 0 0 1 1 *",
        "INCREMENTAL_SCHEDULE": "0 0 0 1 1 *",
    }


def _without_rounds() -> dict[str, str]:
    """Settings that switch off what takes the messages: it would take part of the machine as well."""
    triggers = {one.get_function_name(): one.get_trigger() for one in function_app.app.get_functions()}
    taking = [
        name
        for name, trigger in triggers.items()
        if trigger and trigger.get_dict_repr().get("queueName") == CHANGES_QUEUE
    ]
    return {f"AzureWebJobs.{name}.Disabled": "true" for name in taking}


async def _subscribe(settings: Settings, secret: str) -> None:
    now = datetime.now(UTC)
    ours = Subscription(
        id=_SUBSCRIPTION,
        resource="groups",
        notification_url="",
        lifecycle_url="",
        client_state_sha256=digest(secret),
        made_at=now,
        expires_at=now + timedelta(days=29),
        renew_at=now + timedelta(days=3),
    )
    async with open_store(settings) as store:
        await store.replace_subscriptions(Subscriptions(subscriptions=(ours,)), None)


def _body(secret: str, size: int) -> bytes:
    group = "f0a5993b-5c2d-49cc-bb2f-8cb0060fef8e"
    item = {
        "changeType": "updated",
        "clientState": secret,
        "resource": f"Groups/{group}",
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.Group",
            "@odata.id": f"Groups/{group}",
            "id": group,
            "organizationId": _TENANT,
            "eventTime": "2026-11-22T01:47:00.2455823Z",
            "sequenceNumber": 636784480202455800,
            "members@delta": [{"id": "7b5f2a0e-7a0c-4c0e-9a51-1c2f5a1f0b11"}],
        },
        "subscriptionExpirationDateTime": "2026-11-24T18:13:08.914+00:00",
        "subscriptionId": _SUBSCRIPTION,
        "tenantId": _TENANT,
    }
    return json.dumps({"value": [item] * size}).encode()


def _cold(environment: Mapping[str, str], body: bytes) -> dict[str, float]:
    """Medians over fresh processes, in seconds."""
    runs = []
    for _ in range(_RUNS):
        done = subprocess.run(
            [sys.executable, "-c", _COLD], input=body, cwd=TOP, env={**os.environ, **environment}, stdout=-1, check=True
        )
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: round(statistics.median(run[name] for run in runs), 4) for name in runs[0]}


async def _load(url: str, body: bytes, *, posts: int, each_s: float) -> list[float]:
    """Post ``body`` every ``each_s`` seconds; how long each answer took from when its request was due, in seconds."""
    connector = aiohttp.TCPConnector(limit=200)
    async with aiohttp.ClientSession(connector=connector, headers={"Content-Type": "application/json"}) as session:
        began = time.perf_counter()

        async def post(number: int) -> float:
            due = began + number * each_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            async with session.post(url, data=body) as answer:
                await answer.read()
                if answer.status != 202:
                    raise SystemExit(f"The endpoint answered {answer.status}.")
            return time.perf_counter() - due

        return list(await asyncio.gather(*(post(number) for number in range(posts))))


def _summary(waits: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(waits, n=100, method="inclusive")
    return {"p50": round(cuts[49] * 1000, 1), "p99": round(cuts[98] * 1000, 1), "max": round(max(waits) * 1000, 1)}


if __name__ == "__main__":
    main()
