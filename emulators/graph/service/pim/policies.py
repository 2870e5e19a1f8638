"""Role settings: the rules of each role's policy, changed rule by rule, and which of them a request fails."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from emulators.graph.service.context import Context
from emulators.graph.service.pim.durations import seconds_of

Rule = dict[str, Any]
_ID = re.compile(r"DirectoryRole_(?P<tenant>[^_]+)_(?P<policy>[^_]+)(?:_(?P<role>[^_]+))?")
_DATA = Path(__file__).parents[1] / "data" / "policy_rules.json"


@cache
def _defaults() -> Mapping[str, Rule]:
    """The 17 rules of a role nobody has changed, as the documentation shows them."""
    rules: list[Rule] = msgspec.json.decode(_DATA.read_bytes())
    return {rule["id"]: rule for rule in rules}


def policy_id(context: Context, role_id: str) -> str:
    """``DirectoryRole_{tenant}_{guid}``; the GUID is made from the role."""
    tenant = context.tenant.id
    return f"DirectoryRole_{tenant}_{uuid.uuid5(uuid.UUID(tenant), role_id)}"


def role_of(context: Context, identifier: str) -> str | None:
    """The role whose policy, or policy assignment, has this id; None where there is none."""
    if _ID.fullmatch(identifier) is None:
        return None
    for (role,) in context.db.execute("SELECT id FROM role_definitions ORDER BY id"):
        made = policy_id(context, role)
        if identifier in (made, f"{made}_{role}"):
            return str(role)
    return None


def rules_of(context: Context, role_id: str) -> list[Rule]:
    """The rules of a role, in the documented order."""
    changed = {
        rule: msgspec.json.decode(body)
        for rule, body in context.db.execute(
            "SELECT rule_id, body FROM role_policy_rules WHERE role_id = ?", (role_id,)
        )
    }
    return [changed.get(name, rule) for name, rule in _defaults().items()]


def change_rule(context: Context, role_id: str, rule: Rule) -> None:
    """Replace one rule of a role."""
    context.db.execute(
        "INSERT OR REPLACE INTO role_policy_rules VALUES (?, ?, ?)",
        (role_id, rule["id"], msgspec.json.encode(rule).decode()),
    )


def failing(
    context: Context, role_id: str, kind: str, *, seconds: float | None, justification: str | None, ticket: str | None
) -> list[str]:
    """Names of the rules that an administrator's request fails; applications have no MFA session.

    Args:
        kind: ``assignment`` or ``eligibility``.
        seconds: how long it is to last; None for ever.
    """
    rules = {rule["id"]: rule for rule in rules_of(context, role_id)}
    expiration = rules[f"Expiration_Admin_{kind.capitalize()}"]
    enabled = rules[f"Enablement_Admin_{kind.capitalize()}"]["enabledRules"]
    longest = seconds_of(expiration["maximumDuration"]) or 0.0
    verdicts = {
        "ExpirationRule": expiration["isExpirationRequired"] and (seconds is None or seconds > longest),
        "JustificationRule": "Justification" in enabled and not justification,
        "MfaRule": "MultiFactorAuthentication" in enabled,
        "TicketingRule": "Ticketing" in enabled and not ticket,
    }
    return [name for name, failed in verdicts.items() if failed]
