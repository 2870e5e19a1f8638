"""Everything the product needs, on this machine: storage, Microsoft Graph and a Functions host, each a process of its own."""

from __future__ import annotations

import argparse
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from connector.settings import Settings
from emulators.functions import FunctionsHost
from emulators.graph import GraphProcess
from emulators.storage import Azurite

TOP = Path(__file__).resolve().parent.parent
CONTAINER = "entra"
MOST_POLLING_MS = 500
"""How long the local host lets a queue rest at most; host.json's own limit spares money in Azure, not time here."""


@dataclass(frozen=True, slots=True)
class Stack:
    """The running parts.

    Attributes:
        environment: every setting that the connector needs to use them, as environment variables.
    """

    graph: GraphProcess
    host: FunctionsHost
    environment: Mapping[str, str]

    @property
    def settings(self) -> Settings:
        """The settings, parsed."""
        return Settings.load(self.environment)


def add_tenant_options(parser: argparse.ArgumentParser) -> None:
    """The options that decide which tenant is made up."""
    parser.add_argument("--users", type=int, default=2000, help="users of the made-up tenant (default: %(default)s)")
    parser.add_argument("--groups", type=int, help="its groups (default: as many as fit the users)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another tenant (default: %(default)s)")


@contextmanager
def running(
    *,
    users: int,
    groups: int | None,
    seed: int,
    latency_ms: int = 0,
    throttle: str = "off",
    switches: Mapping[str, str] | None = None,
    most_polling_ms: int | None = MOST_POLLING_MS,
) -> Iterator[Stack]:
    """Start all three, storage with an empty container; stop them at the end. Graph can reach the host with notifications.

    Args:
        users: size of the made-up tenant; ``groups`` follows from it unless given; ``seed`` decides everything else.
        latency_ms: milliseconds that every answer of Graph takes longer.
        throttle: which size of tenant Graph limits it like: ``s``, ``m``, ``l``, or ``off``.
        switches: further settings of the connector, as environment variables.
        most_polling_ms: longest wait between two looks into an empty queue; None: as ``host.json`` says.
    """
    with ExitStack() as parts:
        azurite = parts.enter_context(Azurite())
        made = GraphProcess(users=users, groups=groups, seed=seed, latency_ms=latency_ms, throttle=throttle)
        graph = parts.enter_context(made)
        connection, port = azurite.connection_string(), _free_port()
        make_container(connection)
        environment = {
            **graph.environment(),
            "AzureWebJobsStorage": connection,
            "STORAGE_CONTAINER": CONTAINER,
            "SYNC_SCHEDULE": "0 0 */6 * * *",
            "INCREMENTAL_SCHEDULE": "0 * * * * *",
            "NOTIFICATION_URL": f"http://127.0.0.1:{port}",
            "PROVISIONING_ENABLED": "true",
            **(switches or {}),
        }
        host = parts.enter_context(
            FunctionsHost(TOP, environment={**os.environ, **environment}, port=port, max_polling_ms=most_polling_ms)
        )
        yield Stack(graph, host, environment)


def _free_port() -> int:
    """A port that is free now: the host has to know its own address before it starts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_container(connection: str, name: str = CONTAINER) -> None:
    """Create the blob container, as whoever deploys the connector does."""
    from azure.storage.blob import BlobServiceClient

    with BlobServiceClient.from_connection_string(connection) as service:
        service.create_container(name)
