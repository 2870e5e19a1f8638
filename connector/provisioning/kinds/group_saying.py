"""What is said of a membership or ownership, for people, and as the facts that a full sync or a round would have."""

from __future__ import annotations

from connector.access.groups import Group
from connector.incremental.facts import Reading
from connector.provisioning.contract import Task
from connector.provisioning.entitlements import Entitlement
from connector.storage.records.operations import Action


def fact(entitlement: Entitlement, task: Task) -> Reading:
    """That it is as wanted: a row of the fact table ``memberships``, or that there is none any more."""
    principal = task.principal
    if task.wanted.action is Action.REVOKE:
        return Reading(gone={"memberships": [(entitlement.id, entitlement.slug, principal.id)]})
    row = {
        "group_id": entitlement.id,
        "relation": entitlement.slug,
        "principal_kind": principal.kind,
        "principal_id": principal.id,
    }
    return Reading(rows={"memberships": [row]})


def as_wanted(entitlement: Entitlement, task: Task, group: Group | None = None) -> str:
    """A sentence that says so."""
    granted = task.wanted.action is Action.GRANT
    return _sentence(entitlement, task, group, "is" if granted else "is not")


def otherwise(entitlement: Entitlement, task: Task) -> str:
    """A sentence that says that it is not, as far as Graph shows."""
    granted = task.wanted.action is Action.GRANT
    return _sentence(entitlement, task, None, "does not show yet as" if granted else "still shows as")


def _sentence(entitlement: Entitlement, task: Task, group: Group | None, verb: str) -> str:
    what = "a direct member of" if entitlement.slug == "member" else "an owner of"
    name = (group.display_name if group else None) or f"the group {entitlement.id}"
    return f"{task.principal.name} {verb} {what} {name}."
