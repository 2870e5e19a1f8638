"""Filters, searches, sorting and counts: what works by default, what needs an advanced query, and what is refused."""

from typing import Any

import httpx
import pytest

from emulators.graph import GraphEmulator
from emulators.graph.tenant.tenant import Tenant
from tests.emulators.graph.service.conftest import Graph

ADVANCED = {"ConsistencyLevel": "eventual"}
SKU = "06ebc4ee-1bb5-47dd-8120-11324bc54e06"
UNSUPPORTED = (400, "Request_UnsupportedQuery")
NO_HEADER = "is not supported because the required parameters might be missing"


def address(graph: Any, path: str, **options: str) -> str:
    """A path with its options encoded; ``filter_`` and the like stand for ``$filter``."""
    params = {f"${name.rstrip('_')}": value for name, value in options.items()}
    return str(httpx.URL(graph.emulator.base_url + path, params=params))


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["displayName"] for item in items]


def found(graph: Any, path: str, text: str, **headers: str) -> set[str]:
    """Names of what a filter finds; with headers it is an advanced query."""
    options = {"count": "true"} if headers else {}
    pages = graph.pages(address(graph, path, filter=text, **options), **headers)
    return {name for page in pages for name in names(page["value"])}


@pytest.fixture(scope="module")
def crowd():
    """Three users and what real clients ask about them; nobody changes them."""
    tenant = Tenant.empty()
    tenant.add_sku("SPE_E5", seats=5)
    ada = tenant.create_user(
        "Ada Lovelace",
        properties={
            "userPrincipalName": "ada@contoso.com",
            "mail": "ada@contoso.com",
            "userType": "Member",
            "department": "Finance",
            "companyName": "Contoso",
            "createdDateTime": "2024-03-01T08:00:00Z",
            "onPremisesSyncEnabled": True,
            "otherMails": ["ada@home.example"],
            "employeeOrgData": {"division": "Europe", "costCenter": "7"},
            "onPremisesExtensionAttributes": {"extensionAttribute1": "vip"},
            "identities": [
                {"signInType": "emailAddress", "issuer": "contoso.com", "issuerAssignedId": "ada@home.example"}
            ],
        },
    )
    tenant.assign_license(ada, SKU)
    tenant.create_user(
        "Bob",
        properties={
            "userPrincipalName": "bob_fabrikam#EXT#@contoso.com",
            "mail": "bob@fabrikam.com",
            "userType": "Guest",
            "createdDateTime": "2025-03-01T08:00:00Z",
            "accountEnabled": False,
        },
    )
    tenant.create_user(
        "OneVideo Room",
        properties={
            "userPrincipalName": "room@contoso.com",
            "userType": "Member",
            "createdDateTime": "2026-03-01T08:00:00Z",
        },
    )
    with GraphEmulator(tenant) as emulator:
        graph = Graph(emulator)
        yield graph
        graph.http.close()
    tenant.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("userType eq 'Guest'", {"Bob"}),
        ("onPremisesSyncEnabled eq true", {"Ada Lovelace"}),
        ("onPremisesSyncEnabled eq null", {"Bob", "OneVideo Room"}),
        ("createdDateTime ge 2025-01-01T00:00:00Z", {"Bob", "OneVideo Room"}),
        ("createdDateTime le 2024-03-01T09:00:00+01:00", {"Ada Lovelace"}),
        ("createdDateTime gt 2024-03-01T08:00:00Z and createdDateTime lt 2026-01-01T00:00:00Z", {"Bob"}),
        ("userType in ('Guest','Other')", {"Bob"}),
        ("startsWith(mail,'ADA@')", {"Ada Lovelace"}),
        ("startswith(displayName,'b') or (department eq 'finance' and userType eq 'Member')", {"Ada Lovelace", "Bob"}),
        (f"assignedLicenses/any(u:u/skuId eq {SKU})", {"Ada Lovelace"}),
        ("otherMails/any(m:m eq 'ADA@home.example')", {"Ada Lovelace"}),
        ("otherMails/any(m:startswith(m,'ada'))", {"Ada Lovelace"}),
        (
            "identities/any(i:i/issuerAssignedId eq 'ada@home.example' and i/issuer eq 'contoso.com')",
            {"Ada Lovelace"},
        ),
        ("identities/any(i:i/issuerAssignedId eq 'ada@home.example' and i/issuer eq 'other.com')", set()),
        ("employeeOrgData/division eq 'Europe'", {"Ada Lovelace"}),
        ("onPremisesExtensionAttributes/extensionAttribute1 eq 'vip'", {"Ada Lovelace"}),
        ("userPrincipalName eq 'ada@contoso.com'", {"Ada Lovelace"}),
        ("accountEnabled eq false", {"Bob"}),
    ],
)
def test_filters_that_work_by_default(crowd, text, expected):
    assert found(crowd, "/users", text) == expected


