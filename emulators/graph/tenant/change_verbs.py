"""Verbs that change applications, delegated consents and role definitions, and activate directory roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulators.graph.tenant.errors import AlreadyExists, NotAllowed, NotFound, Reason
from emulators.graph.tenant.role_verbs import RoleVerbs
from emulators.graph.tenant.state import from_json, to_json


class ChangeVerbs(RoleVerbs):
    """Changing what is no user, group or unit."""

    def update_application(self, application_id: str, properties: Mapping[str, Any]) -> None:
        """Set properties of an application, as Graph spells them.

        Raises:
            NotFound: no such application.
        """
        with self.transaction():
            self.update_object(self.find(application_id, "application"), properties)

    def update_oauth2_grant(self, grant_id: str, scope: str) -> None:
        """Change the scopes of a delegated consent.

        Raises:
            NotFound: no such grant.
        """
        with self.transaction() as db:
            row = db.execute(
                "SELECT body FROM oauth2_permission_grants WHERE id = ? AND deleted IS NULL", (grant_id,)
            ).fetchone()
            if row is None:
                raise NotFound(grant_id, "delegated permission grant")
            body = from_json(row[0]) | {"scope": scope}
            db.execute(
                "UPDATE oauth2_permission_grants SET body = ?, changed_seq = ? WHERE id = ?",
                (to_json(body), self.next_seq(), grant_id),
            )

    def update_role_definition(self, role_id: str, properties: Mapping[str, Any]) -> None:
        """Set properties of a custom role, as Graph spells them.

        Raises:
            NotFound: no such role.
            NotAllowed: it is built in.
        """
        with self.transaction() as db:
            body = self._role(role_id)
            if body["isBuiltIn"]:
                raise NotAllowed(Reason.BUILT_IN, "A built-in role cannot be changed.")
            db.execute("UPDATE role_definitions SET body = ? WHERE id = ?", (to_json({**body, **properties}), role_id))
            self.next_seq()

    def activate_directory_role(self, template_id: str) -> str:
        """Make a built-in role one of the directory's ``directoryRoles``; returns the id that it has there.

        Raises:
            NotFound: no such built-in role.
            AlreadyExists: it is active.
        """
        with self.transaction() as db:
            body = self._role(template_id)
            if not body["isBuiltIn"]:
                raise NotFound(template_id, "role template")
            active = db.execute(
                "SELECT 1 FROM objects WHERE type = 'directoryRole' AND json_extract(body, '$.roleTemplateId') = ?",
                (template_id,),
            ).fetchone()
            if active is not None:
                raise AlreadyExists(f"The directory role of template {template_id!r}")
            key = self._directory_role(template_id, body)
            return str(db.execute("SELECT id FROM objects WHERE key = ?", (key,)).fetchone()[0])
