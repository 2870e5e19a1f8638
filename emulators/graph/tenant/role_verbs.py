"""Verbs on directory roles: definitions and active assignments."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

from emulators.graph.tenant.errors import AlreadyExists, NotAllowed, NotFound, Reason
from emulators.graph.tenant.state import Found, Rel, State, from_json, to_json

_PRINCIPALS = ("user", "group", "servicePrincipal")


def role_assignment_id(role_id: str, principal_id: str, scope: str) -> str:
    """The id that Entra makes for a role assignment: both GUIDs in base64url, then ``-1``.

    With a scope other than the tenant the second half is a digest here; what Entra makes of the scope is not documented.
    """
    principal = uuid.UUID(principal_id).bytes_le
    second = principal if scope == "/" else hashlib.sha256(principal + scope.encode()).digest()[:16]
    return base64.urlsafe_b64encode(uuid.UUID(role_id).bytes_le + second).decode().rstrip("=") + "-1"


class RoleVerbs(State):
    """Roles, and who holds them."""

    def create_role_definition(
        self, display_name: str, *, description: str | None = None, enabled: bool = True, actions: Sequence[str] = ()
    ) -> str:
        """Add a custom role; returns its id. ``actions``: allowed resource actions."""
        with self.transaction() as db:
            role_id = self.new_id()
            body = {
                "displayName": display_name,
                "description": description,
                "isBuiltIn": False,
                "isEnabled": enabled,
                "templateId": role_id,
                "version": "1",
                "rolePermissions": [{"allowedResourceActions": list(actions), "condition": None}],
            }
            db.execute("INSERT INTO role_definitions VALUES (?, ?)", (role_id, to_json(body)))
            self.next_seq()
            return role_id

    def delete_role_definition(self, role_id: str) -> None:
        """Remove a custom role, with its assignments.

        Raises:
            NotFound: no such role.
            NotAllowed: it is built in.
        """
        with self.transaction() as db:
            if self._role(role_id)["isBuiltIn"]:
                raise NotAllowed(Reason.BUILT_IN, "A built-in role cannot be deleted.")
            for table in ("role_assignments", "role_schedules"):
                db.execute(f"DELETE FROM {table} WHERE role_id = ?", (role_id,))
            db.execute("DELETE FROM role_definitions WHERE id = ?", (role_id,))
            self.next_seq()

    def assign_role(
        self,
        principal_id: str,
        role_id: str,
        scope: str = "/",
        *,
        app_scope: bool = False,
        starts_at: str | None = None,
        ends_at: str | None = None,
    ) -> str:
        """Assign a role actively; for a time where ``starts_at`` or ``ends_at`` is given (PIM); returns its id.

        Raises:
            NotFound: no such principal, role or scope.
            AlreadyExists: it is assigned in that scope.
            NotAllowed: the principal is a group that is not role-assignable.
        """
        with self.transaction():
            principal = self._principal(principal_id)
            assignment = self._assign(principal, role_id, scope, app_scope)
            if starts_at is not None or ends_at is not None:
                self._schedule(
                    assignment,
                    principal,
                    role_id,
                    scope,
                    app_scope,
                    kind="Assigned",
                    starts_at=starts_at,
                    ends_at=ends_at,
                )
            return assignment

    def remove_role_assignment(self, assignment_id: str) -> None:
        """End an active assignment, be it permanent, for a time, or an activation.

        Raises:
            NotFound: no such assignment.
        """
        with self.transaction() as db:
            row = db.execute(
                "SELECT principal_id, role_id, scope FROM role_assignments WHERE id = ?", (assignment_id,)
            ).fetchone()
            if row is None:
                raise NotFound(assignment_id, "role assignment")
            db.execute("DELETE FROM role_assignments WHERE id = ?", (assignment_id,))
            db.execute("DELETE FROM role_schedules WHERE role_assignment_id = ?", (assignment_id,))
            self.next_seq()
            self._leave_directory_role(*row)

    def _assign(self, principal: Found, role_id: str, scope: str, app_scope: bool) -> str:
        body = self._role(role_id)
        self._scope(scope, app_scope)
        assignment = role_assignment_id(role_id, principal.id, scope)
        added = self.db.execute(
            "INSERT OR IGNORE INTO role_assignments (id, principal_id, role_id, scope, app_scope) VALUES (?, ?, ?, ?, ?)",
            (assignment, principal.id, role_id, scope, app_scope),
        ).rowcount
        if not added:
            raise AlreadyExists(f"The role assignment {assignment!r}")
        self.next_seq()
        if scope == "/" and body["isBuiltIn"]:
            self.add_edge(Rel.MEMBER, self._directory_role(role_id, body), principal.key)
        return assignment

    def _schedule(
        self,
        assignment: str,
        principal: Found,
        role_id: str,
        scope: str,
        app_scope: bool,
        *,
        kind: str,
        starts_at: str | None,
        ends_at: str | None,
    ) -> None:
        self.db.execute(
            "INSERT INTO role_schedules (id, schedule_id, kind, principal_id, role_id, scope, app_scope, "
            "assignment_type, role_assignment_id, starts_at, ends_at, created_at) "
            "VALUES (?, ?, 'assignment', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                assignment,
                self.new_id(),
                principal.id,
                role_id,
                scope,
                app_scope,
                kind,
                assignment,
                starts_at or self.now(),
                ends_at,
                self.now(),
            ),
        )

    def _directory_role(self, role_id: str, body: dict[str, Any]) -> int:
        """Key of the directoryRole object; the first assignment of a role activates it."""
        row = self.db.execute(
            "SELECT key FROM objects WHERE type = 'directoryRole' AND json_extract(body, '$.roleTemplateId') = ?",
            (role_id,),
        ).fetchone()
        if row is not None:
            return int(row[0])
        properties = {
            "displayName": body["displayName"],
            "description": body["description"],
            "roleTemplateId": role_id,
        }
        return self.insert_object("directoryRole", properties).key

    def _leave_directory_role(self, principal_id: str, role_id: str, scope: str) -> None:
        if scope != "/":
            return
        row = self.db.execute(
            "SELECT r.key, p.key FROM objects r JOIN objects p ON p.id = ? "
            "WHERE r.type = 'directoryRole' AND json_extract(r.body, '$.roleTemplateId') = ?",
            (principal_id, role_id),
        ).fetchone()
        if row is not None:
            self.remove_edge(Rel.MEMBER, *row)

    def _principal(self, principal_id: str) -> Found:
        principal = self.find(principal_id, *_PRINCIPALS)
        if principal.type == "group" and not principal.body.get("isAssignableToRole"):
            raise NotAllowed(Reason.NOT_ROLE_ASSIGNABLE, "Only a role-assignable group can hold a directory role.")
        return principal

    def _role(self, role_id: str) -> dict[str, Any]:
        row = self.db.execute("SELECT body FROM role_definitions WHERE id = ?", (role_id,)).fetchone()
        if row is None:
            raise NotFound(role_id, "role definition")
        body: dict[str, Any] = from_json(row[0])
        return body

    def _scope(self, scope: str, app_scope: bool) -> None:
        if scope == "/" or app_scope:
            return
        if scope.startswith("/administrativeUnits/"):
            self.find(scope.removeprefix("/administrativeUnits/"), "administrativeUnit")
        else:
            self.find(scope.removeprefix("/"))
