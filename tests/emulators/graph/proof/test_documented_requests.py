"""The requests of Microsoft's pages get answers of the documented status and shape.

``data/documented.json`` holds them as data. ``{user}`` and the like stand for ids of the tenant. ``holds``: what every item of
the list has, ``some``: what at least one has, ``body_holds``: what the answer itself has, ``count``: it is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from emulators.graph.service.routing import Router
from emulators.graph.tenant.tenant import Tenant
from tests.emulators.graph.proof.description import Description


class Documented(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One documented request and what is said of its answer."""

    name: str
    path: str
    method: str = "GET"
    body: dict[str, Any] | None = None
    status: int = 200
    eventual: bool = False
    prefer: str = ""
    holds: str = ""
    some: str = ""
    body_holds: str = ""
    count: bool = False
    error: str = ""


REQUESTS = msgspec.json.decode(
    Path(__file__).with_name("data").joinpath("documented.json").read_bytes(), type=list[Documented]
)


def value(tenant: Tenant, sql: str, *parameters: object) -> str:
    row = tenant.db.execute(sql, parameters).fetchone()
    assert row is not None, sql
    return str(row[0])


_OBJECT = "SELECT id FROM objects WHERE deleted IS NULL AND "
_EDGE = "SELECT {end}.id FROM edges e JOIN objects s ON s.key = e.source AND s.deleted IS NULL JOIN objects t ON t.key = e.target AND t.deleted IS NULL"


@pytest.fixture(scope="module")
def ids(tenant: Tenant) -> Mapping[str, str]:
    """Ids for every name that a documented request uses."""
    source, target = _EDGE.format(end="s"), _EDGE.format(end="t")
    boss = tenant.create_user("Manager")
    tenant.create_user("Wanda Adler", properties={"givenName": "Wanda"})
    licensed = tenant.create_group("Licensed")
    sku = value(tenant, "SELECT sku_id FROM subscribed_skus WHERE json_extract(body, '$.appliesTo') = 'User'")
    tenant.assign_license(licensed, sku)
    for report in (tenant.create_user("Report"), tenant.create_user("Another")):
        tenant.set_manager(report, boss)
    connector = value(
        tenant, f"{_OBJECT} type = 'servicePrincipal' AND json_extract(body, '$.appId') = ?", tenant.client_id
    )
    graph = value(
        tenant,
        f"{_OBJECT} json_extract(body, '$.appId') = '00000003-0000-0000-c000-000000000000' AND type = 'servicePrincipal'",
    )
    application = tenant.create_service_principal("Payroll")
    consenter = tenant.create_user("Consenter")
    tenant.create_oauth2_grant(application, graph, "User.Read", principal_id=consenter)
    unit = tenant.create_administrative_unit("Oslo")
    tenant.add_au_member(unit, boss)
    deleted = tenant.create_group("Deleted", kind="microsoft_365")
    tenant.delete_group(deleted)
    holder = "SELECT principal_id FROM role_assignments WHERE scope = '/'"
    unused = (
        "SELECT id FROM role_definitions WHERE json_extract(body, '$.isBuiltIn') AND id NOT IN"
        " (SELECT json_extract(body, '$.roleTemplateId') FROM objects WHERE type = 'directoryRole')"
    )
    return {
        "user": report,
        "manager": boss,
        "spare_user": tenant.create_user("Spare"),
        "member": value(tenant, f"{target} WHERE e.rel = 1 AND s.type = 'group' AND t.type = 'user'"),
        "group": value(tenant, f"{source} WHERE e.rel = 1 AND s.type = 'group' AND t.type = 'user'"),
        "owned_group": value(tenant, f"{source} WHERE e.rel = 2 AND s.type = 'group' AND t.type = 'user'"),
        "spare_group": tenant.create_group("Spare"),
        "deleted_group": deleted,
        "application": application,
        "assigned": value(
            tenant, "SELECT o.id FROM app_role_assignments a JOIN objects o ON o.key = a.resource AND o.deleted IS NULL"
        ),
        "connector": connector,
        "graph": graph,
        "consenter": consenter,
        "consent": tenant.create_oauth2_grant(connector, graph, "openid"),
        "unit": unit,
        "sku": sku,
        "role": value(tenant, f"{_OBJECT} type = 'directoryRole'"),
        "role_template": value(tenant, "SELECT role_id FROM role_assignments WHERE scope = '/'"),
        "role_holder": value(tenant, holder),
        "role_assignment": value(tenant, "SELECT id FROM role_assignments WHERE scope = '/'"),
        "inactive_template": value(tenant, unused),
    }


def filled(content: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(content, str):
        for name, identifier in ids.items():
            content = content.replace(f"{{{name}}}", identifier)
        return content
    if isinstance(content, list):
        return [filled(one, ids) for one in content]
    return {key: filled(one, ids) for key, one in content.items()} if isinstance(content, dict) else content


@pytest.mark.parametrize("documented", REQUESTS, ids=lambda one: one.name)
def test_documented_requests(http: httpx.Client, description: Description, ids, documented):
    headers = {"ConsistencyLevel": "eventual"} if documented.eventual else {}
    headers |= {"Prefer": documented.prefer} if documented.prefer else {}
    path = filled(documented.path, ids)
    response = http.request(documented.method, path, headers=headers, json=filled(documented.body, ids))
    assert response.status_code == documented.status, response.text
    operation = f"{documented.method} {Router().find(documented.method, path.partition('?')[0].strip('/')).template}"
    body: Any = response.json() if response.content else None
    if documented.error:
        assert list(description.check_error(operation, body)) == []
        assert body["error"]["code"] == documented.error
        return
    if "{type}" not in operation:
        assert list(description.check(operation, documented.status, body)) == []
    check_shape(documented, body or {})


def check_shape(documented: Documented, body: dict[str, Any]) -> None:
    if documented.body_holds:
        assert set(documented.body_holds.split()) - body.keys() == set()
    if documented.count:
        assert body["@odata.count"] >= len(body["value"])
    if documented.holds or documented.some:
        items = [item for item in body["value"] if "@removed" not in item]
        assert items
        assert [
            set(documented.holds.split()) - item.keys() for item in items if set(documented.holds.split()) - item.keys()
        ] == []
        assert set(documented.some.split()) <= {name for item in items for name in item}
