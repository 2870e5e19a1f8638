"""Readings made of few ids, so that everything collides: cycles of groups, dangling references, roles told twice."""

from __future__ import annotations

from random import Random
from typing import Any

from connector.access.staged import FACTS
from connector.incremental.facts import Reading, Replace

_KEYS = {table.name: table.key for table in FACTS}
_ZERO = "00000000-0000-0000-0000-000000000000"
_TIMES = (None, "2026-01-01T00:00:00Z", "2026-02-03T04:05:06.789000Z")
_KINDS = {"u": "account", "g": "group", "a": "service_principal", "d": "device"}
# How often each table is spoken of.
_WEIGHTS = {
    "accounts": 6,
    "groups": 6,
    "enterprise_applications": 4,
    "memberships": 14,
    "license_states": 3,
    "group_licenses": 2,
    "app_roles": 2,
    "application_owners": 2,
    "app_role_assignments": 5,
    "provisioning_jobs": 1,
    "unread_jobs": 1,
    "directory_roles": 2,
    "role_assignments": 4,
    "role_assignment_instances": 4,
    "role_eligibility_instances": 2,
    "scopes": 2,
    "licenses": 2,
    "sign_in_activity": 1,
    "mailbox_purposes": 1,
}
_BY = {
    "memberships": ("group_id", "principal_id"),
    "license_states": ("account_id",),
    "group_licenses": ("group_id",),
    "app_roles": ("application_id",),
    "application_owners": ("application_id",),
    "app_role_assignments": ("application_id", "principal_id"),
    "provisioning_jobs": ("application_id",),
    "role_assignments": ("role_id", "principal_id"),
    "role_assignment_instances": ("role_id",),
}
WHOLE = ("directory_roles", "licenses", "role_assignments", "role_assignment_instances", "scopes", "accounts", "groups")


