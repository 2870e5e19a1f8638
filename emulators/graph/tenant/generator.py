"""Makes realistic tenants, deterministically, from a size and a seed."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from emulators.graph.tenant.generation import applications, groups, licenses, memberships, people, roles
from emulators.graph.tenant.generation.bulk import without_indexes
from emulators.graph.tenant.generation.maker import Maker
from emulators.graph.tenant.state import EPOCH, timestamp
from emulators.graph.tenant.tenant import Tenant

_MEMBERSHIPS_OF_A_USER = 9


def generate(
    *,
    users: int = 2000,
    groups: int | None = None,
    apps: int | None = None,
    seed: int = 1,
    memberships: int | None = None,
    members_per_group: int | None = None,
    path: Path | None = None,
) -> Tenant:
    """A tenant of this size; the same arguments give the same state, byte by byte.

    Args:
        users: accounts that are not deleted. A few deleted ones come on top, as with groups.
        groups: groups that are not deleted; about one for four users where None.
        apps: service principals that are not deleted, besides Microsoft Graph and the connector itself; about one for
            thirty users where None.
        seed: which of the tenants of this size.
        memberships: direct memberships of users in groups that stay, as near as the groups allow (no group has more
            members than there are users); about nine per user where None.
        members_per_group: this many users in every group, instead of a few huge groups and many small ones.
        path: where the database is kept; in memory where None.
    """
    tenant = Tenant.empty(seed, path=path)
    with tenant.transaction():
        tenant.set_fact("users", str(users))
        _fill(Maker(tenant, seed), users, _sizes(users, groups, apps, memberships), members_per_group)
        tenant.settle()
    return tenant


class _Sizes(NamedTuple):
    groups: int
    apps: int
    memberships: int


def _sizes(users: int, group_count: int | None, apps: int | None, memberships: int | None) -> _Sizes:
    few = min(users, 1)  # nobody, nothing
    if group_count is None:
        group_count = few * max(groups.MINIMUM, users // 4)
    if apps is None:
        apps = few * max(applications.MINIMUM, users // 30)
    return _Sizes(group_count, apps, users * _MEMBERSHIPS_OF_A_USER if memberships is None else memberships)


def _fill(maker: Maker, users: int, sizes: _Sizes, members_per_group: int | None) -> None:
    with without_indexes(maker.tenant.db):
        people.make_people(maker, users)
        groups.make_groups(maker, sizes.groups)
        specs = applications.make_applications(maker, sizes.apps)
        memberships.make_memberships(maker, sizes.memberships, members_per_group)
        applications.make_assignments(maker, specs)
    roles.make_roles(maker)
    licenses.make_licenses(maker)
    _consents(maker)
    _departures(maker)


def _consents(maker: Maker) -> None:
    """Delegated permissions: one that an administrator gave for everyone, one that a user gave."""
    apps = [maker.id_of(key) for key in sorted(maker.applications.values())[:2]]
    graph = maker.tenant.db.execute(
        "SELECT id FROM objects WHERE type = 'servicePrincipal' AND json_extract(body, '$.appDisplayName') = ?",
        ("Microsoft Graph",),
    ).fetchone()[0]
    for number, app in enumerate(apps):
        principal = maker.id_of(maker.users[0]) if number and maker.users else None
        maker.tenant.create_oauth2_grant(app, graph, "User.Read openid profile", principal_id=principal)


def _departures(maker: Maker) -> None:
    """Users, a group and an application that are deleted and can be restored; others that are gone for good."""
    deleted = [*maker.leavers, *maker.groups.get("leavers", ())]
    if maker.users and maker.applications:
        deleted.extend(
            maker.insert("servicePrincipal", [{"displayName": "Retired App", "appId": maker.tenant.new_id()}])
        )
    moment = timestamp(EPOCH)
    maker.tenant.db.executemany(
        "UPDATE objects SET deleted = 'changed', deleted_at = ? WHERE key = ?", ((moment, key) for key in deleted)
    )
    if not maker.users:
        return
    for kind in ("user", "group"):
        for key in maker.insert(kind, [{"displayName": f"Former {kind}"}] * 2):
            maker.tenant.db.execute(
                "UPDATE objects SET deleted = 'deleted', deleted_at = ? WHERE key = ?", (moment, key)
            )
