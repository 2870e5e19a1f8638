"""Structured log lines: one JSON object a line, so that they can be queried where the host collects them.

Values are what the caller names, and nothing else: no request, no setting, no token ever comes along by accident.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import datetime

Value = str | int | float | bool | datetime | None

_STEERING = re.compile(r"[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of text around."""


def log_event(logger: logging.Logger, event: str, *, level: int = logging.INFO, **facts: Value) -> None:
    """Log ``event`` with its ``facts`` as one line of JSON.

    Args:
        event: what happened, in a few words with underscores, such as ``sync_requested``.
    """
    if logger.isEnabledFor(level):
        logger.log(level, "%s", tamed(json.dumps({"event": event, **facts}, default=str, ensure_ascii=False)))


def tamed(text: str) -> str:
    """JSON with the same meaning, in which nothing steers a terminal, whoever has named what it tells of: what lies below a space is
    escaped already."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def quiet_libraries() -> None:
    """Keep the SDKs' own lines, one or more for each request, out of the log; their warnings stay."""
    for name in ("azure", "httpx", "msgraph"):
        logger = logging.getLogger(name)
        if logger.level != logging.WARNING:  # setting a level makes every logger forget what it has worked out
            logger.setLevel(logging.WARNING)
