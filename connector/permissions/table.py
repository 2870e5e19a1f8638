"""The application permissions of Microsoft Graph: which are needed and what for, which are not needed, and why.

``table.json`` is the only place where they are written down; everything else looks them up here.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from connector.permissions.features import Feature
from connector.permissions.reading import read

REFERENCE = "https://learn.microsoft.com/graph/permissions-reference"
"""Where Microsoft lists every permission with its ids."""


class Use(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that a permission is needed for.

    Attributes:
        feature: what of the connector needs it.
        what: which part of the feature: together they name the use.
        why: what is done with it.
        lost: what is missing without it.
        kinds: the kinds that a sync without it calls ``incomplete``, if it reads them at all; none where nothing is read with it.
        alternatives: other permissions, any of which does as well, the least privileged first; none of them is less privileged.
        comes_with: those of ``alternatives`` that the feature's deployments hold anyhow, so that it need not be asked for beside them.
        only_if_refused: whether Microsoft documents it, but it should be granted only where Graph refuses without.
        source: address of the page that says so.
    """

    feature: Feature
    what: str
    why: str
    lost: str
    alternatives: tuple[str, ...]
    source: str
    kinds: tuple[str, ...] = ()
    comes_with: tuple[str, ...] = ()
    only_if_refused: bool = False


class Unneeded(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a permission is not needed, and which narrower ones do instead; none where the connector does no such thing."""

    why: str
    instead: tuple[str, ...]


class Permission(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An application permission of Microsoft Graph.

    Attributes:
        name: value of the app role, as tokens carry it in ``roles``.
        id: GUID of the app role.
        title: what Microsoft's consent page says of it.
        uses: what it is needed for; empty where it is not needed.
        unneeded: why not, where it is not.
    """

    name: str
    id: str
    title: str
    uses: tuple[Use, ...] = ()
    unneeded: Unneeded | None = None

    @property
    def needed(self) -> bool:
        """Whether some feature needs it."""
        return any(not use.only_if_refused for use in self.uses)

    @property
    def features(self) -> frozenset[Feature]:
        """What needs it."""
        return frozenset(use.feature for use in self.uses)

    @property
    def source(self) -> str:
        """Where Microsoft's reference says what it allows, with its id."""
        return f"{REFERENCE}#{self.name.replace('.', '').replace('-', '').lower()}"


PERMISSIONS: tuple[Permission, ...] = read("table.json", tuple[Permission, ...])
"""Every permission, needed ones first."""

_BY_NAME: Mapping[str, Permission] = {one.name: one for one in PERMISSIONS}
_BY_USE: Mapping[tuple[Feature, str], tuple[Permission, Use]] = {
    (use.feature, use.what): (one, use) for one in PERMISSIONS for use in one.uses
}


def by_name(name: str) -> Permission | None:
    """The permission of that name; None where the table has none."""
    return _BY_NAME.get(name)


def use_of(feature: Feature, what: str) -> tuple[Permission, Use]:
    """The permission for one thing, and what it is needed for.

    Raises:
        KeyError: the table has no such use.
    """
    return _BY_USE[feature, what]


def sufficient(feature: Feature, what: str) -> tuple[str, ...]:
    """Names of the permissions any of which is enough for one thing, the least privileged first.

    Raises:
        KeyError: the table has no such use.
    """
    permission, use = use_of(feature, what)
    return (permission.name, *use.alternatives)
