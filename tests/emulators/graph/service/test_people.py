"""People sign in with a code, as azure-identity does it, and may do what scopes and their own roles allow together."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DeviceCodeCredential

from emulators.graph import GraphEmulator, Variants
from emulators.graph.tenant.tenant import Tenant

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
GRAPH_TOOL = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
GRAPH = "https://graph.microsoft.com"
SCOPES = [f"{GRAPH}/Application.ReadWrite.All", f"{GRAPH}/AppRoleAssignment.ReadWrite.All"]
ROLES = {
    "global": "62e90394-69f5-4237-9190-012177145e10",
    "privileged": "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "application": "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
}


@dataclass
class People:
    """People of a tenant by their roles, and how they sign in."""

    emulator: GraphEmulator
    http: httpx.Client
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def tenant(self) -> Tenant:
        """Whose people they are."""
        return self.emulator.tenant

    def credential(self, who: str, client: str = GRAPH_TOOL, decision: str = "approve") -> DeviceCodeCredential:
        """azure-identity's; whoever it prompts decides at once."""

        def prompt(address: str, code: str, _expires: object) -> None:
            assert address == f"{self.emulator.authority}/devicelogin"
            asked = {"user_code": code, "account": self.ids[who]}
            self.http.post(f"{self.emulator.admin_url}/devices/{decision}", json=asked).raise_for_status()

        return DeviceCodeCredential(
            client_id=client,
            tenant_id=self.tenant.id,
            authority=self.emulator.authority,
            disable_instance_discovery=True,
            connection_verify=self.emulator.ca_file,
            prompt_callback=prompt,
        )

    def token(self, who: str, *scopes: str, client: str = GRAPH_TOOL) -> str:
        """An access token."""
        return self.credential(who, client).get_token(*(scopes or SCOPES)).token

    def call(self, token: str, method: str, path: str, **body: Any) -> httpx.Response:
        """Graph's answer to somebody with this token."""
        headers = {"Authorization": f"Bearer {token}"}
        return self.http.request(method, self.emulator.base_url + path, headers=headers, json=body or None)

    def post(self, path: str, **form: str) -> dict[str, Any]:
        """The sign-in service's answer."""
        url = f"{self.emulator.authority}/{self.tenant.id}/oauth2/v2.0/{path}"
        answer: dict[str, Any] = self.http.post(url, data=form).json()
        return answer

    def begin(self, scope: str = " ".join(SCOPES), client: str = GRAPH_TOOL) -> dict[str, Any]:
        """A device's codes."""
        return self.post("devicecode", client_id=client, scope=scope)

    def poll(self, begun: dict[str, Any], client: str = GRAPH_TOOL) -> Any:
        """The error that a device gets when it asks, None for tokens."""
        return self.post("token", grant_type=DEVICE_CODE, client_id=client, device_code=begun["device_code"]).get(
            "error"
        )


@pytest.fixture
def people(tenant: Tenant) -> Iterator[People]:
    ids = {"nobody": tenant.create_user("nobody")}
    for name, role in ROLES.items():
        ids[name] = tenant.create_user(name)
        tenant.assign_role(ids[name], role)
    with GraphEmulator(tenant) as emulator, _client(emulator) as http:
        yield People(emulator, http, ids)


def _client(emulator: GraphEmulator) -> httpx.Client:
    return httpx.Client(verify=ssl.create_default_context(cafile=emulator.ca_file))


def claims(token: str) -> dict[str, Any]:
    """What a token says."""
    decoded: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return decoded


def test_azure_identity_signs_a_person_in(people):
    said = claims(people.token("global"))
    assert set(said["scp"].split()) == {
        "Application.ReadWrite.All",
        "AppRoleAssignment.ReadWrite.All",
        "openid",
        "profile",
    }
    assert (said["oid"], said["appid"], said["idtyp"]) == (people.ids["global"], GRAPH_TOOL, "user")
    assert ROLES["global"] in said["wids"]
    assert "roles" not in said


