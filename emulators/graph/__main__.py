"""``python -m emulators.graph``: a generated tenant behind HTTPS until it is stopped."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence

from emulators.graph import GraphEmulator
from emulators.graph.service.throttle import TenantSize
from emulators.graph.tenant.generator import generate
from emulators.processes import STOP_WITH_STDIN, call_when_stdin_closes

_DESCRIPTION = """\
An emulator of Microsoft Graph and the Entra sign-in endpoints. It generates a tenant, prints one JSON line with the
addresses and credentials that a client needs, and serves until it is stopped (Ctrl+C or SIGTERM).

The same size and seed give the same tenant. The certificate is made at start; trust the authority in "ca_file".
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator; the exit status."""
    options = _parser().parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    if options.stop_with_stdin:
        call_when_stdin_closes(stopped.set)
    tenant = generate(users=options.users, groups=options.groups, seed=options.seed)
    try:
        with GraphEmulator(
            tenant, port=options.port, latency_ms=options.latency_ms, throttle=options.throttle
        ) as emulator:
            sys.stdout.write(json.dumps(emulator.info()) + "\n")
            sys.stdout.flush()
            stopped.wait()
    except OSError as error:
        sys.stderr.write(f"The emulator cannot listen on port {options.port}: {error.strerror or error}.\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m emulators.graph", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=_whole, default=2000, metavar="N", help="users in the tenant (default 2000)")
    parser.add_argument("--groups", type=_whole, metavar="N", help="groups in the tenant (default: fits the users)")
    parser.add_argument("--seed", type=_whole, default=1, metavar="S", help="another seed, another tenant (default 1)")
    parser.add_argument("--port", type=_whole, default=0, metavar="P", help="port (default: chosen by the system)")
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
