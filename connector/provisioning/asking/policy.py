"""The policy of a deployment: what operations may touch, whatever Graph would let them.

``operations/policy.json`` is written by people; ``docs/provisioning-policy.md`` explains it to them. Where it is there and cannot be
understood, nothing is allowed: half a policy is none.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from connector.provisioning.asking.strict_json import NotJson, given_twice, read_json
from connector.provisioning.contract import Principal
from connector.provisioning.entitlements import GUID, Entitlement
from connector.provisioning.refusals import problem
from connector.settings import Settings
from connector.storage.records.operations import Action, Problem, Wanted

MOST_BYTES = 1 << 20
"""Longest policy that is read; ten thousand groups with their names have less."""

_Note = Annotated[str, Meta(max_length=256)]
_Id = Annotated[str, Meta(pattern=f"^{GUID}$")]
_IdOrName = Annotated[str, Meta(pattern=f"^(?:{GUID}|[!-?A-~]+@[!-?A-~]+)$")]
_Things = Literal["all"] | dict[_Id, _Note]
_Named = Literal["all"] | dict[_IdOrName, _Note]
_NOTHING: dict[str, str] = {}


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parts have objects ``{id: what it is}``, so that people can read them, or ``"all"``."""


class Groups(_Part, frozen=True, kw_only=True):
    """Entitlements on groups, by object id. ``end_demanded``: granted with ``expires_at`` only."""

    allowed: _Things = "all"
    protected: _Things = _NOTHING
    end_demanded: _Things = _NOTHING


class Roles(_Part, frozen=True, kw_only=True):
    """Directory roles, by id of the role definition. ``eligible_or_end_demanded``: granted as eligible, or with ``expires_at``, only."""

    allowed: _Things = "all"
    protected: _Things = _NOTHING
    eligible_or_end_demanded: _Things = _NOTHING


class Principals(_Part, frozen=True, kw_only=True):
    """Who is granted or revoked something: object id, user principal name, or application id of a service principal."""

    allowed: _Named = "all"
    protected: _Named = _NOTHING


class Policy(_Part, frozen=True, kw_only=True):
    """The whole file. What is protected is so even if it is allowed. ``operations_per_hour``: instead of OPERATIONS_PER_HOUR."""

    groups: Groups = Groups()
    roles: Roles = Roles()
    principals: Principals = Principals()
    operations_per_hour: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None


@dataclass(frozen=True, slots=True)
class BrokenPolicy:
    """There is a policy and nobody understands it. ``why``: where and what, for people."""

    why: str


def read_policy(data: bytes | None) -> Policy | BrokenPolicy:
    """The policy that the file holds; ``None``, no file, is one that leaves everything to Graph but for what is always protected."""
    if data is None:
        return Policy()
    if len(data) > MOST_BYTES:
        return BrokenPolicy(f"it has more than {MOST_BYTES:,} bytes")
    try:
        document = read_json(data.removeprefix(codecs.BOM_UTF8))  # editors of people write one
        policy = msgspec.convert(document, Policy)
    except NotJson as error:
        return BrokenPolicy(f"it {error}")
    except msgspec.ValidationError as error:
        return BrokenPolicy(str(error))
    twice = given_twice(document)
    return BrokenPolicy(f"{twice[0]} is given twice") if twice else _lowered(policy)


def hourly_limit(policy: Policy | BrokenPolicy, settings: Settings) -> int:
    """How many operations are accepted within an hour."""
    stated = policy.operations_per_hour if isinstance(policy, Policy) else None
    return settings.operations_per_hour if stated is None else stated


def judge(  # noqa: PLR0917  all of it belongs to one decision
    policy: Policy | BrokenPolicy,
    settings: Settings,
    own_id: str,
    entitlement: Entitlement,
    wanted: Wanted,
    principal: Principal,
) -> Problem | None:
    """Why the policy does not let ``wanted`` be done, or None where it does.

    Args:
        own_id: object id of the connector's own service principal; empty where its token does not say.
        principal: as Graph has found it.
    """
    if isinstance(policy, BrokenPolicy):
        return problem(
            "policy_unreadable",
            f"The policy of this deployment cannot be understood, so nothing is allowed: {policy.why}.",
            "Have operations/policy.json put right; an example is in docs/provisioning-policy.md.",
        )
    names = _names(wanted, principal)
    return (
        _always_protected(settings, own_id, names, principal)
        or _protected(policy, entitlement, names, principal)
        or _not_allowed(policy, entitlement, names, principal)
        or _without_end(policy, entitlement, wanted)
    )


