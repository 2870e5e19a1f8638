"""Storage, Microsoft Graph and the Functions host together in the foreground, for development, until stopped."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence

from tools.stack import TOP, Stack, add_tenant_options, running
from tools.trying import commands

SETTINGS_FILE = TOP / ".state" / "local.settings.json"
"""Not the one at the top, which is the developer's own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C or SIGTERM."""
    options = _parser().parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    sys.stderr.write(f"Making a tenant of {options.users:,} users and starting everything …\n")
    with running(users=options.users, groups=options.groups, seed=options.seed, latency_ms=options.latency_ms) as stack:
        _write_settings(stack)
        stack.host.invoke_timer("subscription_timer")  # its schedule would let the first changes wait
        _tell(stack)
        with stack.host.log_file.open(errors="replace") as log:
            while not stopped.wait(0.25):
                sys.stderr.write(log.read())
    sys.stderr.write("Stopped.\n")
    return 0


def _write_settings(stack: Stack) -> None:
    """Write what the command line reads. The folder is in .gitignore."""
    values = {**stack.environment, "FUNCTIONS_WORKER_RUNTIME": "python"}
    SETTINGS_FILE.parent.mkdir(exist_ok=True)
    SETTINGS_FILE.touch(mode=0o600)
    SETTINGS_FILE.write_text(json.dumps({"IsEncrypted": False, "Values": values}, indent=2) + "\n")


def _tell(stack: Stack) -> None:
    settings_file = SETTINGS_FILE.relative_to(TOP)
    sys.stderr.write(
        f"Functions host: {stack.host.url}\nMicrosoft Graph: {stack.graph.facts['base_url']}\n"
        f"Settings for the command line are in {settings_file}. Another terminal, in this folder:\n\n"
    )
    for purpose, command in commands(stack, settings_file):
        sys.stderr.write(f"  # {purpose}\n  {command}\n")
    sys.stderr.write(
        "\nNotifications arrive within seconds; what Graph does not notify of (roles, applications), within minutes.\n"
        "docs/graph-emulator.md lists what else can be done to the tenant. Ctrl-C stops everything. The host's log follows.\n\n"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 dev.py start", description=__doc__)
    add_tenant_options(parser)
    parser.add_argument("--latency-ms", type=int, default=0, help="milliseconds that Graph takes longer to answer")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
