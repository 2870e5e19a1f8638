"""Application settings: ``local.settings.json``, what the real host sets, and ``%NAME%`` in bindings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from emulators.functions.errors import HostRefused

_REFERENCE = re.compile(r"%([^%\s]+)%")


def read_local_settings(path: Path) -> dict[str, str]:
    """The ``Values`` of a ``local.settings.json``. A file that is not there has none.

    Raises:
        HostRefused: it is not JSON of that form, or is encrypted.
    """
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise HostRefused([f"{path} cannot be read: {error}"]) from error
    if not isinstance(content, dict) or not isinstance(values := content.get("Values", {}), dict):
        raise HostRefused([f'{path} must be a JSON object with an object "Values".'])
    if content.get("IsEncrypted"):
        raise HostRefused([f"{path} is encrypted; run `func settings decrypt` first."])
    wrong = [name for name, value in values.items() if isinstance(value, dict | list)]
    if wrong:
        raise HostRefused([f"{path}: the value of {name} must be a text." for name in wrong])
    return {name: _as_text(value) for name, value in values.items() if value is not None}


def platform_settings(app: Path, port: int) -> dict[str, str]:
    """What the real host sets for its worker, so that code that looks at it sees what it would see there."""
    return {
        "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
        "AzureWebJobsScriptRoot": str(app),
        "FUNCTIONS_EXTENSION_VERSION": "~4",
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "WEBSITE_HOSTNAME": f"127.0.0.1:{port}",
    }


def expand(text: str, settings: Mapping[str, str]) -> str:
    """``text`` with every ``%NAME%`` replaced by that setting.

    Raises:
        ValueError: a setting is missing or empty; the message names it.
    """

    def value(match: re.Match[str]) -> str:
        found = settings.get(match[1])
        if not found:
            raise ValueError(f"'%{match[1]}%' does not resolve to a value: the setting {match[1]} is missing")
        return found

    return _REFERENCE.sub(value, text)


def _as_text(value: object) -> str:
    """As Core Tools does: booleans and numbers become text."""
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)
