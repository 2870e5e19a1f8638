"""What can be tried against a running stack: commands to copy, with the addresses, keys and ids of this very one."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tools.bench.admin import Admin
from tools.stack import Stack

Row = Mapping[str, Any]
_GREATEST = "Global Administrator"


class Joining(NamedTuple):
    """Somebody who is not in a group, and would inherit something in it."""

    group_id: str
    member_id: str
    group: str
    role: str
    member: str
    sign_in_name: str


def joining(truth: Mapping[str, Sequence[Row]]) -> Joining | None:
    """A suggestion for a change with consequences, from the truth of a Graph emulator; None in a tenant without any."""
    given = _roles_of_groups(truth)
    held = {(grant["resource_id"], grant["principal_id"]) for grant in truth["grants"]}
    people = [one for one in truth["accounts"] if one["enabled"] and one["user_type"] == "Member"]
    for group in sorted(truth["groups"], key=lambda group: given.get(group["id"]) != _GREATEST):
        if group["id"] not in given or group["is_dynamic"] or group["on_premises_sync_enabled"]:
            continue
        for one in people:
            if (group["id"], one["id"]) not in held:
                names = group["display_name"], given[group["id"]], one["display_name"], one["user_principal_name"]
                return Joining(group["id"], one["id"], *names)
    return None


def _roles_of_groups(truth: Mapping[str, Sequence[Row]]) -> dict[str, str]:
    """The name of a role that is in force, the greatest if it is among them, by the group that holds it."""
    names = {f"directory_role:{role['id']}:assigned": role["display_name"] for role in truth["directory_roles"]}
    found: dict[str, str] = {}
    for grant in truth["grants"]:
        holder, role = grant["principal_id"], names.get(grant["entitlement_id"])
        if role and grant["principal_kind"] == "group" and found.get(holder) != _GREATEST:
            found[holder] = role
    return found


def commands(stack: Stack, settings_file: Path) -> Iterator[tuple[str, str]]:
    """What each is for, and the command."""
    host = stack.host
    connector = f"{shlex.quote(sys.executable)} -m connector --settings {shlex.quote(str(settings_file))}"
    yield "Sync the tenant", f"curl -X POST '{host.function_url('request_sync')}?code={host.key('request_sync')}'"
    yield "Is it done?", f"{connector} status"
    yield "Follow the changes, in a terminal of its own", f"{connector} changes --follow --inherited"
    found = joining(Admin(stack.graph.facts).truth())
    if found:
        body = {"group_id": found.group_id, "member_id": found.member_id}
        title = f"{found.member} joins {found.group}, which holds {found.role}; remove_member undoes it"
        yield f"Change the tenant: {title}", _verb(stack, "add_member", body)
        yield "What does that give?", f"{connector} access {shlex.quote(found.sign_in_name)}"
        at = f"{connector} holders {shlex.quote(found.role)}"
        yield "Who holds the role now, and who did a minute ago?", f"{at}; {at} --at 1m"
        yield from _granting(stack, connector, found)
    yield "Change it in another way: somebody new", _verb(stack, "create_user", {"display_name": "Ada Lovelace"})
    feed = f"{host.function_url('changes')}?after=1&code={host.key('changes')}"
    yield "The journal, as other systems read it", f"curl '{feed}'"


def _granting(stack: Stack, connector: str, found: Joining) -> Iterator[tuple[str, str]]:
    """The same change, as the connector is asked for it."""
    entitlement, name = f"group:{found.group_id}:member", shlex.quote(found.sign_in_name)
    asked = f"{entitlement} {name} --justification 'On duty tonight'"
    yield "What would the connector do, asked for the same?", f"{connector} grant {asked} --dry-run"
    operation = {
        "action": "grant",
        "entitlement": entitlement,
        "principal": found.sign_in_name,
        "justification": "On duty tonight",
    }
    host = stack.host
    url = f"{host.function_url('request_operations')}?code={host.key('request_operations')}"
    yield "Ask for it over HTTP", f"curl {shlex.quote(url)} --json {shlex.quote(json.dumps(operation))}"
    yield "What became of it, and what has been done to whom?", f"{connector} operations list; {connector} audit show"


def _verb(stack: Stack, name: str, body: Mapping[str, str]) -> str:
    facts = stack.graph.facts
    return f"curl --cacert {shlex.quote(facts['ca_file'])} -d {shlex.quote(json.dumps(body))} {facts['admin_url']}/verbs/{name}"
