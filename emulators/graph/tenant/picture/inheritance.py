"""What follows from the facts: who has something through a group, and on which shortest path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulators.graph.tenant.picture.view import Thing, View
from emulators.graph.tenant.state import Rel

Row = dict[str, Any]
_Members = dict[str, list[Thing]]


def inherited_grants(view: View, grants: list[Row], which: str) -> list[Row]:
    """Rows of ``inherited_grants`` for ``which``: ``all``, ``privileged`` or ``off``."""
    if which == "off":
        return []
    members: _Members = {
        view.things[group].id: sorted(
            (thing for thing in things if view.principal(thing) is not None), key=lambda thing: thing.id
        )
        for group, things in view.related(Rel.MEMBER).items()
        if view.things[group].type == "group" and group not in view.hidden
    }
    rows: list[Row] = []
    for grant in grants:
        if grant["principal_kind"] == "group" and _passes_on(view, grant, privileged_only=which == "privileged"):
            rows += (_row(view, grant, holder, path) for holder, path in _holders(grant, members))
    return rows


def _passes_on(view: View, grant: Row, *, privileged_only: bool) -> bool:
    kind = grant["resource_kind"]
    if kind == "directory_role":
        return True
    if kind == "group" and grant["entitlement_id"].endswith(":member"):
        return not privileged_only or view.by_id[grant["resource_id"]].body.get("isAssignableToRole") is True
    return kind == "enterprise_application" and not privileged_only


def _holders(grant: Row, members: _Members) -> Iterator[tuple[Thing, list[str]]]:
    """Everyone who has ``grant`` through the group that holds it, each with a shortest path, nearest first."""
    if grant["resource_kind"] == "enterprise_application":
        for member in members.get(grant["principal_id"], ()):
            if member.type != "group":
                yield member, [grant["principal_id"]]
        return
    seen = {grant["principal_id"], grant["resource_id"]}
    level = [[grant["principal_id"]]]
    while level:
        deeper = []
        for path in sorted(level):
            for member in members.get(path[0], ()):
                if member.id in seen:
                    continue
                seen.add(member.id)
                yield member, path
                if member.type == "group":
                    deeper.append([member.id, *path])
        level = deeper


def _row(view: View, grant: Row, holder: Thing, path: list[str]) -> Row:
    return {
        "grant_id": grant["id"],
        "principal_kind": view.principal(holder),
        "principal_id": holder.id,
        "entitlement_id": grant["entitlement_id"],
        "resource_kind": grant["resource_kind"],
        "resource_id": grant["resource_id"],
        "scope": grant["scope"],
        "through_group_id": grant["principal_id"],
        "depth": len(path),
        "path": path,
    }
