"""Ends that have passed before anything was done: an operation may wait, or be tried again, for longer than what it asks for lasts."""

from __future__ import annotations

from datetime import datetime

from connector.provisioning.refusals import problem
from connector.storage.records.operations import Problem, Wanted


def passed(wanted: Wanted, now: datetime) -> Problem | None:
    """Why what has ended is not granted any more: all that it could do is to end what somebody else has given meanwhile."""
    if wanted.expires_at is None or wanted.expires_at > now:
        return None
    return problem("start_in_the_past", "Its end, expires_at, has passed.", "Ask again with a later end, or with none.")
