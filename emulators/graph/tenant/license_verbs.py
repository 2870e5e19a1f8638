"""Verbs on licenses: direct ones, those of groups, and what group membership makes of them."""

from __future__ import annotations

from collections.abc import Sequence

from emulators.graph.tenant.errors import AlreadyExists, NotAllowed, NotFound, Reason
from emulators.graph.tenant.state import Found, Rel, State, from_json, to_json
from emulators.graph.tenant.wellknown import sku_body, skus

_COMPUTED = ("assignedLicenses", "licenseAssignmentStates")


class LicenseVerbs(State):
    """Assigning and removing licenses."""

    def add_sku(self, part_number: str, seats: int) -> str:
        """Subscribe to a SKU by part number, such as ``SPE_E5``; returns its id.

        Raises:
            NotFound: it is not one of :func:`emulators.graph.tenant.wellknown.skus`.
            AlreadyExists: the tenant has it.
        """
        with self.transaction() as db:
            sku = next((sku for sku in skus() if sku["skuPartNumber"] == part_number), None)
            if sku is None:
                raise NotFound(part_number, "SKU")
            added = db.execute(
                "INSERT OR IGNORE INTO subscribed_skus VALUES (?, ?)", (sku["skuId"], to_json(sku_body(sku, seats)))
            ).rowcount
            if not added:
                raise AlreadyExists(f"The subscription to {part_number}")
            self.next_seq()
            return str(sku["skuId"])

    def assign_license(self, object_id: str, sku_id: str, disabled_plans: Sequence[str] = ()) -> None:
        """Give a user or a group a license; every direct user member of a group gets it through the group.

        Members for whom no seat is left get it in error (``CountViolation``), as group licensing does.

        Raises:
            NotFound: no such user, group or SKU.
            AlreadyExists: it has the license already, directly.
            NotAllowed: no seat is left for the user.
        """
        with self.transaction():
            found = self.find(object_id, "user", "group")
            sku = self._sku(sku_id)
            if found.type == "user":
                if self._seats_left(sku) < 1:
                    raise NotAllowed(Reason.NO_SEATS, f"No seat of {sku_id!r} is left.")
                self._give(found.key, sku, 0, list(disabled_plans))
            else:
                self._license_group(found, sku, list(disabled_plans))

    def remove_license(self, object_id: str, sku_id: str) -> None:
        """Take a direct license from a user, or a group's license from it and from all who have it through it.

        Raises:
            NotFound: it does not have this license.
        """
        with self.transaction() as db:
            found = self.find(object_id, "user", "group")
            if found.type == "user":
                if not self._take(found.key, sku_id, 0):
                    raise NotFound(sku_id, "direct license")
                return
            gone = db.execute(
                "DELETE FROM group_licenses WHERE group_key = ? AND sku_id = ?", (found.key, sku_id)
            ).rowcount
            if not gone:
                raise NotFound(sku_id, "group license")
            self.touch(found.key, "assignedLicenses")
            for (user,) in db.execute(
                "SELECT user_key FROM user_licenses WHERE by_group = ? AND sku_id = ? ORDER BY user_key",
                (found.key, sku_id),
            ).fetchall():
                self._take(user, sku_id, found.key)

    def join_licensed_group(self, group: Found, member: Found) -> None:
        """What group licensing does when ``member`` has become a direct member of ``group``."""
        if member.type != "user":
            return
        for sku, plans in self.db.execute(
            "SELECT sku_id, disabled_plans FROM group_licenses WHERE group_key = ? ORDER BY sku_id", (group.key,)
        ).fetchall():
            self._give(member.key, sku, group.key, from_json(plans))

    def leave_licensed_group(self, group: Found, member: Found) -> None:
        """What group licensing does when ``member`` is no longer a direct member of ``group``."""
        for (sku,) in self.db.execute(
            "SELECT sku_id FROM user_licenses WHERE user_key = ? AND by_group = ? ORDER BY sku_id",
            (member.key, group.key),
        ).fetchall():
            self._take(member.key, sku, group.key)

    def _license_group(self, group: Found, sku: str, plans: list[str]) -> None:
        added = self.db.execute(
            "INSERT OR IGNORE INTO group_licenses VALUES (?, ?, ?)", (group.key, sku, to_json(plans))
        ).rowcount
        if not added:
            raise AlreadyExists(f"The license {sku!r} of group {group.id!r}")
        self.touch(group.key, "assignedLicenses")
        members = self.db.execute(
            "SELECT o.key FROM edges e JOIN objects o ON o.key = e.target "
            "WHERE e.rel = ? AND e.source = ? AND o.type = 'user' ORDER BY o.key",
            (Rel.MEMBER, group.key),
        ).fetchall()
        for (user,) in members:
            self._give(user, sku, group.key, plans)

    def _give(self, user: int, sku: str, by_group: int, plans: list[str]) -> None:
        has_seat = self.db.execute(
            "SELECT 1 FROM user_licenses WHERE user_key = ? AND sku_id = ? AND state <> 'Error'", (user, sku)
        ).fetchone()
        state, error = ("Active", None) if has_seat or self._seats_left(sku) > 0 else ("Error", "CountViolation")
        added = self.db.execute(
            "INSERT OR IGNORE INTO user_licenses VALUES (?, ?, ?, ?, ?, ?, ?)",
            (user, sku, by_group, to_json(plans), state, error, self.now()),
        ).rowcount
        if not added:
            raise AlreadyExists(f"The license {sku!r}")
        self.touch(user, *_COMPUTED)

    def _take(self, user: int, sku: str, by_group: int) -> bool:
        gone = self.db.execute(
            "DELETE FROM user_licenses WHERE user_key = ? AND sku_id = ? AND by_group = ?", (user, sku, by_group)
        ).rowcount
        if gone:
            self.touch(user, *_COMPUTED)
        return bool(gone)

    def _sku(self, sku_id: str) -> str:
        row = self.db.execute("SELECT sku_id FROM subscribed_skus WHERE sku_id = ?", (sku_id.lower(),)).fetchone()
        if row is None:
            raise NotFound(sku_id, "subscribed SKU")
        return str(row[0])

    def _seats_left(self, sku: str) -> int:
        row = self.db.execute(
            "SELECT json_extract(s.body, '$.prepaidUnits.enabled') + json_extract(s.body, '$.prepaidUnits.warning') - "
            "(SELECT COUNT(DISTINCT l.user_key) FROM user_licenses l JOIN objects o ON o.key = l.user_key "
            " WHERE l.sku_id = s.sku_id AND l.state <> 'Error' AND o.deleted IS NULL) "
            "FROM subscribed_skus s WHERE s.sku_id = ?",
            (sku,),
        ).fetchone()
        return int(row[0])
