"""Who is in which group, and who owns it: a few huge groups, many small and empty ones, nesting, a cycle."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from emulators.graph.tenant.generation.maker import Dice, Maker
from emulators.graph.tenant.state import Rel

CHAIN, CYCLE = 8, 3
"""Plain groups that are nested in a chain, one in the other, and in a circle."""
_HUGE = ((1.0, 0.30), (0.9, 0.20), (0.6, 0.12))  # of the users, but at most of the memberships
_EMPTY = 0.15
_MOST_IN_ROLE_GROUP = 12
_SKEW = 1.15  # exponent of the Pareto distribution of group sizes


def make_memberships(maker: Maker, memberships: int, members_per_group: int | None) -> None:
    """``memberships`` direct memberships of users, or so many in each group; nesting, owners and other members besides."""
    groups = maker.groups
    if not groups["all"]:
        return
    dice = maker.dice("memberships")
    every = maker.groups["all"]
    sizes = (
        [members_per_group] * len(every) if members_per_group is not None else _skewed_sizes(maker, dice, memberships)
    )
    _users_of_groups(maker, dice, sizes)
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


def _users_of_groups(maker: Maker, dice: Dice, sizes: Sequence[int]) -> None:
    synced = set(maker.groups["synced"]) | set(maker.groups["synced_list"])
    maker.relate_all(
        Rel.MEMBER,
        (
            (group, member)
            for group, size in zip(maker.groups["all"], sizes, strict=True)
            for member in dice.few(maker.synced_users if group in synced else maker.users, size)
        ),
    )


def _skewed_sizes(maker: Maker, dice: Dice, memberships: int) -> list[int]:
    """Users of each group, ``memberships`` in all if the groups can take them: a few huge groups, a long tail, empty ones."""
    groups, users = maker.groups, len(maker.users)
    synced, role = set(groups["synced"]) | set(groups["synced_list"]), set(groups["role"])
    keys = groups["all"]
    sizes = [int(min(users * share, memberships * most)) for share, most in _HUGE][: len(keys)]
    tail = keys[len(sizes) :]
    weights = [0.0 if dice.chance(_EMPTY) else dice.paretovariate(_SKEW) for _ in tail]
    room = [_MOST_IN_ROLE_GROUP if key in role else len(maker.synced_users) if key in synced else users for key in tail]
    return sizes + shared_out(memberships - sum(sizes), weights, room)


def shared_out(total: int, weights: Sequence[float], room: Sequence[int]) -> list[int]:
    """``total`` in shares by weight, none larger than its room; less in all only where there is not room enough."""
    sizes = [0] * len(weights)
    open_shares = [place for place, weight in enumerate(weights) if weight and room[place]]
    while total > 0 and open_shares:
        weight, given, rounded_off = sum(weights[place] for place in open_shares), 0, 1e-6
        for place in open_shares:
            exact = total * weights[place] / weight + rounded_off
            rounded_off = exact - int(exact)
            share = min(int(exact), room[place] - sizes[place])
            sizes[place] += share
            given += share
        open_shares = [place for place in open_shares if sizes[place] < room[place]]
        if not given:
            break
        total -= given
    return sizes


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
    maker.relate_all(Rel.OWNER, _owning(maker, dice))
    for group in maker.groups["plain"][:1]:
        maker.relate(Rel.OWNER, group, maker.leavers[:1])


def _owning(maker: Maker, dice: Dice) -> Iterator[tuple[int, int]]:
    """Groups and their owners."""
    services = sorted(maker.applications.values())
    for kind in ("team", "hidden", "dynamic_team", "plain", "dynamic", "role", "list"):
        for number, group in enumerate(maker.groups[kind]):
            if kind in ("plain", "list") and number > 1 and dice.chance(0.5):
                continue
            owners = dice.few(maker.users, 1 + int(dice.random() * 3))
            if kind == "plain" and (number == 0 or dice.chance(0.05)):
                owners += dice.few(services, 1)
            for owner in owners:
                yield group, owner