def _always_protected(settings: Settings, own_id: str, names: frozenset[str], principal: Principal) -> Problem | None:
    own = principal.id.lower() == own_id.lower() or settings.client_id in names
    # Where the token does not say who we are, Graph's appId decides; where that is missing, too, it may be ourselves.
    nobody_knows = not own_id and principal.kind == "service_principal" and not principal.facts.get("appId")
    if own or nobody_knows:
        return problem(
            "protected_principal",
            f"{principal.name} is the connector's own service principal."
            if own
            else f"It cannot be told whether {principal.name} is the connector's own service principal.",
            "Change what the connector itself may do by hand, in the Entra admin center.",
        )
    if names & settings.break_glass_accounts:
        return problem(
            "protected_principal",
            f"{principal.name} is kept for emergencies: BREAK_GLASS_ACCOUNTS names it.",
            "Change it by hand, in the Entra admin center, if that is really wanted.",
        )
    return None


def _protected(policy: Policy, entitlement: Entitlement, names: frozenset[str], principal: Principal) -> Problem | None:
    if _names_any(_resources(policy, entitlement).protected, frozenset({entitlement.id})):
        who = _what(entitlement)
    elif _names_any(policy.principals.protected, names):
        who = principal.name
    else:
        return None
    return problem(
        "protected_by_policy",
        f"{who} is protected by the policy of this deployment.",
        "Change it by hand, or have it taken out of `protected` in operations/policy.json.",
    )


def _not_allowed(
    policy: Policy, entitlement: Entitlement, names: frozenset[str], principal: Principal
) -> Problem | None:
    if not _names_any(_resources(policy, entitlement).allowed, frozenset({entitlement.id})):
        who = _what(entitlement)
    elif not _names_any(policy.principals.allowed, names):
        who = principal.name
    else:
        return None
    return problem(
        "not_allowed_by_policy",
        f"{who} is not among what the policy of this deployment allows.",
        "Have it added to `allowed` in operations/policy.json.",
    )


def _without_end(policy: Policy, entitlement: Entitlement, wanted: Wanted) -> Problem | None:
    if wanted.action is not Action.GRANT or wanted.expires_at is not None:
        return None
    own = frozenset({entitlement.id})
    if entitlement.kind == "group" and _names_any(policy.groups.end_demanded, own):
        return problem(
            "end_demanded_by_policy",
            f"The policy of this deployment lets {_what(entitlement)} be granted with an end only.",
            "Say when it ends in `expires_at`.",
        )
    if entitlement.slug == "assigned" and _names_any(policy.roles.eligible_or_end_demanded, own):
        return problem(
            "eligible_demanded_by_policy",
            f"The policy of this deployment lets {_what(entitlement)} be granted as eligible, or with an end, only.",
            f"Ask for directory_role:{entitlement.id}:eligible, or say when it ends in `expires_at`.",
        )
    return None


def _resources(policy: Policy, entitlement: Entitlement) -> Groups | Roles:
    return policy.groups if entitlement.kind == "group" else policy.roles


def _what(entitlement: Entitlement) -> str:
    return f"{entitlement.kind.replace('_', ' ').capitalize()} {entitlement.id}"


def _names(wanted: Wanted, principal: Principal) -> frozenset[str]:
    """Everything that the principal is called by, in lower case."""
    known = (principal.facts.get(name) for name in ("userPrincipalName", "appId"))
    called = [principal.id, wanted.principal, *(str(one) for one in known if one)]
    if principal.kind == "account":  # others have display names, which anybody may give to anything
        called.append(principal.name)
    return frozenset(one.lower() for one in called)


def _names_any(things: Literal["all"] | dict[str, str], names: frozenset[str]) -> bool:
    return things == "all" or not names.isdisjoint(things)


def _lowered(policy: Policy) -> Policy:
    """The same with every id and name as they are compared: in lower case, and without a newline, which patterns overlook."""

    def lower(part: _Part) -> dict[str, Any]:
        lists = {name: getattr(part, name) for name in part.__struct_fields__}
        return {
            name: "all" if things == "all" else {one.strip().lower(): note for one, note in things.items()}
            for name, things in lists.items()
        }

    return Policy(
        groups=Groups(**lower(policy.groups)),
        roles=Roles(**lower(policy.roles)),
        principals=Principals(**lower(policy.principals)),
        operations_per_hour=policy.operations_per_hour,
    )
