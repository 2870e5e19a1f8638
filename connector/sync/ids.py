"""Sync and snapshot ids: they sort by the time at which the sync was asked for, and that time can be read from them."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

_FORM = "%Y%m%dT%H%M%SZ"
_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")


def new_sync_id(now: datetime) -> str:
    """An id such as ``20261123T004500Z-1a2b3c4d``. The last part keeps apart what was asked for in the same second."""
    return f"{now.astimezone(UTC).strftime(_FORM)}-{secrets.token_hex(4)}"


def is_sync_id(text: str) -> bool:
    """Whether ``text`` has the form of a sync id; what comes from outside must, before it becomes part of a blob name."""
    return _ID.fullmatch(text) is not None


def requested_at(sync_id: str) -> datetime:
    """When the sync was asked for, to the second."""
    return datetime.strptime(sync_id.partition("-")[0], _FORM).replace(tzinfo=UTC)


def compacted_id(sync_id: str, sequence: int, beyond: int = 0) -> str:
    """The id of what compaction makes of the snapshot of a sync and the journal up to ``sequence``.

    Args:
        beyond: how many segments without changes, so without a sequence of their own, it includes after that change.
    """
    return f"{sync_id}-{sequence:016d}" + (f"-{beyond:06d}" if beyond else "")


def sync_of(snapshot_id: str) -> str:
    """The sync whose snapshot this is, or was compacted from."""
    return "-".join(snapshot_id.split("-")[:2])
