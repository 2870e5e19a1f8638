"""Structured log lines: one JSON object a line, so that they can be queried where the host collects them.

Values are what the caller names, and nothing else: no request, no setting, no token ever comes along by accident.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime

Value = str | int | float | bool | datetime | None


def log_event(logger: logging.Logger, event: str, *, level: int = logging.INFO, **facts: Value) -> None:
    """Log ``event`` with its ``facts`` as one line of JSON.

    Args:
        event: what happened, in a few words with underscores, such as ``sync_requested``.
    """
    if logger.isEnabledFor(level):
        logger.log(level, "%s", json.dumps({"event": event, **facts}, default=str, ensure_ascii=False))


def quiet_libraries() -> None:
    """Keep the SDKs' own lines, one or more for each request, out of the log; their warnings stay."""
    for name in ("azure", "httpx", "msgraph"):
        logger = logging.getLogger(name)
        if logger.level != logging.WARNING:  # setting a level makes every logger forget what it has worked out
            logger.setLevel(logging.WARNING)
