"""Verbs on relationships: members and owners of groups, members of administrative units, owners of applications, managers."""

from __future__ import annotations

from typing import Any

from emulators.graph.tenant.errors import AlreadyExists, NotAllowed, NotFound, Reason
from emulators.graph.tenant.license_verbs import LicenseVerbs
from emulators.graph.tenant.state import Found, Rel

_MEMBER_TYPES = ("user", "group", "servicePrincipal", "device", "orgContact")


def mastered_elsewhere(body: dict[str, Any]) -> Reason | None:
    """Why Graph does not let anyone change a group's members or owners, apart from a membership rule; None if it does."""
    if body.get("onPremisesSyncEnabled"):
        return Reason.SYNCED_FROM_ON_PREMISES
    if body.get("mailEnabled") and "Unified" not in body.get("groupTypes", ()):
        return Reason.MANAGED_BY_EXCHANGE
    return None


class MembershipVerbs(LicenseVerbs):
    """Adding and removing relationships."""

    def add_member(self, group_id: str, member_id: str, *, as_system: bool = False) -> None:
        """Make a user, group, service principal, device or contact a direct member of a group.

        Args:
            group_id: the group.
            member_id: who joins.
            as_system: the change comes from where the group is mastered (its rule, Active Directory, Exchange), so
                that what Graph refuses is allowed. The same holds for the other verbs that have it.

        Raises:
            NotFound: no such group or member.
            AlreadyExists: it is a member.
            NotAllowed: the group's members cannot be changed through Graph, or not be of this type.
        """
        with self.transaction():
            group, member = self.find(group_id, "group"), self.find(member_id, *_MEMBER_TYPES)
            if not as_system:
                self._members_can_change(group)
            self._can_be_member(group, member)
            if not self.add_edge(Rel.MEMBER, group.key, member.key):
                raise AlreadyExists(f"The membership of {member.id!r} in {group.id!r}")
            self.join_licensed_group(group, member)

    def remove_member(self, group_id: str, member_id: str, *, as_system: bool = False) -> None:
        """End a direct membership.

        Raises:
            NotFound: no such group, or it has no such direct member.
            NotAllowed: the group's members cannot be changed through Graph.
        """
        with self.transaction():
            group, member = self.find(group_id, "group"), self.find(member_id)
            if not as_system:
                self._members_can_change(group)
            if not self.remove_edge(Rel.MEMBER, group.key, member.key):
                raise NotFound(member_id, "member")
            self.leave_licensed_group(group, member)

    def add_owner(self, object_id: str, owner_id: str, *, as_system: bool = False) -> None:
        """Make a user or service principal an owner of a group, service principal or application.

        Raises:
            NotFound: no such object or owner.
            AlreadyExists: it is an owner.
            NotAllowed: the group is mastered elsewhere.
        """
        with self.transaction():
            owned = self.find(object_id, "group", "servicePrincipal", "application")
            owner = self.find(owner_id, "user", "servicePrincipal")
            if not as_system:
                self._owners_can_change(owned)
            if not self.add_edge(Rel.OWNER, owned.key, owner.key):
                raise AlreadyExists(f"The ownership of {owner.id!r} on {owned.id!r}")

    def remove_owner(self, object_id: str, owner_id: str, *, as_system: bool = False) -> None:
        """End an ownership.

        Raises:
            NotFound: no such object, or it has no such owner.
            NotAllowed: the group is mastered elsewhere, or this is a group's last owner.
        """
        with self.transaction() as db:
            owned, owner = self.find(object_id, "group", "servicePrincipal", "application"), self.find(owner_id)
            if not as_system:
                self._owners_can_change(owned)
            if not self.remove_edge(Rel.OWNER, owned.key, owner.key):
                raise NotFound(owner_id, "owner")
            left = db.execute(
                "SELECT 1 FROM edges e JOIN objects o ON o.key = e.target "
                "WHERE e.rel = ? AND e.source = ? AND o.deleted IS NULL LIMIT 1",
                (Rel.OWNER, owned.key),
            ).fetchone()
            if owned.type == "group" and left is None and not as_system:
                raise NotAllowed(Reason.LAST_OWNER, "The last owner of a group cannot be removed.")

    def set_manager(self, user_id: str, manager_id: str | None) -> None:
        """Set, replace or (with None) remove a user's manager.

        Raises:
            NotFound: no such user or manager, or there is no manager to remove.
        """
        with self.transaction() as db:
            user = self.find(user_id, "user")
            manager = self.find(manager_id, "user", "orgContact") if manager_id is not None else None
            current = db.execute(
                "SELECT target FROM edges WHERE rel = ? AND source = ?", (Rel.MANAGER, user.key)
            ).fetchone()
            if manager is None and current is None:
                raise NotFound(user_id, "manager of")
            if manager is not None and current is not None and current[0] == manager.key:
                return
            if current is not None:
                self.remove_edge(Rel.MANAGER, user.key, current[0])
            if manager is not None:
                self.add_edge(Rel.MANAGER, user.key, manager.key)
            self.touch(user.key, "manager")

    def add_au_member(self, unit_id: str, member_id: str) -> None:
        """Put a user, group or device into an administrative unit.

        Raises:
            NotFound: no such unit or member.
            AlreadyExists: it is in it.
        """
        with self.transaction():
            unit = self.find(unit_id, "administrativeUnit")
            member = self.find(member_id, "user", "group", "device")
            if not self.add_edge(Rel.MEMBER, unit.key, member.key):
                raise AlreadyExists(f"The membership of {member.id!r} in {unit.id!r}")

    def remove_au_member(self, unit_id: str, member_id: str) -> None:
        """Take a member out of an administrative unit.

        Raises:
            NotFound: no such unit, or it has no such member.
        """
        with self.transaction():
            unit, member = self.find(unit_id, "administrativeUnit"), self.find(member_id)
            if not self.remove_edge(Rel.MEMBER, unit.key, member.key):
                raise NotFound(member_id, "member")

    def _members_can_change(self, group: Found) -> None:
        if "DynamicMembership" in group.body.get("groupTypes", ()):
            raise NotAllowed(Reason.DYNAMIC_MEMBERSHIP, "The members of a dynamic group follow its rule.")
        self._owners_can_change(group)

    def _owners_can_change(self, owned: Found) -> None:
        reason = mastered_elsewhere(owned.body) if owned.type == "group" else None
        if reason is Reason.SYNCED_FROM_ON_PREMISES:
            raise NotAllowed(reason, "The group is mastered in Active Directory.")
        if reason is Reason.MANAGED_BY_EXCHANGE:
            raise NotAllowed(reason, "The group is mastered in Exchange.")

    @staticmethod
    def _can_be_member(group: Found, member: Found) -> None:
        unified = "Unified" in group.body.get("groupTypes", ())
        if unified and member.type != "user":
            raise NotAllowed(Reason.MEMBER_TYPE, "Only users can be members of a Microsoft 365 group.")
        if group.body.get("isAssignableToRole") and member.type not in ("user", "servicePrincipal"):
            raise NotAllowed(Reason.MEMBER_TYPE, "Groups cannot be nested in a role-assignable group.")
        if member.type == "group" and (member.key == group.key or "Unified" in member.body.get("groupTypes", ())):
            raise NotAllowed(Reason.MEMBER_TYPE, "This group cannot be a member of that group.")
