"""The page on which an administrator consents: what is asked for, who may say yes, and what follows from yes and no."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from emulators.graph import GraphEmulator, Variants
from emulators.graph.tenant.tenant import Tenant

BACK = "https://connector.example/api/consented"
GLOBAL = "62e90394-69f5-4237-9190-012177145e10"
PRIVILEGED = "e8611ab8-c189-46e8-94e1-60213ab1f814"
CLOUD_APPLICATION = "158c047a-c907-4556-b7ef-446551a6b5f7"
PERMISSIONS = ("User.Read.All", "Group.Read.All")
V1 = {"redirect_uri": BACK, "state": "s 1&2"}
V2 = {**V1, "scope": "https://graph.microsoft.com/.default"}


@dataclass
class Browser:
    """A browser of one administrator; ``app`` is an application of another tenant that has the secret ``s3cret``."""

    emulator: GraphEmulator
    http: httpx.Client
    app: str
    admin: str

    @property
    def tenant(self) -> Tenant:
        """The tenant that is consented for."""
        return self.emulator.tenant

    def path(self, version: str = "", tenant: str | None = None) -> str:
        """The page's address without its query."""
        return f"{self.emulator.authority}/{tenant or self.tenant.id}{version}/adminconsent"

    def open(self, query: dict[str, str], version: str = "", tenant: str | None = None) -> httpx.Response:
        """What the page shows."""
        return self.http.get(self.path(version, tenant), params={"client_id": self.app} | query)

    def decide(self, query: dict[str, str], version: str = "", **form: Any) -> httpx.Response:
        """What follows from the form, all boxes checked as the page has them."""
        sent = {"decision": "accept", "account": self.admin, "permission": list(PERMISSIONS)} | form
        return self.http.post(self.path(version), params={"client_id": self.app} | query, data=sent)

    def roles(self) -> Any:
        """The ``roles`` of a token of the application; the refusal's number where it gets none."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.app,
            "client_secret": "s3cret",
            "scope": V2["scope"],
        }
        answer = self.http.post(f"{self.emulator.authority}/{self.tenant.id}/oauth2/v2.0/token", data=form).json()
        if "error" in answer:
            return answer["error_codes"]
        return sorted(jwt.decode(answer["access_token"], options={"verify_signature": False}).get("roles", []))


@pytest.fixture
def browser(tenant: Tenant) -> Iterator[Browser]:
    app = tenant.publish_application("Access <b>review</b>", redirect_uris=[BACK], permissions=PERMISSIONS)
    tenant.add_client_secret("s3cret", app_id=app)
    admin = tenant.create_user("Ada Admin")
    tenant.assign_role(admin, GLOBAL)
    with GraphEmulator(tenant) as emulator, _client(emulator) as http:
        yield Browser(emulator, http, app, "ada.admin@contoso.onmicrosoft.com")


def _client(emulator: GraphEmulator) -> httpx.Client:
    return httpx.Client(verify=ssl.create_default_context(cafile=emulator.ca_file))


def sent_back(answer: httpx.Response) -> dict[str, str]:
    """The query with which the browser is sent back."""
    assert answer.status_code == 302, answer.text
    address, _, query = answer.headers["Location"].partition("?")
    assert address == BACK
    return {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}


def refused(answer: httpx.Response, number: int) -> None:
    """It is a page that names the error, and nobody is sent anywhere."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert f"AADSTS{number}:" in answer.text
    assert "Location" not in answer.headers


def test_the_page_names_application_publisher_permissions_and_administrators(browser):
    answer = browser.open(V2, "/v2.0")
    assert answer.status_code == 200
    assert "Access &lt;b&gt;review&lt;/b&gt;" in answer.text, "names are text, not markup"
    assert re.findall(r'data-permission="([^"]+)"', answer.text) == list(PERMISSIONS)
    assert "Fabrikam" in answer.text
    assert f'value="{browser.admin}" selected' in answer.text


def test_accepting_makes_the_application_usable_and_grants_what_it_asks_for(browser):
    assert browser.roles() == [700016]
    assert sent_back(browser.decide(V1)) == {"tenant": browser.tenant.id, "state": "s 1&2", "admin_consent": "True"}
    assert browser.roles() == sorted(PERMISSIONS)


def test_version_2_tells_the_scope_as_well(browser):
    told = sent_back(browser.decide(V2, "/v2.0"))
    assert told == {"admin_consent": "True", "tenant": browser.tenant.id, "scope": V2["scope"], "state": "s 1&2"}
    assert browser.roles() == sorted(PERMISSIONS)


def test_a_new_service_principal_may_be_unknown_to_the_sign_in_for_a_while(browser):
    browser.emulator.variants = replace(Variants(), new_object_seconds=10)
    assert sent_back(browser.decide(V1))["admin_consent"] == "True"
    assert browser.roles() == [700016]
    browser.emulator.clock.advance(11)
    assert browser.roles() == sorted(PERMISSIONS)


def test_accepting_again_changes_nothing(browser):
    browser.decide(V1)
    before = browser.tenant.seq
    assert sent_back(browser.decide(V1))["admin_consent"] == "True"
    assert browser.tenant.seq == before


