"""Writes that add and remove members and owners of a group: the only place where their addresses are made."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from connector.graph.session import GraphSession
from connector.graph.write_batch import Change

MOST_AT_ONCE = 20
"""Most members or owners that one request adds. https://learn.microsoft.com/graph/api/group-post-members"""

PLURAL = {"member": "members", "owner": "owners"}

_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def adding(session: GraphSession, group_id: str, relation: str, principal_id: str) -> Change:
    """Adds one."""
    body = msgspec.json.encode({"@odata.id": _address(session, principal_id)})
    return Change("POST", f"/groups/{_guid(group_id)}/{PLURAL[relation]}/$ref", body)


def adding_all(session: GraphSession, group_id: str, relation: str, principal_ids: Sequence[str]) -> Change:
    """Adds up to :data:`MOST_AT_ONCE`: all of them, or nobody."""
    bound = [_address(session, one) for one in principal_ids]
    return Change("PATCH", f"/groups/{_guid(group_id)}", msgspec.json.encode({f"{PLURAL[relation]}@odata.bind": bound}))


def removing(group_id: str, relation: str, principal_id: str) -> Change:
    """Removes one. Without ``/$ref`` at the end this would delete the principal itself from the directory.

    https://learn.microsoft.com/graph/api/group-delete-members
    """
    return Change("DELETE", f"/groups/{_guid(group_id)}/{PLURAL[relation]}/{_guid(principal_id)}/$ref")


def _address(session: GraphSession, principal_id: str) -> str:
    return f"{session.base_url}/directoryObjects/{_guid(principal_id)}"


def _guid(text: str) -> str:
    """``text``, which must be an object id: nothing else may become part of such an address.

    Raises:
        ValueError: it is none.
    """
    if not _GUID.fullmatch(text):
        raise ValueError(f"{text!r} is no object id")
    return text
