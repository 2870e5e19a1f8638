"""Who is in which group, and who owns it: a few huge groups, many small and empty ones, nesting, a cycle."""

from __future__ import annotations

import itertools

from emulators.graph.tenant.generation.maker import Dice, Maker
from emulators.graph.tenant.state import Rel

CHAIN, CYCLE = 8, 3
"""Plain groups that are nested in a chain, one in the other, and in a circle."""
_HUGE = ((1.0, 0.30), (0.9, 0.20), (0.6, 0.12))  # of the users, but at most of the memberships
_EMPTY = 0.15
_SKEW = 1.15  # exponent of the Pareto distribution of group sizes


def make_memberships(maker: Maker, memberships: int) -> None:
    """About ``memberships`` direct memberships; nesting, owners and members that are not users besides."""
    groups = maker.groups
    if not groups["all"]:
        return
    dice = maker.dice("memberships")
    _users_of_groups(maker, dice, memberships)
    _nesting(maker, dice)
    _other_members(maker, dice)
    _owners(maker, dice)
    # People and groups that are deleted at the end were members and had members.
    mastered = {*groups["role"], *groups["synced"], *groups["synced_list"]}
    for leaver in maker.leavers:
        for group in dice.few(groups["all"], 3):
            if group not in mastered:
                maker.relate(Rel.MEMBER, group, (leaver,))
    for group in groups["leavers"]:
        maker.relate(Rel.MEMBER, group, dice.few(maker.users, 5))
        maker.relate(Rel.OWNER, group, dice.few(maker.users, 1))


def _users_of_groups(maker: Maker, dice: Dice, memberships: int) -> None:
    groups, users = maker.groups, maker.users
    synced, role = set(groups["synced"]) | set(groups["synced_list"]), set(groups["role"])
    keys = groups["all"]
    huge = [int(min(len(users) * share, memberships * most)) for share, most in _HUGE][: len(keys)]
    left = max(0, memberships - sum(huge))
    weights = [0.0 if dice.chance(_EMPTY) else dice.paretovariate(_SKEW) for _ in keys[len(huge) :]]
    total = sum(weights) or 1.0
    for index, key in enumerate(keys):
        if index < len(huge):
            size = huge[index]
        else:
            weight = weights[index - len(huge)]
            size = max(1, round(left * weight / total)) if weight else 0
        if key in role:
            size = min(max(size, 2), 12)
        maker.relate(Rel.MEMBER, key, dice.few(maker.synced_users if key in synced else users, size))


def _nesting(maker: Maker, dice: Dice) -> None:
    plain, synced = list(maker.groups["plain"]), maker.groups["synced"]
    chain, cycle, others = plain[1 : 1 + CHAIN], plain[1 + CHAIN : 1 + CHAIN + CYCLE], plain[1 + CHAIN + CYCLE :]
    for outer, inner in itertools.pairwise(chain):
        maker.relate(Rel.MEMBER, outer, (inner,))
    if len(cycle) == CYCLE:
        for outer, inner in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
            maker.relate(Rel.MEMBER, outer, (inner,))
        maker.relate(Rel.MEMBER, cycle[0], dice.few(maker.users, 3))
    if chain and synced:
        maker.relate(Rel.MEMBER, chain[0], (synced[0],))
        maker.relate(Rel.MEMBER, chain[-1], dice.few(maker.users, 2))
    if len(synced) > 1:  # Active Directory nests, too
        maker.relate(Rel.MEMBER, synced[0], (synced[1],))
    for group in others:
        if dice.chance(0.12):
            nested = [*dice.few(others, 2), *dice.few(synced, 1)]
            maker.relate(Rel.MEMBER, group, [other for other in nested if other != group])
    lists, mail_security = maker.groups["list"], maker.groups["mail_security"]
    for group in lists:
        if dice.chance(0.3):
            maker.relate(Rel.MEMBER, group, dice.few(mail_security, 1))


def _other_members(maker: Maker, dice: Dice) -> None:
    groups, services = maker.groups, sorted(maker.applications.values())
    for number, group in enumerate(groups["plain"]):
        if number < 2 or dice.chance(0.05):
            maker.relate(Rel.MEMBER, group, dice.few(services, 1 + number % 3))
        if number in (1, 3) or dice.chance(0.04):
            maker.relate(Rel.MEMBER, group, dice.few(maker.devices, 5))
    for group in groups["role"][:1]:
        maker.relate(Rel.MEMBER, group, dice.few(services, 1))
    for number, group in enumerate([*groups["list"], *groups["mail_security"]]):
        if number < 2 or dice.chance(0.3):
            maker.relate(Rel.MEMBER, group, dice.few(maker.contacts, 2))
    for group in groups["role"][:2]:  # guests who could do much, for someone to find
        maker.relate(Rel.MEMBER, group, dice.few(maker.guests, 1))


def _owners(maker: Maker, dice: Dice) -> None:
    groups, services = maker.groups, sorted(maker.applications.values())
    for kind in ("team", "hidden", "dynamic_team", "plain", "dynamic", "role", "list"):
        for number, group in enumerate(groups[kind]):
            if kind in ("plain", "list") and number > 1 and dice.chance(0.5):
                continue
            maker.relate(Rel.OWNER, group, dice.few(maker.users, dice.randint(1, 3)))
            if kind == "plain" and (number == 0 or dice.chance(0.05)):
                maker.relate(Rel.OWNER, group, dice.few(services, 1))
    for group in groups["plain"][:1]:
        maker.relate(Rel.OWNER, group, maker.leavers[:1])
