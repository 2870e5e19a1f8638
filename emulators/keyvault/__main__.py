"""``python -m emulators.keyvault``: a vault behind HTTPS until it is stopped."""

from __future__ import annotations

import argparse
import json
import ssl
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emulators.certificates import CertificateAuthority
from emulators.keyvault import KeyVaultEmulator, Role
from emulators.processes import STOP_WITH_STDIN, serve

_TIMEOUT_SECONDS = 10
_DESCRIPTION = """\
An emulator of Azure Key Vault for the tokens of a Graph emulator. It prints one JSON line with its addresses, and serves
until it is stopped (Ctrl+C or SIGTERM). The vault is empty; whoever has the role of an officer may set secrets.

Start both emulators with the same --certificates, and clients need to trust one file only.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator; the exit status."""
    options = _parser().parse_args(arguments)
    return serve(_running(options), port=options.port, stop_with_stdin=options.stop_with_stdin)


@contextmanager
def _running(options: argparse.Namespace) -> Iterator[Mapping[str, Any]]:
    """The vault that the options ask for, while it listens; what its clients need."""
    emulator = KeyVaultEmulator(
        tenant_id=options.tenant_id,
        authority=options.authority,
        keys=_Keys(f"{options.authority}/{options.tenant_id}/discovery/v2.0/keys", options.trust),
        certificates=CertificateAuthority(options.certificates) if options.certificates else None,
        name=options.name,
        purge_protection=options.purge_protection,
        port=options.port,
    )
    for object_id, role in options.grant:
        emulator.grant(object_id, role)
    with emulator:
        yield emulator.info()


class _Keys:
    """The issuer's key set, fetched whenever it is asked for; ``ca_file``: the authority of its certificate."""

    def __init__(self, address: str, ca_file: str | None) -> None:
        self._address = address
        self._ca_file = ca_file

    def __call__(self) -> Mapping[str, Any]:
        trusted = ssl.create_default_context(cafile=self._ca_file)
        with urllib.request.urlopen(self._address, timeout=_TIMEOUT_SECONDS, context=trusted) as answer:  # noqa: S310
            keys: Mapping[str, Any] = json.load(answer)
            return keys


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m emulators.keyvault",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--tenant-id", required=True, metavar="ID", help="tenant whose tokens count")
    parser.add_argument(
        "--authority", required=True, type=_https, metavar="URL", help="sign-in endpoint: issues tokens"
    )
    parser.add_argument("--trust", metavar="FILE", help="PEM file of the sign-in endpoint's certificate authority")
    parser.add_argument(
        "--certificates", type=Path, metavar="DIR", help="folder of a certificate authority, made there if need be"
    )
    parser.add_argument("--name", default="contoso-kv", metavar="NAME", help="name of the vault (default contoso-kv)")
    parser.add_argument(
        "--grant",
        action="append",
        default=[],
        type=_grant,
        metavar="ID=ROLE",
        help=f"give an object id a role, such as '{Role.SECRETS_USER}'; may be repeated",
    )
    parser.add_argument(
        "--no-purge-protection", dest="purge_protection", action="store_false", help="let deleted secrets be purged"
    )
    parser.add_argument("--port", type=int, default=0, metavar="P", help="port (default: chosen by the system)")
    parser.add_argument(STOP_WITH_STDIN, action="store_true", help="stop when standard input ends too")
    return parser


def _https(text: str) -> str:
    if not text.startswith("https://"):
        raise argparse.ArgumentTypeError(f"{text!r} does not begin with https://")
    return text.rstrip("/")


def _grant(text: str) -> tuple[str, Role]:
    object_id, _, role = text.partition("=")
    try:
        return object_id, Role(role)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{role!r} is no role; there are {', '.join(Role)}") from None


if __name__ == "__main__":
    sys.exit(main())
