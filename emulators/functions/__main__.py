"""``python -m emulators.functions``: host a function app until stopped."""

import sys

from emulators.functions.cli import main

if __name__ == "__main__":
    sys.exit(main())
