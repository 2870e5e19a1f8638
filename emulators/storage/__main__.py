"""``python -m emulators.storage``: run Azurite until stopped."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

from emulators.certificates import CertificateAuthority
from emulators.storage import Azurite, AzuriteFailed, NodeMissing


def main() -> int:
    """Start, print where it is as one JSON line, wait for SIGINT or SIGTERM, stop."""
    parser = argparse.ArgumentParser(
        prog="python -m emulators.storage",
        description="Runs Azurite, Microsoft's storage emulator, on free ports of 127.0.0.1 until stopped.",
        epilog="Prints one JSON line when ready: connection_strings (one an account), blob, queue and table.",
    )
    parser.add_argument("--accounts", type=int, default=1, metavar="N", help="how many accounts (default: 1)")
    parser.add_argument("--persist", type=Path, metavar="DIR", help="keep the data in DIR (default: in memory)")
    parser.add_argument("--node-modules", type=Path, metavar="DIR", help="where azurite is installed")
    parser.add_argument(
        "--certificates",
        type=Path,
        metavar="DIR",
        help="speak HTTPS with a certificate of the authority in DIR, made there if need be, and take tokens too",
    )
    arguments = parser.parse_args()
    stopping = {signal.SIGINT, signal.SIGTERM}
    try:
        azurite = Azurite(
            node_modules=arguments.node_modules,
            accounts=arguments.accounts,
            persist=arguments.persist,
            certificates=CertificateAuthority(arguments.certificates) if arguments.certificates else None,
        ).start()
    except (NodeMissing, AzuriteFailed, ValueError) as problem:
        print(problem, file=sys.stderr)  # noqa: T201 - a command line speaks by printing
        return 1
    signal.pthread_sigmask(signal.SIG_BLOCK, stopping)  # not earlier: Azurite would inherit it
    try:
        ready = {
            "connection_strings": [azurite.connection_string(n) for n in range(len(azurite.accounts))],
            **{service: azurite.url(service) for service in ("blob", "queue", "table")},
        }
        print(json.dumps(ready), flush=True)  # noqa: T201 - the line that callers wait for
        signal.sigwait(stopping)
    finally:
        azurite.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
