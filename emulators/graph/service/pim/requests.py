"""Schedule requests: checked, carried out now or when their time comes, and ended when it is over."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from emulators.graph.service.context import Context
from emulators.graph.service.errors import GraphError, premium_license_required
from emulators.graph.service.messages import Caller
from emulators.graph.service.pim import policies
from emulators.graph.service.pim.wanted import Wanted, expiration_type, invalid
from emulators.graph.tenant.errors import NotAllowed, NotFound
from emulators.graph.tenant.role_verbs import role_assignment_id
from emulators.graph.tenant.state import timestamp
from emulators.graph.tenant.tenant import Tenant

_OPEN = ("Granted", "PendingProvisioning")
_AHEAD = "ScheduleCreated"
"""Of what begins later and is a schedule already (variant ``pim_schedules_ahead``)."""
_NAMES = "key, id, kind, principal_id, role_id, scope, app_scope, body, starts, ends"


class Requests:
    """The schedule requests of one tenant."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._tenant = cast(Tenant, context.tenant)

    def make(self, kind: str, wanted: Wanted, caller: Caller) -> dict[str, Any]:
        """Check a request and carry it out, unless it only asks whether it could be; as Graph shows it.

        Raises:
            GraphError: 400 with the codes of Privileged Identity Management.
        """
        now = self._context.clock.now()
        if not self._context.has_premium("p2"):
            raise premium_license_required()
        if wanted.action.startswith("self"):
            raise _policy(["MfaRule"])
        start, end = wanted.times(now)
        self._check(kind, wanted, start, end)
        begins = start + self._context.variants.pim_provisioning_seconds
        body = _shown(wanted, caller, now, start)
        if wanted.is_validation_only:
            return body
        with self._tenant.transaction() as db:
            if wanted.action == "adminRemove":
                body |= {"status": "Revoked", "completedDateTime": None, "scheduleInfo": None, "targetScheduleId": None}
                self._remove(kind, wanted)
                due = None
            else:
                self._forget_ahead(kind, wanted)
                body["status"] = "PendingProvisioning" if start <= now < begins else self._in_time(start > now)
                due = begins
            scope = wanted.directory_scope_id or wanted.app_scope_id
            db.execute(
                "INSERT INTO role_schedule_requests (id, kind, principal_id, role_id, scope, app_scope, body, status, starts,"
                " ends, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    body["id"],
                    kind,
                    wanted.principal_id.lower(),
                    wanted.role_definition_id.lower(),
                    scope,
                    wanted.app_scope_id is not None,
                    msgspec.json.encode(body).decode(),
                    body["status"],
                    start,
                    end,
                    due,
                ),
            )
            self.settle()
        return self.one(kind, body["id"]) or body

    def settle(self) -> None:
        """Begin and end everything whose time has come on the emulator's clock."""
        now = self._context.clock.now()
        with self._tenant.transaction() as db:
            rows = db.execute(
                f"SELECT {_NAMES}, status FROM role_schedule_requests WHERE due <= ? ORDER BY due, key", (now,)
            ).fetchall()
            for row in rows:
                *facts, status = row
                if status in (*_OPEN, _AHEAD):
                    self._begin(facts)
                else:
                    self._end(facts)

    def cancel(self, kind: str, identifier: str) -> bool:
        """Cancel a request that has not been carried out; False when there is no such request.

        Raises:
            GraphError: 400 when it has been.
        """
        found = self.one(kind, identifier)
        if found is None:
            return False
        if found["status"] not in _OPEN:
            raise invalid("Only a request that is still open can be canceled.")
        self._record(identifier, found | {"status": "Canceled"}, None)
        return True

    def one(self, kind: str, identifier: str) -> dict[str, Any] | None:
        """One request as Graph shows it, or None."""
        return next((one for one in self.all(kind) if one["id"] == identifier.lower()), None)

    def all(self, kind: str) -> list[dict[str, Any]]:
        """All of them, in the order in which they were made."""
        rows = self._context.db.execute("SELECT body FROM role_schedule_requests WHERE kind = ? ORDER BY key", (kind,))
        return [msgspec.json.decode(body) for (body,) in rows]

    def _check(self, kind: str, wanted: Wanted, start: float, end: float | None) -> None:
        db, role = self._context.db, wanted.role_definition_id.lower()
        if db.execute("SELECT 1 FROM role_definitions WHERE id = ?", (role,)).fetchone() is None:
            raise GraphError(400, "RoleNotFound", "The role is not found.")
        try:
            self._tenant.find(wanted.principal_id, "user", "group", "servicePrincipal")
        except NotFound:
            raise GraphError(400, "SubjectNotFound", "The subject is not found.") from None
        pair = (kind, wanted.principal_id.lower(), role, wanted.directory_scope_id or wanted.app_scope_id)
        if db.execute(
            "SELECT 1 FROM role_schedule_requests WHERE kind = ? AND principal_id = ? AND role_id = ? AND scope = ?"
            " AND status IN ('Granted', 'PendingProvisioning')",
            pair,
        ).fetchone():
            raise GraphError(
                400, "PendingRoleAssignmentRequest", "There is already an existing pending Role assignment request."
            )
        there = self._instance(kind, wanted) is not None or bool(self._ahead(kind, wanted))
        if wanted.action == "adminAssign" and there:
            raise GraphError(400, "RoleAssignmentExists", "The Role assignment already exists.")
        if wanted.action in ("adminRemove", "adminUpdate", "adminExtend") and not there:
            raise GraphError(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist.")
        if wanted.action == "adminRemove":
            return
        failed = policies.failing(
            self._context,
            role,
            kind,
            seconds=None if end is None else end - start,
            justification=wanted.justification,
            ticket=wanted.ticket_info.ticket_number,
        )
        if failed:
            raise _policy(failed)

    def _instance(self, kind: str, wanted: Wanted) -> str | None:
        scope = wanted.directory_scope_id or wanted.app_scope_id or "/"
        made = role_assignment_id(wanted.role_definition_id.lower(), wanted.principal_id.lower(), scope)
        table, made = ("role_assignments", made) if kind == "assignment" else ("role_schedules", made + "-e")
        return made if self._context.db.execute(f"SELECT 1 FROM {table} WHERE id = ?", (made,)).fetchone() else None

    def _in_time(self, ahead: bool) -> str:
        return _AHEAD if ahead and self._context.variants.pim_schedules_ahead else "Granted"

    def _ahead(self, kind: str, wanted: Wanted) -> list[str]:
        rows = self._context.db.execute(
            "SELECT id FROM role_schedule_requests WHERE kind = ? AND principal_id = ? AND role_id = ? AND scope = ? AND status = ?",
            (
                kind,
                wanted.principal_id.lower(),
                wanted.role_definition_id.lower(),
                wanted.directory_scope_id or wanted.app_scope_id,
                _AHEAD,
            ),
        )
        return [identifier for (identifier,) in rows]

    def _forget_ahead(self, kind: str, wanted: Wanted) -> None:
        for identifier in self._ahead(kind, wanted):
            self._record(identifier, (self.one(kind, identifier) or {}) | {"status": "Revoked"}, None)

    def _remove(self, kind: str, wanted: Wanted) -> None:
        self._forget_ahead(kind, wanted)
        instance = self._instance(kind, wanted)
        if instance is not None:
            self._take(kind, instance)

    def _take(self, kind: str, instance: str) -> None:
        if kind == "assignment":
            self._tenant.remove_role_assignment(instance)
        else:
            self._tenant.remove_eligibility(instance)

    def _begin(self, facts: list[Any]) -> None:
        _, identifier, kind, principal, role, scope, app_scope, text, starts, ends = facts
        body = msgspec.json.decode(text)
        instance = role_assignment_id(role, principal, scope) + ("-e" if kind == "eligibility" else "")
        table = "role_assignments" if kind == "assignment" else "role_schedules"
        verb = self._tenant.assign_role if kind == "assignment" else self._tenant.make_eligible
        try:
            if self._context.db.execute(f"SELECT 1 FROM {table} WHERE id = ?", (instance,)).fetchone():
                self._take(kind, instance)
            verb(
                principal,
                role,
                scope,
                app_scope=bool(app_scope),
                starts_at=_written(starts),
                ends_at=None if ends is None else _written(ends),
            )
        except (NotFound, NotAllowed):
            self._record(identifier, body | {"status": "Failed"}, None)
            return
        self._context.db.execute("UPDATE role_schedules SET schedule_id = ? WHERE id = ?", (identifier, instance))
        done = {"status": "Provisioned", "completedDateTime": _written(self._context.clock.now())}
        self._record(identifier, body | done | {"targetScheduleId": identifier}, ends)

    def _end(self, facts: list[Any]) -> None:
        _, identifier, kind, *_, text, _, _ = facts
        row = self._context.db.execute("SELECT id FROM role_schedules WHERE schedule_id = ?", (identifier,)).fetchone()
        if row is not None:
            self._take(kind, row[0])
        self._record(identifier, msgspec.json.decode(text), None)

    def _record(self, identifier: str, body: dict[str, Any], due: float | None) -> None:
        self._context.db.execute(
            "UPDATE role_schedule_requests SET body = ?, status = ?, due = ? WHERE id = ?",
            (msgspec.json.encode(body).decode(), body["status"], due, identifier),
        )


def _policy(failed: list[str]) -> GraphError:
    message = f"The following policy rules failed: {msgspec.json.encode(failed).decode()}"
    return GraphError(400, "RoleAssignmentRequestPolicyValidationFailed", message)


def _shown(wanted: Wanted, caller: Caller, now: float, start: float) -> dict[str, Any]:
    info = wanted.schedule_info
    expiration = info.expiration if info else None
    end = expiration.end_date_time if expiration else None
    return {
        "id": str(uuid.uuid4()),
        "status": "Granted",
        "createdDateTime": _written(now),
        "completedDateTime": None,
        "approvalId": None,
        "customData": None,
        "action": wanted.action,
        "principalId": wanted.principal_id,
        "roleDefinitionId": wanted.role_definition_id,
        "directoryScopeId": wanted.directory_scope_id,
        "appScopeId": wanted.app_scope_id,
        "isValidationOnly": wanted.is_validation_only,
        "targetScheduleId": None,
        "justification": wanted.justification,
        "createdBy": {"application": None, "device": None, "user": {"displayName": None, "id": caller.object_id}},
        "scheduleInfo": {
            "startDateTime": _written(start),
            "recurrence": None,
            "expiration": {
                "type": expiration_type(expiration.type) if expiration else "noExpiration",
                "endDateTime": end.isoformat().replace("+00:00", "Z") if end else None,
                "duration": expiration.duration if expiration else None,
            },
        },
        "ticketInfo": msgspec.to_builtins(wanted.ticket_info),
    }


def _written(seconds: float) -> str:
    return timestamp(datetime.fromtimestamp(seconds, UTC))