def test_the_account_is_told_and_later_tokens_come_without_a_prompt(people):
    credential = people.credential("global")
    record = credential.authenticate(scopes=SCOPES)
    assert (record.username, record.tenant_id) == ("global@contoso.onmicrosoft.com", people.tenant.id)
    first = credential.get_token(*SCOPES)
    assert credential.get_token(*SCOPES).token == first.token, "from the cache"
    vault = people.credential("global", AZURE_CLI)
    vault.authenticate(scopes=[f"{GRAPH}/.default"])
    vault._prompt_callback = pytest.fail
    token = vault.get_token("https://vault.azure.net/.default").token
    assert claims(token)["aud"].startswith("https://vault.azure.net")
    assert claims(token)["scp"] == "user_impersonation"


def test_azure_cli_has_its_own_scopes_and_may_ask_for_no_more(people):
    scopes = claims(people.token("nobody", f"{GRAPH}/.default", client=AZURE_CLI))["scp"].split()
    assert {"Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"} <= set(scopes)
    refused = people.begin(f"{GRAPH}/Sites.Read.All", AZURE_CLI)
    assert refused["error_codes"] == [65002]


def test_default_means_what_was_consented_to_before(people):
    assert claims(people.token("global", f"{GRAPH}/.default"))["scp"] == "openid profile"
    people.token("global")
    again = claims(people.token("global", f"{GRAPH}/.default"))["scp"].split()
    assert "Application.ReadWrite.All" in again


def test_who_may_not_consent_cannot_sign_in_with_more_than_their_own_profile(people):
    begun = people.begin()
    page = f"{people.emulator.authority}/devicelogin"
    form = {"code": begun["user_code"].lower(), "account": "nobody@contoso.onmicrosoft.com", "decision": "continue"}
    answer = people.http.post(page, data=form)
    assert "AADSTS90094" in answer.text
    assert people.poll(begun) == "authorization_pending"
    assert "User.Read" in claims(people.token("nobody", f"{GRAPH}/User.Read"))["scp"].split()


def test_a_person_enters_the_code_on_a_page(people):
    begun = people.begin()
    assert begun["message"].endswith(f"enter the code {begun['user_code']} to authenticate.")
    assert (begun["expires_in"], begun["interval"]) == (900, 5)
    page = people.http.get(begun["verification_uri"], params={"code": begun["user_code"]})
    assert f'value="{begun["user_code"]}"' in page.text
    form = {"code": begun["user_code"], "account": "global@contoso.onmicrosoft.com", "decision": "continue"}
    assert 'id="done"' in people.http.post(begun["verification_uri"], data=form).text
    assert people.poll(begun) is None
    assert people.poll(begun) == "bad_verification_code", "a code is good once"
    wrong = people.http.post(begun["verification_uri"], data=form | {"code": "WRONG"})
    assert "AADSTS70018" in wrong.text


def test_what_a_device_is_told_while_it_waits(people):
    begun = people.begin()
    assert people.poll(begun) == "authorization_pending"
    assert people.poll(begun, AZURE_CLI) == "bad_verification_code"
    people.emulator.variants = replace(Variants(), device_code_slow_down=True)
    assert people.poll(begun) == "slow_down"
    people.emulator.clock.advance(6)
    assert people.poll(begun) == "authorization_pending"
    people.emulator.clock.advance(900)
    assert people.poll(begun) == "expired_token"
    assert people.post("token", grant_type=DEVICE_CODE, client_id=GRAPH_TOOL)["error_codes"] == [900144]
    with pytest.raises(ClientAuthenticationError, match="denied the authorization"):
        people.credential("global", decision="decline").get_token(*SCOPES)


def test_refresh_tokens_belong_to_one_application_and_to_an_account_that_may_sign_in(people):
    begun = people.begin(" ".join([*SCOPES, "offline_access"]))
    people.emulator.devices.approve(begun["user_code"], people.ids["global"])
    kept = people.post("token", grant_type=DEVICE_CODE, client_id=GRAPH_TOOL, device_code=begun["device_code"])
    form = {"grant_type": "refresh_token", "refresh_token": kept["refresh_token"], "scope": SCOPES[0]}
    assert "access_token" in people.post("token", client_id=GRAPH_TOOL, **form)
    assert people.post("token", client_id=AZURE_CLI, **form)["error_codes"] == [70000]
    beyond = form | {"scope": f"{GRAPH}/Group.ReadWrite.All"}
    assert people.post("token", client_id=GRAPH_TOOL, **beyond)["error_codes"] == [65001]
    people.tenant.update_user(people.ids["global"], {"accountEnabled": False})
    assert people.post("token", client_id=GRAPH_TOOL, **form)["error_codes"] == [50057]


