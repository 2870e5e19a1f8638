"""What the tenant lists: living objects, and relationships between living objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulators.graph.tenant.state import Rel, from_json
from emulators.graph.tenant.tenant import Tenant

PRINCIPAL_KINDS = {"user": "account", "group": "group", "servicePrincipal": "service_principal"}
"""Types of object that can hold something -> the kind of principal."""


def moment(text: str | None) -> datetime | None:
    """A time of Graph as an aware datetime; year 1 is how Graph says that it never was."""
    if text is None or text.startswith("0001-"):
        return None
    return datetime.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class Thing:
    """One living object."""

    key: int
    id: str
    type: str
    body: dict[str, Any]


@dataclass
class View:
    """A tenant as its lists show it, with or without the groups that come from Active Directory.

    Attributes:
        things: living objects by key.
        by_id: the same by id.
        hidden: keys of the groups that SKIP_AD_GROUPS leaves out.
    """

    tenant: Tenant
    skip_ad_groups: bool
    things: dict[int, Thing] = field(init=False)
    by_id: dict[str, Thing] = field(init=False)
    hidden: set[int] = field(init=False)

    def __post_init__(self) -> None:
        rows = self.tenant.db.execute("SELECT key, id, type, body FROM objects WHERE deleted IS NULL ORDER BY key")
        self.things = {key: Thing(key, id_, type_, from_json(body)) for key, id_, type_, body in rows}
        self.by_id = {thing.id: thing for thing in self.things.values()}
        self.hidden = {
            thing.key
            for thing in self.of_type("group")
            if self.skip_ad_groups and thing.body.get("onPremisesSyncEnabled") is True
        }

    @property
    def has_pim(self) -> bool:
        """Whether the tenant has what PIM needs."""
        return self.tenant.fact("entra_id_p2") == "true"

    def of_type(self, kind: str) -> Iterator[Thing]:
        """Living objects of a type, in the order of their keys."""
        return (thing for thing in self.things.values() if thing.type == kind)

    def shown_groups(self) -> list[Thing]:
        """The groups of the picture."""
        return [group for group in self.of_type("group") if group.key not in self.hidden]

    def related(self, rel: Rel) -> dict[int, list[Thing]]:
        """Living targets of a relationship by the key of their living source."""
        found: dict[int, list[Thing]] = defaultdict(list)
        for source, target in self.tenant.db.execute(
            "SELECT source, target FROM edges WHERE rel = ? ORDER BY source, target", (rel,)
        ):
            if source in self.things and target in self.things:
                found[source].append(self.things[target])
        return found

    def principal(self, thing: Thing | None) -> str | None:
        """The kind of principal that this is; None where it is none, or is left out."""
        if thing is None or thing.key in self.hidden:
            return None
        return PRINCIPAL_KINDS.get(thing.type)

    def role_definitions(self) -> dict[str, dict[str, Any]]:
        """Role definitions by id."""
        return {id_: from_json(body) for id_, body in self.tenant.db.execute("SELECT id, body FROM role_definitions")}

    def subscriptions(self) -> dict[str, dict[str, Any]]:
        """Subscribed SKUs by id."""
        return {
            id_: from_json(body) for id_, body in self.tenant.db.execute("SELECT sku_id, body FROM subscribed_skus")
        }

    def app_role_assignments(self) -> Iterator[tuple[Thing, Thing, str, str, str]]:
        """Principal, resource, app role id, assignment id and time of those whose both ends live."""
        for principal, resource, role, id_, made in self.tenant.db.execute(
            "SELECT principal, resource, app_role_id, id, created_at FROM app_role_assignments"
        ):
            if principal in self.things and resource in self.things:
                yield self.things[principal], self.things[resource], role, id_, made
