"""`python -m tools.terraform`: print what is wrong with the Terraform configuration, like a linter; exit code 1 where anything is."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tools.terraform.check import findings
from tools.terraform.itself import terraform_findings

TOP = Path(__file__).resolve().parents[2]


def main() -> int:
    """Check, and tell."""
    found = [*findings(TOP), *terraform_findings(TOP)]
    if shutil.which("terraform") is None:
        sys.stderr.write("There is no terraform on this machine: what it would say itself was not checked.\n")
    for one in found:
        print(one.told(TOP))  # noqa: T201 - what it is for
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