def test_an_application_of_the_tenant_signs_people_in_where_it_allows_public_clients(people):
    own = people.tenant.client_id
    assert people.begin(client=own)["error_codes"] == [7000218]
    registration = next(
        one["id"]
        for one in people.call(people.token("application"), "GET", "/applications").json()["value"]
        if one["appId"] == own
    )
    people.tenant.update_application(registration, {"isFallbackPublicClient": True})
    assert "user_code" in people.begin(client=own)


def test_graph_knows_who_is_signed_in(people):
    token = people.token("nobody", f"{GRAPH}/User.Read")
    me = people.call(token, "GET", "/me?$select=id,userPrincipalName")
    assert me.json()["userPrincipalName"] == "nobody@contoso.onmicrosoft.com"
    assert people.call(token, "GET", "/organization").status_code == 200
    assert people.call(token, "GET", "/users").status_code == 403


def test_scopes_and_roles_are_both_needed(people):
    app = people.tenant.create_service_principal("Target")
    graph = people.call(
        people.token("application"), "GET", "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')"
    ).json()["id"]
    assignment = {"principalId": app, "resourceId": graph, "appRoleId": "df021288-bdef-4463-88db-98f22de89214"}
    path = f"/servicePrincipals/{app}/appRoleAssignments"
    refused = people.call(people.token("application"), "POST", path, **assignment)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "Authorization_RequestDenied")
    half = people.token("privileged", SCOPES[0])
    assert people.call(half, "POST", path, **assignment).status_code == 403, "the scope is missing"
    made = people.call(people.token("privileged"), "POST", path, **assignment)
    assert made.status_code == 201
    gone = f"{path}/{made.json()['id']}"
    assert people.call(people.token("application"), "DELETE", gone).status_code == 403
    assert people.call(people.token("global"), "DELETE", gone).status_code == 204


def test_who_may_register_applications(people):
    cli = {who: people.token(who, f"{GRAPH}/.default", client=AZURE_CLI) for who in ("nobody", "application")}
    mine = people.call(cli["nobody"], "POST", "/applications", displayName="Mine").json()
    theirs = people.call(cli["application"], "POST", "/applications", displayName="Theirs").json()
    owners = people.call(cli["application"], "GET", f"/applications/{mine['id']}/owners").json()["value"]
    assert [one["id"] for one in owners] == [people.ids["nobody"]]
    assert people.call(cli["application"], "GET", f"/applications/{theirs['id']}/owners").json()["value"] == []
    assert people.call(cli["nobody"], "PATCH", f"/applications/{mine['id']}", notes="x").status_code == 204
    assert people.call(cli["nobody"], "PATCH", f"/applications/{theirs['id']}", notes="x").status_code == 403
    assert people.call(cli["nobody"], "POST", "/servicePrincipals", appId=theirs["appId"]).status_code == 403
    assert people.call(cli["nobody"], "POST", "/servicePrincipals", appId=mine["appId"]).status_code == 201
    assert people.call(cli["application"], "POST", "/servicePrincipals", appId=theirs["appId"]).status_code == 201
    people.emulator.variants = replace(Variants(), users_register_applications=False)
    assert people.call(cli["nobody"], "POST", "/applications", displayName="No").status_code == 403
    assert people.call(cli["application"], "POST", "/applications", displayName="Yes").status_code == 201


def test_roles_count_as_they_are_now_and_not_as_the_token_says(people):
    token = people.token("application")
    assert people.call(token, "POST", "/applications", displayName="One").status_code == 201
    people.tenant.update_user(people.ids["application"], {"accountEnabled": False})
    assert people.call(token, "POST", "/applications", displayName="Two").status_code == 403


def test_applications_cannot_ask_who_is_signed_in(people):
    secret = {"grant_type": "client_credentials", "client_secret": people.tenant.client_secret}
    token = people.post("token", client_id=people.tenant.client_id, scope=f"{GRAPH}/.default", **secret)["access_token"]
    assert people.call(token, "GET", "/me").status_code in (400, 403)
