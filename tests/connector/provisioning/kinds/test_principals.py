"""Who is meant by a name, and what is said where that is nobody, or nobody to whom anything can be granted."""

from __future__ import annotations

import pytest

from connector.graph.errors import GraphError, GraphUnreachable
from connector.provisioning.contract import Principal
from connector.provisioning.kinds.principals import is_own, resolve
from connector.storage.records.operations import Problem
from emulators.graph import GraphEmulator
from emulators.graph.service.faults import Fault
from emulators.graph.tenant.generator import generate
from tests.support.haste import in_haste
from tests.support.kinds import with_tools

NOBODY = "00000000-1111-4222-8333-444444444444"


@pytest.fixture(scope="module")
def emulator():
    with GraphEmulator(generate(users=0, seed=4)) as graph, in_haste():
        yield graph


@pytest.fixture
def tenant(emulator):
    """A tenant whose connector holds every permission, and of which nothing goes wrong."""
    emulator.rewind()
    emulator.tenant.set_fact("permissions", "")
    emulator.metrics.reset()
    return emulator.tenant


def resolved(emulator, *names):
    return with_tools(emulator, lambda tools: resolve(tools, names))


def application(tenant, name):
    """Application id, object id of the service principal, and that of the app registration."""
    registration = tenant.create_application(name)
    app = app_id(tenant, registration)
    return app, tenant.create_service_principal(name, properties={"appId": app}), registration


def app_id(tenant, object_id):
    return tenant.find(object_id).body["appId"]


def test_accounts_groups_and_service_principals_by_id_with_what_guards_ask(emulator, tenant):
    ada = tenant.create_user("Ada Byron", user_principal_name="ada.1@contoso.com")
    team = tenant.create_group("Team", role_assignable=True)
    crm = tenant.create_service_principal("CRM")

    found = resolved(emulator, ada.upper(), team, crm)

    assert found[ada.upper()] == Principal(
        ada,
        "account",
        "ada.1@contoso.com",
        {
            "displayName": "Ada Byron",
            "userPrincipalName": "ada.1@contoso.com",
            "accountEnabled": True,
            "userType": "Member",
        },
    )
    assert (found[team].kind, found[team].name, found[team].facts["isAssignableToRole"]) == ("group", "Team", True)
    assert (found[crm].kind, found[crm].name, found[crm].facts["appId"]) == (
        "service_principal",
        "CRM",
        app_id(tenant, crm),
    )
    assert emulator.metrics.requests == 1


def test_a_thousand_and_one_ids_take_two_requests(emulator, tenant):
    ids = [tenant.create_user(f"User {number}") for number in range(30)]
    unknown = [f"00000000-0000-4000-8000-{number:012d}" for number in range(971)]
    found = resolved(emulator, *ids, *ids)  # named twice, asked for once
    assert (len(found), emulator.metrics.requests) == (30, 1)
    emulator.metrics.reset()
    found = resolved(emulator, *ids, *unknown)
    assert sum(isinstance(one, Principal) for one in found.values()) == 30
    assert emulator.metrics.snapshot()["operations"]["POST directoryObjects/getByIds"] == 2


@pytest.mark.parametrize(
    "name",
    [
        "plain@contoso.com",
        "bob_fabrikam.com#EXT#@contoso.com",
        "o'brien@contoso.com",
        "a+b&c=d@contoso.com",
        "$dollar@contoso.com",
    ],
)
def test_accounts_by_user_principal_name(emulator, tenant, name):
    id_ = tenant.create_user("Somebody", user_principal_name=name)
    try:
        assert resolved(emulator, name.upper())[name.upper()].id == id_
        assert emulator.metrics.requests == 1
    finally:
        tenant.delete_user(id_)


def test_service_principals_by_application_id_where_no_object_has_it(emulator, tenant):
    app, service_principal, _ = application(tenant, "Sales App")
    found = resolved(emulator, app)
    assert (found[app].id, found[app].kind) == (service_principal, "service_principal")


