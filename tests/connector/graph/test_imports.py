"""A function that only takes a message from a queue does not wait for Graph's SDK to be imported."""

from __future__ import annotations

import subprocess
import sys


def test_the_sdk_is_imported_when_a_session_opens_and_not_before():
    heavy = "{'msgraph', 'msgraph_core', 'kiota_abstractions', 'azure.identity', 'httpx', 'aiohttp'}"
    program = f"import sys, connector.graph.session, connector.sync.kinds; print(sorted({heavy} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