@pytest.mark.parametrize(
    ("text", "expected", "message"),
    [
        (
            "userType ne 'Guest'",
            {"Ada Lovelace", "OneVideo Room"},
            "Filter operator 'NotEqualsMatch' is not supported.",
        ),
        ("department ne 'Finance'", {"Bob", "OneVideo Room"}, "Filter operator 'NotEqualsMatch' is not supported."),
        ("department ne null", {"Ada Lovelace"}, "Filter operator 'NotEqualsMatch' is not supported."),
        ("not(userType eq 'Guest')", {"Ada Lovelace", "OneVideo Room"}, f"Operator 'Not' {NO_HEADER}"),
        ("not startswith(displayName,'a')", {"Bob", "OneVideo Room"}, f"Operator 'Not' {NO_HEADER}"),
        ("endsWith(mail,'@fabrikam.com')", {"Bob"}, f"Operator 'endsWith' {NO_HEADER}"),
        ("otherMails/any(m:endsWith(m,'.example'))", {"Ada Lovelace"}, f"Operator 'endsWith' {NO_HEADER}"),
        ("assignedLicenses/$count eq 0", {"Bob", "OneVideo Room"}, "Unsupported Query."),
        ("assignedLicenses/$count ne 0", {"Ada Lovelace"}, "Filter operator 'NotEqualsMatch'"),
        (
            "not(assignedLicenses/any(u:u/skuId eq " + SKU + "))",
            {"Bob", "OneVideo Room"},
            f"Operator 'Not' {NO_HEADER}",
        ),
        (
            "companyName eq 'Contoso'",
            {"Ada Lovelace"},
            "Unsupported or invalid query filter clause specified for property 'companyName' of resource 'User'.",
        ),
    ],
)
def test_filters_that_need_an_advanced_query(crowd, text, expected, message):
    status, code, told = crowd.error(address(crowd, "/users", filter=text))
    assert (status, code) == UNSUPPORTED
    assert told.startswith(message)
    assert crowd.error(address(crowd, "/users", filter=text, count="true"))[:2] == UNSUPPORTED
    assert crowd.error(address(crowd, "/users", filter=text), headers=ADVANCED)[:2] == UNSUPPORTED
    assert found(crowd, "/users", text, **ADVANCED) == expected


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("/users", "lastPasswordChangeDateTime ge 2024-01-01T00:00:00Z", "Request_UnsupportedQuery"),
        ("/users", "licenseAssignmentStates/any(s:s/state eq 'Error')", "Request_UnsupportedQuery"),
        ("/users", "accountEnabled ge true", "Request_UnsupportedQuery"),
        ("/users", "startswith(accountEnabled,'t')", "Request_UnsupportedQuery"),
        ("/users", "contains(displayName,'a')", "Request_UnsupportedQuery"),
        ("/users", f"assignedLicenses/any(u:u/skuId eq '{SKU}')", "BadRequest"),
        ("/users", f"userType eq {SKU}", "BadRequest"),
        ("/users", "accountEnabled eq 'true'", "BadRequest"),
        ("/users", "nothing eq 'a'", "BadRequest"),
        ("/users", "displayName eq 'a' and", "BadRequest"),
        ("/users", "displayName eq 'it's'", "BadRequest"),
        ("/applications", "startswith(appId,'a')", "Request_UnsupportedQuery"),
    ],
)
def test_filters_that_are_refused_even_as_advanced_queries(crowd, path, text, code):
    assert crowd.error(address(crowd, path, filter=text, count="true"), headers=ADVANCED)[:2] == (400, code)


def test_a_constant_of_another_type_is_named(crowd):
    _, _, message = crowd.error(address(crowd, "/users", filter=f"userType eq {SKU}"))
    assert message == (
        "Invalid filter clause: A binary operator with incompatible types was detected. "
        "Found operand types 'Edm.String' and 'Edm.Guid' for operator kind 'Equal'."
    )


