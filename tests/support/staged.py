"""Staged rows as readers stage them, written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows by staged table."""

ZERO = "00000000-0000-0000-0000-000000000000"
"""The app role that stands for an application without roles of its own."""


def ids(*names: str) -> list[dict[str, str]]:
    """Rows of which nothing but the id is known."""
    return [{"id": name} for name in names]


def member(group: str, principal: str, kind: str = "account", relation: str = "member", **more: Any) -> dict[str, Any]:
    """A row of ``memberships``."""
    return {"group_id": group, "relation": relation, "principal_kind": kind, "principal_id": principal} | more
