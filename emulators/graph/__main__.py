"""``python -m emulators.graph``: a generated tenant behind HTTPS until it is stopped."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from emulators.certificates import CertificateAuthority
from emulators.graph import GraphEmulator
from emulators.graph.managed_identity import ManagedIdentityEndpoint
from emulators.graph.service.throttle import TenantSize
from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.tenant import CONNECTOR_PERMISSIONS, Tenant
from emulators.processes import STOP_WITH_STDIN, serve

_MOST_USERS_IN_MEMORY = 150_000
_MOST_MEMBERSHIPS_IN_MEMORY = 2_000_000
_DESCRIPTION = """\
An emulator of Microsoft Graph and the Entra sign-in endpoints. It generates a tenant, prints one JSON line with the
addresses and credentials that a client needs, and serves until it is stopped (Ctrl+C or SIGTERM).

The same size and seed give the same tenant. The certificate is made at start; trust the authority in "ca_file".
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator; the exit status."""
    options = _parser().parse_args(arguments)
    return serve(_running(options), port=options.port, stop_with_stdin=options.stop_with_stdin)


@contextmanager
def _running(options: argparse.Namespace) -> Iterator[Mapping[str, Any]]:
    """The emulator that the options ask for, and what is served beside it, while they listen; what their clients need."""
    with (
        _tenant(options) as tenant,
        GraphEmulator(
            tenant,
            port=options.port,
            latency_ms=options.latency_ms,
            throttle=options.throttle,
            certificates=CertificateAuthority(options.certificates) if options.certificates else None,
        ) as emulator,
        ExitStack() as beside,
    ):
        identity = _identity(emulator, options.managed_identity, beside) if options.managed_identity else {}
        yield emulator.info() | identity


def _identity(emulator: GraphEmulator, name: str, beside: ExitStack) -> dict[str, str]:
    """Serve a user-assigned identity with the connector's permissions; what a client needs to be it."""
    object_id = emulator.tenant.create_managed_identity(name, permissions=CONNECTOR_PERMISSIONS)
    endpoint = beside.enter_context(ManagedIdentityEndpoint(emulator, [object_id])).environment()
    return {
        "identity_object_id": object_id,
        "identity_client_id": emulator.tenant.managed_identity(object_id).client_id,
        "identity_endpoint": endpoint["IDENTITY_ENDPOINT"],
        "identity_header": endpoint["IDENTITY_HEADER"],
    }


@contextmanager
def _tenant(options: argparse.Namespace) -> Iterator[Tenant]:
    """The tenant that the options ask for: in memory, or in a temporary file where it is large."""
    with tempfile.TemporaryDirectory(prefix="graph-tenant-") as folder:
        large = options.users > _MOST_USERS_IN_MEMORY or (options.memberships or 0) > _MOST_MEMBERSHIPS_IN_MEMORY
        tenant = generate(
            users=options.users,
            groups=options.groups,
            apps=options.apps,
            memberships=options.memberships,
            members_per_group=options.members_per_group,
            seed=options.seed,
            path=Path(folder, "tenant.sqlite") if large else None,
        )
        try:
            yield tenant
        finally:
            tenant.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m emulators.graph", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=_whole, default=2000, metavar="N", help="users in the tenant (default 2000)")
    parser.add_argument("--groups", type=_whole, metavar="N", help="groups in the tenant (default: fits the users)")
    parser.add_argument("--apps", type=_whole, metavar="N", help="enterprise applications (default: fits the users)")
    members = parser.add_mutually_exclusive_group()
    members.add_argument(
        "--memberships", type=_whole, metavar="N", help="direct memberships of users (default: about nine a user)"
    )
    members.add_argument("--members-per-group", type=_whole, metavar="N", help="the same for every group, instead")
    parser.add_argument("--seed", type=_whole, default=1, metavar="S", help="another seed, another tenant (default 1)")
    parser.add_argument("--port", type=_whole, default=0, metavar="P", help="port (default: chosen by the system)")
    parser.add_argument(
        "--certificates", type=Path, metavar="DIR", help="folder of a certificate authority, made there if need be"
    )
    parser.add_argument(
        "--managed-identity",
        metavar="NAME",
        help="add a user-assigned identity with the connector's permissions, and serve it tokens as App Service does",
    )
    parser.add_argument(
        "--latency-ms", type=float, default=0, metavar="L", help="how long each answer takes at least (default 0)"
    )
    parser.add_argument(
        "--throttle",
        choices=[size.value for size in TenantSize],
        default="off",
        help="enforce the limits of a small, medium or large tenant: 3,500, 5,000 or 8,000 resource units in 10 s "
        "(default off)",
    )
    parser.add_argument(
        STOP_WITH_STDIN,
        action="store_true",
        help="stop when standard input ends too, so that a parent that dies leaves nothing behind",
    )
    return parser


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