def test_filters_of_groups_and_applications(graph, tenant):
    ada = tenant.create_user("Ada")
    owned = tenant.create_group("Team", kind="microsoft_365")
    tenant.create_group("Plain")
    tenant.add_owner(owned, ada)
    assert found(graph, "/groups", "groupTypes/any(c:c eq 'Unified')") == {"Team"}
    assert found(graph, "/groups", "NOT groupTypes/any(c:c eq 'Unified')", **ADVANCED) == {"Plain"}
    assert found(graph, "/groups", "groupTypes/all(c:c eq 'Unified')") == {"Team", "Plain"}
    assert found(graph, "/groups", "owners/$count eq 0", **ADVANCED) == {"Plain"}
    assert found(graph, "/groups", "mailEnabled eq true and securityEnabled eq false") == {"Team"}
    app = {"appId": "11111111-1111-1111-1111-111111111111", "tags": ["HideApp"], "servicePrincipalType": "Application"}
    tenant.create_service_principal("Payroll", properties=app)
    assert found(graph, "/servicePrincipals", f"appId eq '{app['appId']}'") == {"Payroll"}
    assert found(graph, "/servicePrincipals", "tags/any(t:t eq 'HideApp')") == {"Payroll"}
    assert "Payroll" in found(graph, "/servicePrincipals", "servicePrincipalType eq 'Application'")
    status, code, message = graph.error(address(graph, "/groups", filter="createdDateTime ge 2024-01-01T00:00:00Z"))
    assert (status, code) == UNSUPPORTED
    assert message == (
        "Unsupported or invalid query filter clause specified for property 'createdDateTime' of resource 'Group'."
    )


def test_relationships_are_filtered_by_advanced_queries_only_unless_by_id(graph, tenant):
    group, ada, bob = tenant.create_group("G"), tenant.create_user("Ada"), tenant.create_user("Bob")
    for user in (ada, bob):
        tenant.add_member(group, user)
    members = f"/groups/{group}/members"
    assert found(graph, members, f"id eq '{ada}'") == {"Ada"}
    for path, text in ((members, "startswith(displayName,'a')"), (f"{members}/microsoft.graph.user", f"id eq '{ada}'")):
        refused = graph.error(address(graph, path, filter=text))
        message = "The specified filter to the reference property query is currently not supported."
        assert refused == (*UNSUPPORTED, message)
        assert found(graph, path, text, **ADVANCED) == {"Ada"}
    of_ada = f"/users/{ada}/memberOf/microsoft.graph.group"
    assert found(graph, of_ada, "securityEnabled eq true", **ADVANCED) == {"G"}
    assert found(graph, of_ada, "securityEnabled eq false", **ADVANCED) == set()
    counted = graph.send(f"{members}/microsoft.graph.user/$count?$filter=startswith(displayName,'b')", headers=ADVANCED)
    assert (counted.text, counted.headers["content-type"]) == ("1", "text/plain")
    sorted_ = graph.get(f"{members}?$orderby=displayName desc&$count=true", **ADVANCED)
    assert (names(sorted_["value"]), sorted_["@odata.count"]) == (["Bob", "Ada"], 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"displayName:video"', {"OneVideo Room"}),
        ('"displayName:one room"', {"OneVideo Room"}),
        ('"displayName:deo"', set()),
        ('"displayName:ada" OR "mail:bob@"', {"Ada Lovelace", "Bob"}),
        ('"displayName:love" AND "mail:bob"', set()),
        ('("displayName:ada" OR "displayName:bob") AND "userPrincipalName:ada"', {"Ada Lovelace"}),
        ('"otherMails:ada"', {"Ada Lovelace"}),
    ],
)
def test_searches(crowd, text, expected):
    page = crowd.get(address(crowd, "/users", search=text, count="true"), **ADVANCED)
    assert set(names(page["value"])) == expected
    assert page["@odata.count"] == len(expected)


def test_searches_need_the_header_and_quotes(crowd):
    status, code, message = crowd.error(address(crowd, "/users", search='"displayName:a"'))
    assert (status, code) == UNSUPPORTED
    assert message.endswith("special request header: 'ConsistencyLevel: eventual'")
    for wrong in ("displayName:a", '"displayName"', '"displayName:a" AND', '("displayName:a"'):
        assert crowd.error(address(crowd, "/users", search=wrong), headers=ADVANCED)[:2] == (400, "BadRequest")
    both = address(crowd, "/users", search='"displayName:a"', filter="userType eq 'Member'")
    assert names(crowd.get(both, **ADVANCED)["value"]) == ["Ada Lovelace"]