def test_a_consent_may_be_half_given(browser):
    browser.decide(V1, permission=["User.Read.All"])
    assert browser.roles() == ["User.Read.All"]


def test_nothing_is_granted_that_the_registration_does_not_ask_for(browser):
    browser.decide(V1, permission=["User.Read.All", "Directory.ReadWrite.All"])
    assert browser.roles() == ["User.Read.All"]


def test_cancelling_grants_nothing_and_says_so_in_each_version(browser):
    refusal = {"error": "permission_denied", "error_description": "The admin canceled the request", "state": "s 1&2"}
    assert sent_back(browser.decide(V1, decision="cancel")) == refusal
    told = sent_back(browser.decide(V2, "/v2.0", decision="cancel"))
    assert told["error_description"].startswith("AADSTS65004: ")
    assert (told["admin_consent"], told["error"], told["state"]) == ("True", "consent_required", "s 1&2")
    browser.emulator.variants = replace(Variants(), consent_refusal="captured")
    captured = {"error": "access_denied", "error_subcode": "cancel", "state": "s 1&2"}
    assert sent_back(browser.decide(V1, decision="cancel")) == captured
    assert browser.roles() == [700016]


def test_what_is_wrong_with_the_request_is_shown_and_sends_nobody_anywhere(browser):
    refused(browser.open({"state": "1"}), 900144)
    refused(browser.open(V1, "/v2.0"), 900144)
    for other in (BACK + "/", BACK.upper(), "https://evil.example/", BACK + "?x=1"):
        refused(browser.open({**V1, "redirect_uri": other}), 50011)
        refused(browser.decide({**V1, "redirect_uri": other}), 50011)
    refused(browser.open({**V1, "client_id": "11111111-2222-4333-8444-555555555555"}), 700016)
    refused(browser.open(V1, tenant="99999999-2222-4333-8444-555555555555"), 90002)
    refused(browser.open(V1, tenant="nonsense"), 900023)


def test_who_may_consent(browser):
    tenant = browser.tenant
    refused(browser.decide(V1, account="nobody@contoso.onmicrosoft.com"), 50020)
    someone = tenant.create_user("Some One")
    refused(browser.decide(V1, account="some.one@contoso.onmicrosoft.com"), 90093)
    tenant.assign_role(someone, CLOUD_APPLICATION)
    refused(browser.decide(V1, account="some.one@contoso.onmicrosoft.com"), 90093)
    assert browser.roles() == [700016], "not for permissions of Microsoft Graph"
    group = tenant.create_group("Role holders", role_assignable=True)
    tenant.assign_role(group, PRIVILEGED)
    tenant.add_member(group, someone)
    assert (
        sent_back(browser.decide(V1, account="", other="some.one@contoso.onmicrosoft.com"))["admin_consent"] == "True"
    )
    tenant.update_user(someone, {"accountEnabled": False})
    refused(browser.decide(V1, account="some.one@contoso.onmicrosoft.com"), 50057)


def test_an_application_of_the_tenant_needs_the_tenants_own_address(browser):
    tenant = browser.tenant
    tenant.configure_application(redirect_uris=[BACK], permissions=["User.Read.All"])
    own = {**V1, "client_id": tenant.client_id}
    assert browser.open(own).status_code == 200
    refused(browser.open(own, tenant="common"), 50194)
    assert browser.open(V1, tenant="common").status_code == 200
    assert browser.open(V2, "/v2.0", tenant="organizations").status_code == 200


def test_an_application_of_another_tenant_alone_is_unknown_here(browser):
    single = browser.tenant.publish_application(
        "Theirs", redirect_uris=[BACK], properties={"signInAudience": "AzureADMyOrg"}
    )
    refused(browser.open({**V1, "client_id": single}), 700016)


def test_a_registration_that_asks_for_what_is_not_there_is_said_to_be_misconfigured(browser):
    asks = [{"resourceAppId": browser.app, "resourceAccess": [{"id": browser.app, "type": "Role"}]}]
    odd = browser.tenant.publish_application("Odd", redirect_uris=[BACK], properties={"requiredResourceAccess": asks})
    refused(browser.open({**V1, "client_id": odd}), 650056)


def test_redirect_addresses_keep_their_own_query(browser):
    browser.tenant.configure_application(app_id=browser.app, redirect_uris=[BACK + "?code=key"])
    answer = browser.decide({**V1, "redirect_uri": BACK + "?code=key"})
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["code"] == ["key"]
    assert sent_back(answer)["admin_consent"] == "True"


def test_the_verbs_consent_without_a_page(browser):
    browser.http.post(
        f"{browser.emulator.admin_url}/verbs/admin_consent", json={"app_id": browser.app, "only": ["Group.Read.All"]}
    ).raise_for_status()
    assert browser.roles() == ["Group.Read.All"]
    browser.http.post(f"{browser.emulator.admin_url}/verbs/admin_consent", json={"app_id": browser.app})
    assert browser.roles() == sorted(PERMISSIONS)