class World:
    """Speaks of a few users, groups, applications, roles and licenses whose ids begin with ``name``."""

    def __init__(self, name: str, random: Random) -> None:
        self._name = name
        self._random = random

    def say(self, reading: Reading, size: int) -> None:
        """Add some ``size`` rows, and now and then that something is gone."""
        for _ in range(size):
            table = self._random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
            chance = self._random.random()
            if chance < 0.12 and table in _BY:
                self._replace(reading, table)
            elif chance < 0.22:
                row = self._row(table)
                reading.gone.setdefault(table, []).append(tuple(row.get(name) for name in _KEYS[table]))
            elif chance < 0.26:
                id_ = self._one("uga")
                reading.removed.setdefault(_KINDS[id_.rpartition(".")[2][0]], set()).add(id_)
            else:
                reading.rows.setdefault(table, []).append(self._row(table))

    def _replace(self, reading: Reading, table: str) -> None:
        column = self._random.choice(_BY[table])
        row = self._row(table)
        rows = [self._row(table) | {column: row[column]} for _ in range(self._random.randint(0, 3))]
        but = frozenset((name, value) for name, value in row.items() if isinstance(value, str) and name != column)
        reading.rows.setdefault(table, []).extend(rows)
        reading.replaced.append(
            Replace(
                table,
                column,
                row[column],
                but=but if self._random.random() < 0.2 else frozenset(),
                limited=self._random.random() < 0.5,
            )
        )

    def _id(self, local: str) -> str:
        return f"{self._name}.{local}"

    def _one(self, kinds: str) -> str:
        many = {"u": 4, "g": 5, "a": 3, "d": 1, "r": 2, "k": 2, "x": 2, "n": 3}
        kind = self._random.choice(kinds)
        return self._id(f"{kind}{self._random.randrange(many[kind])}")

    def _kind(self, id_: str) -> str:
        return _KINDS[id_.rpartition(".")[2][0]] if self._random.random() < 0.97 else "account"

    def _held(self, kinds: str = "uuggad") -> dict[str, Any]:
        id_ = self._one(kinds)
        return {"principal_kind": self._kind(id_), "principal_id": id_}

    def _scope(self) -> str | None:
        return self._random.choice(
            ["/", "/", None, f"/administrativeUnits/{self._id('au')}", f"/{self._one('a')}", f"/{self._id('reg')}"]
        )

    def _sometimes(self, *values: Any) -> Any:
        return self._random.choice([None, *values])

    def _row(self, table: str) -> dict[str, Any]:
        made: dict[str, Any] = getattr(self, f"_{table}")()
        return {name: value for name, value in made.items() if value is not None}

    def _accounts(self) -> dict[str, Any]:
        return {
            "id": self._one("u"),
            "display_name": self._sometimes("Ada", "Bob"),
            "manager_id": self._sometimes(self._one("u")),
            "created_at": self._random.choice(_TIMES),
        }

    def _sign_in_activity(self) -> dict[str, Any]:
        return {"id": self._one("u"), "last_sign_in_at": self._random.choice(_TIMES)}

    def _mailbox_purposes(self) -> dict[str, Any]:
        return {"id": self._one("u"), "mailbox_purpose": self._sometimes("user", "shared")}

    def _groups(self) -> dict[str, Any]:
        return {
            "id": self._one("g"),
            "display_name": self._sometimes("One", "Two"),
            "group_type": self._sometimes("security", "microsoft_365", "distribution"),
            "is_dynamic": self._sometimes(True, False),
            "is_assignable_to_role": self._sometimes(True, False),
            "on_premises_sync_enabled": self._sometimes(True, False, None),
        }

    def _memberships(self) -> dict[str, Any]:
        relation = self._random.choice(["member", "member", "member", "owner"])
        return {"group_id": self._one("g"), "relation": relation, **self._held()}

    def _license_states(self) -> dict[str, Any]:
        return {
            "account_id": self._one("u"),
            "sku_id": self._one("k"),
            "assigned_by_group": self._sometimes(self._one("g")),
            "state": self._sometimes("Active"),
            "error": self._sometimes("None", "CountViolation"),
            "disabled_plans": self._sometimes([], ["p"]),
        }

    def _group_licenses(self) -> dict[str, Any]:
        return {"group_id": self._one("g"), "sku_id": self._one("k"), "disabled_plans": self._sometimes([], ["p"])}

    def _enterprise_applications(self) -> dict[str, Any]:
        return {
            "id": self._one("a"),
            "display_name": self._sometimes("App", "Other"),
            "service_principal_type": self._sometimes("Application"),
            "is_microsoft_first_party": self._sometimes(True, False),
            "tags": self._sometimes(["WindowsAzureActiveDirectoryIntegratedApp"]),
        }

    def _app_roles(self) -> dict[str, Any]:
        return {
            "application_id": self._one("a"),
            "role_id": self._random.choice([self._one("x"), _ZERO]),
            "display_name": self._sometimes("Reader"),
            "allowed_member_types": self._sometimes(["User"], ["User", "Application"]),
        }

    def _application_owners(self) -> dict[str, Any]:
        return {"application_id": self._one("a"), **self._held("uua")}

    def _app_role_assignments(self) -> dict[str, Any]:
        return {
            "id": self._id(f"s{self._random.randrange(6)}"),
            "application_id": self._one("a"),
            "role_id": self._random.choice([self._one("x"), _ZERO]),
            **self._held("uggad"),
            "created_at": self._random.choice(_TIMES),
        }

    def _provisioning_jobs(self) -> dict[str, Any]:
        return {
            "application_id": self._one("a"),
            "job_id": self._random.choice("jk"),
            "state": self._sometimes("Active"),
        }

    def _unread_jobs(self) -> dict[str, Any]:
        return {"application_id": self._one("a"), "provisioned_by_scim": self._sometimes(True, False)}

    def _directory_roles(self) -> dict[str, Any]:
        return {"id": self._one("r"), "display_name": self._sometimes("Admin"), "is_enabled": self._sometimes(True)}

    def _role_assignments(self) -> dict[str, Any]:
        return {
            "id": self._one("n"),
            "role_id": self._one("r"),
            "principal_id": self._one("ugga"),
            "scope": self._scope(),
        }

    def _role_assignment_instances(self) -> dict[str, Any]:
        return {
            **self._role_assignments(),
            "assignment_type": self._sometimes("Assigned", "Activated"),
            "member_type": self._sometimes("Direct", "Direct", "Group"),
            "starts_at": self._random.choice(_TIMES),
            "ends_at": self._random.choice(_TIMES),
            "origin_id": self._sometimes(self._one("n")),
        }

    def _role_eligibility_instances(self) -> dict[str, Any]:
        return self._role_assignment_instances()

    def _scopes(self) -> dict[str, Any]:
        kind, id_ = self._random.choice(
            [("administrative_unit", f"/administrativeUnits/{self._id('au')}"), ("application", f"/{self._id('reg')}")]
        )
        return {"id": id_, "kind": kind, "name": self._sometimes("Sales", "Berlin")}

    def _licenses(self) -> dict[str, Any]:
        plans = [{"id": "p", "name": "P", "provisioning_status": None}]
        return {"id": self._one("k"), "sku_part_number": self._sometimes("E5"), "service_plans": self._sometimes(plans)}