def test_sorting(crowd):
    assert names(crowd.all("/users?$orderby=displayName")) == ["Ada Lovelace", "Bob", "OneVideo Room"]
    pages = crowd.pages("/users?$orderby=displayName desc&$top=1")
    assert [name for page in pages for name in names(page["value"])] == ["OneVideo Room", "Bob", "Ada Lovelace"]
    filtered = address(crowd, "/users", orderby="displayName", filter="userType eq 'Member'", count="true")
    assert crowd.error(filtered) == (*UNSUPPORTED, "Sorting not supported for current query.")
    assert names(crowd.get(filtered, **ADVANCED)["value"]) == ["Ada Lovelace", "OneVideo Room"]
    message = "Unsupported sort property 'department' for 'User'."
    assert crowd.error("/users?$orderby=department") == (*UNSUPPORTED, message)


def test_counts_are_on_the_first_page_only_and_ignored_without_the_header(crowd):
    first, *others = crowd.pages("/users?$count=true&$top=1", **ADVANCED)
    assert first["@odata.count"] == 3
    assert len(others) == 2
    assert all("@odata.count" not in page for page in others)
    assert "@odata.count" not in crowd.get("/users?$count=true")
    filtered = crowd.send(address(crowd, "/users/$count", filter="userType ne 'Guest'"), headers=ADVANCED)
    assert filtered.text == "2"
    message = "$count is not currently supported."
    assert crowd.error("/users/$count") == (400, "Request_BadRequest", message)


def test_the_sign_in_filter_stands_alone(crowd):
    user = crowd.all("/users?$filter=displayName eq 'Bob'")[0]["id"]
    crowd.emulator.tenant.set_sign_in_activity(user, {"lastSignInDateTime": "2025-01-31T08:15:00Z"})
    text = "signInActivity/lastSignInDateTime le 2025-06-01T00:00:00Z"
    assert found(crowd, "/users", text) == {"Bob"}
    assert crowd.error(address(crowd, "/users", filter=f"{text} and userType eq 'Guest'"))[:2] == UNSUPPORTED
    refused = crowd.error("/users/ada@contoso.com?$select=signInActivity")
    assert refused == (400, "BadRequest", "Get By Key only supports UserId and the key has to be a valid Guid")


def test_single_users_have_properties_that_lists_have_not(crowd):
    assert crowd.error("/users?$select=aboutMe") == (
        501,
        "NotImplemented",
        "This operation target is not yet supported.",
    )
    assert crowd.get("/users/ada@contoso.com?$select=aboutMe")["aboutMe"] is None


def test_objects_are_found_by_their_other_keys(graph, tenant):
    app_id = "22222222-2222-2222-2222-222222222222"
    app = tenant.create_service_principal("Payroll", properties={"appId": app_id})
    registration = tenant.create_application("Payroll", properties={"appId": app_id})
    ada = tenant.create_user("Ada", properties={"userPrincipalName": "ada@contoso.com"})
    tenant.add_owner(app, ada)
    assert graph.get(f"/servicePrincipals(appId='{app_id}')")["id"] == app
    assert graph.get(f"/servicePrincipals(appId='{app_id}')/owners")["value"][0]["id"] == ada
    assert graph.get(f"/applications(appId='{app_id}')")["id"] == registration
    assert graph.get("/users/ADA@contoso.com")["id"] == graph.get(f"/users('{ada}')")["id"] == ada
    assert graph.get(f"/users/{ada.upper()}")["id"] == ada
    role = graph.get("/roleManagement/directory/roleDefinitions")["value"][0]["id"]
    tenant.assign_role(ada, role)
    for path in (f"/directoryRoles(roleTemplateId='{role}')", f"/directoryRoles/roleTemplateId={role}"):
        assert graph.get(f"{path}/members")["value"][0]["id"] == ada
    missing = "33333333-3333-3333-3333-333333333333"
    assert graph.error(f"/applications(appId='{missing}')")[:2] == (404, "Request_ResourceNotFound")
    assert graph.error("/groups/nonsense") == (400, "Request_BadRequest", "Invalid object identifier 'nonsense'.")
    assert graph.error("/users/nobody@contoso.com")[:2] == (404, "Request_ResourceNotFound")
    assert graph.error(f"/groups(appId='{app_id}')")[:2] == (400, "BadRequest")


def test_references_are_addresses(graph, tenant):
    group, ada = tenant.create_group("G"), tenant.create_user("Ada")
    tenant.add_member(group, ada)
    body = graph.get(f"/groups/{group}/members/$ref")
    assert body["value"] == [{"@odata.id": f"{graph.emulator.base_url}/directoryObjects/{ada}"}]
