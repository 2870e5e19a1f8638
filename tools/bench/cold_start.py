"""How long a Functions worker is busy before it can take its first event: importing function_app.py and indexing it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tools.stack import TOP

_RUNS = 5
# In a fresh interpreter, as the worker's process is. Python's own start is taken off: no app can change it. So is the time that
# azure.functions takes: Microsoft's worker has imported it before it looks at an app.
_MEASURED = """
import json, sys, time
import azure.functions
before, began = set(sys.modules), time.process_time()
import function_app
found = function_app.app.get_functions()
spent = time.process_time() - began
loaded = sorted({name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names))
print(json.dumps({"cpu_s": round(spent, 4), "functions": len(found), "modules": len(sys.modules), "loaded": loaded}))
"""
_WHOLE = """
import time
import function_app
function_app.app.get_functions()
print(time.process_time())
"""


def cold_start() -> dict[str, Any]:
    """The best of a few runs, in CPU seconds, and which packages an import brings along that were not there before."""
    runs = [json.loads(_python(_MEASURED)) for _ in range(_RUNS)]
    best: dict[str, Any] = min(runs, key=lambda run: run["cpu_s"])
    best["process_cpu_s"] = round(min(float(_python(_WHOLE)) for _ in range(_RUNS)), 4)
    return best


def _python(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], cwd=TOP, capture_output=True, text=True, check=True)
    return done.stdout
