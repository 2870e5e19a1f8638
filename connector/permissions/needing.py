"""Which permissions a set of features needs, and which of them an application does not hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connector.permissions.features import Feature, with_required
from connector.permissions.table import PERMISSIONS, Permission, Use


@dataclass(frozen=True, slots=True)
class Missing:
    """A permission that is not held, nor any other that would do.

    Attributes:
        permission: the least privileged one, which should be granted.
        use: what it is needed for.
    """

    permission: Permission
    use: Use

    @property
    def feature(self) -> Feature:
        """What does not work, or not wholly."""
        return self.use.feature

    @property
    def lost(self) -> str:
        """What is missing without it, in a sentence."""
        return self.use.lost


def needed_for(features: Iterable[Feature]) -> tuple[Permission, ...]:
    """The least privileged permissions for ``features`` and all that these require, in the order of the table.

    Left out is what another of them does that is needed all the same, and what Graph need be given only where it insists.
    """
    wanted = {(one.name, use) for one, use in _uses(features)}
    asked_for = {name for name, use in wanted}
    needed = {name for name, use in wanted if not asked_for.intersection(use.comes_with)}
    return tuple(one for one in PERMISSIONS if one.name in needed)


def missing(granted: Iterable[str], features: Iterable[Feature]) -> tuple[Missing, ...]:
    """What does not work of ``features`` and all that these require.

    Args:
        granted: names of the permissions that the application holds, as its token tells them in ``roles``. One that does more than is
            needed counts where Graph lets it.
        features: what the deployment is to do.
    """
    held = frozenset(granted)
    return tuple(
        Missing(one, use)
        for one, use in _uses(features)
        if one.name not in held and not held.intersection(use.alternatives)
    )


def _uses(features: Iterable[Feature]) -> Iterable[tuple[Permission, Use]]:
    wanted = with_required(features)
    return ((one, use) for one in PERMISSIONS for use in one.uses if use.feature in wanted and not use.only_if_refused)