@pytest.mark.parametrize("make", ["unknown", "deleted", "deleted for good", "unknown name", "no name at all", ""])
def test_who_is_not_there_is_said_with_what_to_do(emulator, tenant, make):
    ada = tenant.create_user(f"Ada {tenant.seq}")
    name = {
        "unknown": NOBODY,
        "unknown name": "nobody@contoso.com",
        "no name at all": "Ada Byron",
        "": "",
    }.get(make, ada)
    if name == ada:
        tenant.delete_user(ada)
    if make == "deleted for good":
        tenant.purge_object(ada)
    found = resolved(emulator, name)[name]
    assert isinstance(found, Problem)
    assert found.code == "principal_not_found"
    assert found.remedy


def test_devices_contacts_and_other_objects_are_no_principals(emulator, tenant):
    _, _, registration = application(tenant, "HR App")
    names = {
        tenant.create_device("Laptop"): "a device",
        tenant.create_contact("Partner"): "a contact",
        registration: "an app registration",
        tenant.create_administrative_unit("Unit"): "no account, group or service principal",
    }
    found = resolved(emulator, *names)
    assert {one.code for one in found.values()} == {"principal_kind_not_allowed"}
    for name, what in names.items():
        assert what in found[name].sentence
    assert app_id(tenant, registration) in found[registration].remedy


def test_without_the_permission_for_the_bulk_call_each_is_asked_for(emulator, tenant):
    ada, team, crm = (
        tenant.create_user(f"Ada {tenant.seq}"),
        tenant.create_group("Team"),
        tenant.create_service_principal("CRM"),
    )
    tenant.set_fact("permissions", '["User.Read.All", "Group.Read.All", "Application.Read.All"]')
    found = resolved(emulator, ada, team, crm, NOBODY)
    assert [found[one].kind for one in (ada, team, crm)] == ["account", "group", "service_principal"]
    assert found[NOBODY].code == "principal_not_found"


def test_what_may_not_be_looked_up_names_the_permission(emulator, tenant):
    ada = tenant.create_user("Ada", user_principal_name="ada.2@contoso.com")
    tenant.set_fact("permissions", '["Group.Read.All", "Application.Read.All"]')
    for one in resolved(emulator, ada, "ada.2@contoso.com").values():
        assert one.code == "permission_missing"
        assert "User.Read.All" in one.remedy


def test_graph_that_cannot_be_asked_says_nothing_about_anybody(emulator, tenant):
    ada = tenant.create_user(f"Ada {tenant.seq}")
    emulator.fail(Fault(path="getByIds", drop="before", times=50))
    with pytest.raises(GraphUnreachable):
        resolved(emulator, ada)


def test_an_answer_that_is_lost_is_asked_for_again(emulator, tenant):
    ada = tenant.create_user(f"Ada {tenant.seq}")
    emulator.fail(Fault(path="getByIds", drop="after"), Fault(path="getByIds", status=503))
    assert resolved(emulator, ada)[ada].kind == "account"


def test_the_connector_knows_itself_by_its_token_and_by_its_application_id(emulator, tenant):
    own = tenant.db.execute(
        "SELECT id FROM objects WHERE type = 'servicePrincipal' AND json_extract(body, '$.appId') = ?",
        (tenant.client_id,),
    ).fetchone()[0]
    other = tenant.create_service_principal("CRM")

    async def told(tools):
        found = await resolve(tools, [own, tenant.client_id, other])
        return {name: is_own(tools, one) for name, one in found.items() if isinstance(one, Principal)}

    expected = {own: True, tenant.client_id: True, other: False}
    assert with_tools(emulator, told) == expected
    assert with_tools(emulator, told, own_id="") == expected


def test_one_who_cannot_be_looked_up_is_no_reason_to_lose_the_others(emulator, tenant):
    ada = tenant.create_user("Ada", properties={"userPrincipalName": "ada@contoso.com"})
    emulator.fail(Fault(path="/users/poison@contoso.com", status=500, times=50))
    found = resolved(emulator, "ada@contoso.com", "poison@contoso.com")
    assert found["ada@contoso.com"].id == ada
    assert isinstance(found["poison@contoso.com"], GraphError)
