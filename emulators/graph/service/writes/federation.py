"""Federated credentials of applications: whose tokens, for which subject, sign in as the application."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulators.graph.service.errors import GraphError, bad_request, not_found
from emulators.graph.service.messages import Reply
from emulators.graph.service.odata.query import parse_query, refuse
from emulators.graph.service.operations import Call
from emulators.graph.service.resources.credentials import federated_shown
from emulators.graph.service.resources.directory import key_of
from emulators.graph.service.writes import payload
from emulators.graph.service.writes.addressing import wants_upsert
from emulators.graph.service.writes.answers import done, tenant_of
from emulators.graph.tenant.state import to_json

MOST = 20
"""Federated credentials of one application (documented)."""
_LONGEST = 600
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}")
_NAMED = re.compile(r"name='(?P<name>[^']*)'", re.IGNORECASE)
_PROPERTIES = frozenset({"id", "name", "issuer", "subject", "description", "audiences"})
_SELECT = (
    "SELECT c.id, c.content, c.name FROM credentials c WHERE c.app_id = ? AND c.kind = 'federated' ORDER BY c.rowid"
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    name: str
    issuer: str
    subject: str
    audience: str
    description: str | None

    @property
    def content(self) -> str:
        return to_json(
            {
                "issuer": self.issuer,
                "subject": self.subject,
                "audience": self.audience,
                "description": self.description,
            }
        )


def list_all(call: Call) -> Reply:
    """``GET /applications/{id}/federatedIdentityCredentials``."""
    query = parse_query(call.request.options)
    refuse(query, "$select")
    value = [_selected(one, query.select) for one in _of(call)]
    return Reply(200, {"@odata.context": _context(call), "value": value})


def read(call: Call) -> Reply:
    """``GET …/federatedIdentityCredentials/{id}``, by id or name."""
    query = parse_query(call.request.options)
    refuse(query, "$select")
    return Reply(200, {"@odata.context": f"{_context(call)}/$entity"} | _selected(_one(call), query.select))


def create(call: Call) -> Reply:
    """``POST …/federatedIdentityCredentials``.

    Raises:
        GraphError: 400 for what is missing, malformed, too much, or there under another name; 409 for a name that is taken.
    """
    return _add(call, _wanted(payload.parse(call), {}))


def update(call: Call) -> Reply:
    """``PATCH …/federatedIdentityCredentials/{id}``: 204; by name with ``Prefer: create-if-missing`` 201 for a new one.

    Raises:
        GraphError: 404 where there is none, 400 for another name and for what is malformed or there already.
    """
    body = payload.parse(call)
    named = _NAMED.fullmatch(call.ids[1])
    try:
        there = _one(call)
    except GraphError:
        if named is None or not wants_upsert(call):
            raise
        return _add(call, _wanted({**body, "name": named["name"]}, {}))
    if body.get("name", there["name"]) != there["name"]:
        raise _invalid("Name is immutable and cannot be changed after creation.", "Name", str(body["name"]))
    wanted = _wanted(body, there)
    _check_unique(call, wanted, there["id"])
    tenant = tenant_of(call)
    with tenant.transaction() as db:
        db.execute("UPDATE credentials SET content = ? WHERE id = ?", (wanted.content, there["id"]))
        tenant.next_seq()
    return done()


def delete(call: Call) -> Reply:
    """``DELETE …/federatedIdentityCredentials/{id}``.

    Raises:
        GraphError: 404 where there is none.
    """
    tenant_of(call).remove_credential(_one(call)["id"])
    return done()


def _add(call: Call, wanted: _Wanted) -> Reply:
    there = _of(call)
    if any(one["name"] == wanted.name for one in there):
        message = f"FederatedIdentityCredential with name {wanted.name} already exists."
        raise GraphError(409, "Request_MultipleObjectsWithSameKeyValue", message)
    _check_unique(call, wanted, None)
    if len(there) >= MOST:
        raise bad_request(
            f"The maximum of {MOST} federated identity credentials is reached.", "Directory_QuotaExceeded"
        )
    made = tenant_of(call).add_federated_credential(
        wanted.issuer,
        wanted.subject,
        audience=wanted.audience,
        app_id=_app_id(call),
        name=wanted.name,
        description=wanted.description,
    )
    shown = federated_shown(made, wanted.content, wanted.name)
    return Reply(201, {"@odata.context": f"{_context(call)}/$entity"} | shown)


def _wanted(body: Mapping[str, Any], there: Mapping[str, Any]) -> _Wanted:
    given = {name: value for name, value in body.items() if "@odata." not in name}
    for name in given:
        if name not in _PROPERTIES:
            message = f"The property '{name}' does not exist on type 'microsoft.graph.federatedIdentityCredential'."
            raise bad_request(message, "BadRequest")
    whole = {**there, **given}
    for name in ("name", "issuer", "subject"):
        value = whole.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
            raise _invalid(f"{name.capitalize()} is missing or too long.", name.capitalize(), str(value))
    if not _NAME.fullmatch(whole["name"]):
        raise _invalid("Name can hold letters, digits, '-' and '_', 3 to 120.", "Name", whole["name"])
    audiences = whole.get("audiences")
    if not isinstance(audiences, list) or len(audiences) != 1 or not isinstance(audiences[0], str):
        raise _invalid("Exactly one audience is needed.", "Audiences", str(audiences))
    return _Wanted(whole["name"], whole["issuer"], whole["subject"], audiences[0], whole.get("description"))


def _check_unique(call: Call, wanted: _Wanted, own_id: str | None) -> None:
    for one in _of(call):
        if one["id"] != own_id and (one["issuer"], one["subject"]) == (wanted.issuer, wanted.subject):
            message = (
                "The combination of issuer and subject must be unique for the application. Issuer "
                f"{wanted.issuer} and Subject: {wanted.subject} already exist."
            )
            raise _invalid(message, "Subject", wanted.subject)


def _invalid(message: str, parameter: str, value: str) -> GraphError:
    where = f" paramName: FederatedIdentityCredential.{parameter}, paramValue: {value}, "
    kind = "objectType: Microsoft.Online.DirectoryServices.Application"
    return bad_request(message + where + kind, "InvalidFederatedIdentityCredentialValue")


def _of(call: Call) -> list[dict[str, Any]]:
    return [federated_shown(*row) for row in call.context.db.execute(_SELECT, (_app_id(call),))]


def _one(call: Call) -> dict[str, Any]:
    named = _NAMED.fullmatch(call.ids[1])
    for one in _of(call):
        if (one["name"] == named["name"]) if named else (one["id"] == call.ids[1].lower()):
            return one
    raise not_found(named["name"] if named else call.ids[1])


def _app_id(call: Call) -> str:
    key = key_of(call.context, "application", call.ids[0])
    sql = "SELECT json_extract(body, '$.appId') FROM objects WHERE key = ?"
    return str(call.context.db.execute(sql, (key,)).fetchone()[0])


def _context(call: Call) -> str:
    return f"{call.request.base}/$metadata#applications('{call.ids[0]}')/federatedIdentityCredentials"


def _selected(one: Mapping[str, Any], select: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if not select or name == "id" or name in select}
