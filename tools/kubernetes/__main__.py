"""Check the manifests and the Dockerfile; with ``--write``, write the generated files of settings first."""

from __future__ import annotations

import argparse
import sys

from tools.kubernetes.check import TOP, check, write


def main() -> int:
    """0 where there is nothing to complain of."""
    parser = argparse.ArgumentParser(prog="python -m tools.kubernetes", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the generated files of settings first")
    if parser.parse_args().write:
        write(TOP)
    problems = check(TOP)
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    sys.stderr.write(f"Kubernetes: {len(problems) or 'no'} problem{'' if len(problems) == 1 else 's'}.\n")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
