"""Verbs that delete directory objects, restorably or for good, and restore them."""

from __future__ import annotations

from emulators.graph.tenant.errors import NotAllowed, Reason
from emulators.graph.tenant.state import Found, Rel, State


class DeletionVerbs(State):
    """The end of objects, and their return."""

    def delete_user(self, user_id: str) -> None:
        """Delete a user, restorable: memberships, assignments and licenses stay stored, and are listed nowhere.

        Raises:
            NotFound: no such user.
        """
        self._soft_delete(user_id, "user")

    def delete_service_principal(self, service_principal_id: str) -> None:
        """Delete a service principal, restorable.

        Raises:
            NotFound: no such service principal.
        """
        self._soft_delete(service_principal_id, "servicePrincipal")

    def delete_application(self, application_id: str) -> None:
        """Delete an application, restorable, and with it its service principal in this tenant.

        Raises:
            NotFound: no such application.
        """
        with self.transaction() as db:
            application = self.find(application_id, "application")
            self._soft_delete(application.id, "application")
            for (principal,) in db.execute(
                "SELECT id FROM objects WHERE type = 'servicePrincipal' AND deleted IS NULL"
                " AND json_extract(body, '$.appId') = ?",
                (application.body.get("appId"),),
            ).fetchall():
                self._soft_delete(principal, "servicePrincipal")

    def delete_object(self, object_id: str) -> None:
        """Delete any object as its type is deleted: restorably where Entra keeps it, else for good.

        Raises:
            NotFound: no such object.
            NotAllowed: a group that still has licenses.
        """
        found = self.find(object_id)
        by_type = {
            "user": self.delete_user,
            "group": self.delete_group,
            "servicePrincipal": self.delete_service_principal,
            "application": self.delete_application,
        }
        by_type.get(found.type, self.purge_object)(found.id)

    def restore_object(self, object_id: str) -> None:
        """Bring back any object that was deleted restorably.

        Raises:
            NotFound: there is no such object.
        """
        self._restore(object_id)

    def delete_group(self, group_id: str) -> None:
        """Delete a group: a Microsoft 365 group restorably, any other for good.

        Raises:
            NotFound: no such group.
            NotAllowed: it still has licenses, which Entra wants removed first.
        """
        with self.transaction() as db:
            group = self.find(group_id, "group")
            if db.execute("SELECT 1 FROM group_licenses WHERE group_key = ?", (group.key,)).fetchone():
                raise NotAllowed(Reason.HAS_LICENSES, "A group that has licenses cannot be deleted.")
            if "Unified" in group.body.get("groupTypes", ()):
                self._soft_delete(group.id, "group")
            else:
                self._purge(group)

    def restore_user(self, user_id: str) -> None:
        """Bring a soft-deleted user back, with everything that was stored.

        Raises:
            NotFound: there is no such soft-deleted user.
        """
        self._restore(user_id, "user")

    def restore_group(self, group_id: str) -> None:
        """Bring a soft-deleted group back, with its members.

        Raises:
            NotFound: there is no such soft-deleted group.
        """
        self._restore(group_id, "group")

    def restore_service_principal(self, service_principal_id: str) -> None:
        """Bring a soft-deleted service principal back.

        Raises:
            NotFound: there is no such soft-deleted service principal.
        """
        self._restore(service_principal_id, "servicePrincipal")

    def purge_user(self, user_id: str) -> None:
        """Delete a user for good, soft-deleted or not: relationships, assignments and licenses go.

        Raises:
            NotFound: no such user.
        """
        with self.transaction():
            self._purge(self._living_or_deleted(user_id, "user"))

    def purge_object(self, object_id: str) -> None:
        """Delete any object for good, soft-deleted or not.

        Raises:
            NotFound: no such object.
        """
        with self.transaction():
            self._purge(self._living_or_deleted(object_id))

    def _living_or_deleted(self, object_id: str, *types: str) -> Found:
        row = self.db.execute("SELECT deleted FROM objects WHERE id = ?", (object_id.lower(),)).fetchone()
        return self.find(object_id, *types, deleted=row is not None and row[0] is not None)

    def _soft_delete(self, object_id: str, kind: str) -> None:
        with self.transaction() as db:
            found = self.find(object_id, kind)
            self.touch(found.key, "*")
            db.execute("UPDATE objects SET deleted = 'changed', deleted_at = ? WHERE key = ?", (self.now(), found.key))

    def _restore(self, object_id: str, *kinds: str) -> None:
        with self.transaction() as db:
            found = self.find(object_id, *kinds, deleted=True)
            db.execute("UPDATE objects SET deleted = NULL, deleted_at = NULL WHERE key = ?", (found.key,))
            self.touch(found.key, "*")

    def _purge(self, found: Found) -> None:
        db, key = self.db, found.key
        for rel, source, target in db.execute(
            "SELECT rel, source, target FROM edges WHERE source = ?1 AND rel IN (1, 2, 3) UNION "
            "SELECT rel, source, target FROM edges WHERE target = ?1 AND rel IN (1, 2, 3) ORDER BY 1, 2, 3",
            (key,),
        ).fetchall():
            self.remove_edge(Rel(rel), source, target, "purge")
        self.record_app_roles("remove", "principal = ? OR resource = ?", key, key)
        db.execute("DELETE FROM app_role_assignments WHERE principal = ?1 OR resource = ?1", (key,))
        for table in ("user_licenses", "sign_in_activity", "mailboxes"):
            db.execute(f"DELETE FROM {table} WHERE user_key = ?", (key,))
        through = db.execute(
            "SELECT DISTINCT user_key FROM user_licenses WHERE by_group = ? ORDER BY 1", (key,)
        ).fetchall()
        for (user,) in through:
            self.touch(user, "assignedLicenses", "licenseAssignmentStates")
        db.execute("DELETE FROM user_licenses WHERE by_group = ?", (key,))
        db.execute("DELETE FROM group_licenses WHERE group_key = ?", (key,))
        db.execute("DELETE FROM synchronization_jobs WHERE service_principal = ?", (key,))
        scopes = (found.id, f"/{found.id}", f"/administrativeUnits/{found.id}")
        for table in ("role_assignments", "role_schedules"):
            db.execute(f"DELETE FROM {table} WHERE principal_id = ? OR scope IN (?, ?)", scopes)
        self.touch(key, "*")
        db.execute(
            "UPDATE oauth2_permission_grants SET deleted = 'deleted', changed_seq = ?1 WHERE deleted IS NULL AND ?2 IN "
            "(json_extract(body, '$.clientId'), json_extract(body, '$.principalId'), json_extract(body, '$.resourceId'))",
            (self.seq, found.id),
        )
        db.execute(
            "UPDATE objects SET deleted = 'deleted', deleted_at = COALESCE(deleted_at, ?) WHERE key = ?",
            (self.now(), key),
        )
