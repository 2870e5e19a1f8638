"""Verbs of Privileged Identity Management: eligibilities, and activating them."""

from __future__ import annotations

from datetime import datetime, timedelta

from emulators.graph.tenant.errors import AlreadyExists, NotFound
from emulators.graph.tenant.role_verbs import RoleVerbs, role_assignment_id
from emulators.graph.tenant.state import timestamp


class PimVerbs(RoleVerbs):
    """Who may activate which role, and activating it."""

    def make_eligible(
        self,
        principal_id: str,
        role_id: str,
        scope: str = "/",
        *,
        app_scope: bool = False,
        starts_at: str | None = None,
        ends_at: str | None = None,
    ) -> str:
        """Make a principal eligible for a role; returns the id of the eligibility instance.

        Raises:
            NotFound: no such principal, role or scope.
            AlreadyExists: it is eligible in that scope.
            NotAllowed: the principal is a group that is not role-assignable.
        """
        with self.transaction() as db:
            principal = self._principal(principal_id)
            self._role(role_id)
            self._scope(scope, app_scope)
            instance = role_assignment_id(role_id, principal.id, scope) + "-e"
            added = db.execute(
                "INSERT OR IGNORE INTO role_schedules (id, schedule_id, kind, principal_id, role_id, scope, app_scope, "
                "starts_at, ends_at, created_at) VALUES (?, ?, 'eligibility', ?, ?, ?, ?, ?, ?, ?)",
                (
                    instance,
                    self.new_id(),
                    principal.id,
                    role_id,
                    scope,
                    app_scope,
                    starts_at or self.now(),
                    ends_at,
                    self.now(),
                ),
            ).rowcount
            if not added:
                raise AlreadyExists(f"The eligibility {instance!r}")
            self.next_seq()
            return instance

    def remove_eligibility(self, instance_id: str) -> None:
        """End an eligibility, and what is activated from it.

        Raises:
            NotFound: no such eligibility.
        """
        with self.transaction() as db:
            row = db.execute(
                "DELETE FROM role_schedules WHERE id = ? AND kind = 'eligibility' "
                "RETURNING principal_id, role_id, scope",
                (instance_id,),
            ).fetchall()
            if not row:
                raise NotFound(instance_id, "eligibility")
            self.next_seq()
            activated = db.execute(
                "SELECT role_assignment_id FROM role_schedules WHERE kind = 'assignment' AND "
                "assignment_type = 'Activated' AND principal_id = ? AND role_id = ? AND scope = ?",
                row[0],
            ).fetchone()
            if activated is not None:
                self.remove_role_assignment(activated[0])

    def activate_role(self, principal_id: str, role_id: str, scope: str = "/", *, hours: int = 8) -> str:
        """Activate an eligible role for some hours (PIM's default maximum is 8); returns the role assignment's id.

        Raises:
            NotFound: the principal is not eligible.
            AlreadyExists: the role is assigned already.
        """
        with self.transaction() as db:
            principal = self._principal(principal_id)
            eligible = db.execute(
                "SELECT app_scope FROM role_schedules WHERE kind = 'eligibility' AND principal_id = ? AND role_id = ? "
                "AND scope = ?",
                (principal.id, role_id, scope),
            ).fetchone()
            if eligible is None:
                raise NotFound(principal_id, "eligible principal")
            app_scope = bool(eligible[0])
            assignment = self._assign(principal, role_id, scope, app_scope)
            start = self.now()
            end = timestamp(datetime.fromisoformat(start) + timedelta(hours=hours))
            self._schedule(
                assignment, principal, role_id, scope, app_scope, kind="Activated", starts_at=start, ends_at=end
            )
            return assignment
