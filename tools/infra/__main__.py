"""`python3 dev.py infra`: print what is wrong with the templates, like a linter; exit code 1 where anything is."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.infra.check import findings

TOP = Path(__file__).resolve().parents[2]


def main() -> int:
    """Check, and tell."""
    found = findings(TOP)
    for one in found:
        print(one.told(TOP))  # noqa: T201 - what it is for
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
