"""What a token tells of the application that it was issued to."""

import asyncio
import base64
import json
from types import SimpleNamespace

import pytest

from connector.graph.errors import SignInFailed
from connector.graph.tokens import Told, graph_scope, sign_in, told_by
from connector.settings import Settings

TENANT = "0785ef7c-2d7a-4542-b048-95bcab406e0b"


def token(payload: bytes) -> str:
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"RS256"}', payload, b"x"))


def test_the_roles_of_a_token_are_its_permissions():
    claims = {"aud": "https://graph.microsoft.com", "roles": ["User.Read.All", "Group.Read.All"]}

    told = told_by(token(json.dumps(claims).encode()))

    assert told.permissions == frozenset({"User.Read.All", "Group.Read.All"})


def test_its_object_id_is_the_service_principal():
    claims = {"oid": "DC6E7BC0-0CF5-4C7F-9F4B-2C2F0F2FDEC8", "sub": "…", "appid": "…"}

    assert told_by(token(json.dumps(claims).encode())).object_id == "dc6e7bc0-0cf5-4c7f-9f4b-2c2f0f2fdec8"


def test_a_token_without_roles_was_given_none():
    assert told_by(token(b'{"aud": "https://graph.microsoft.com"}')) == Told(frozenset(), "")


@pytest.mark.parametrize(
    "text", ["", "opaque", "a.b", "a.*.c", token(b"no JSON"), token(b'{"roles": 7}'), token(b"\xff")]
)
def test_of_anything_else_nothing_can_be_told(text):
    assert told_by(text) == Told(None, "")


def test_its_tenant_is_told():
    assert told_by(token(b'{"tid": "0785EF7C-2D7A-4542-B048-95BCAB406E0B"}')).tenant_id == TENANT


class Issued:
    """A credential that has one token."""

    def __init__(self, tenant_id):
        self.text = token(json.dumps({"tid": tenant_id, "roles": ["User.Read.All"]}).encode())

    async def get_token(self, *_, **__):
        return SimpleNamespace(token=self.text)


async def signed_in(credential, settings):
    return await sign_in(credential, settings)


def settings(**given):
    base = {"ENTRA_TENANT_ID": TENANT, "ENTRA_AUTH": "managed_identity", "AzureWebJobsStorage": "unused"}
    return Settings.load(base | given)


def test_a_token_for_another_tenant_is_no_sign_in():
    """A managed identity would read its own tenant, whatever is configured."""
    assert asyncio.run(signed_in(Issued(TENANT), settings())).permissions == frozenset({"User.Read.All"})
    with pytest.raises(SignInFailed, match="is for the tenant 1785ef7c-2d7a-4542-b048-95bcab406e0b") as failed:
        asyncio.run(signed_in(Issued("1785ef7c-2d7a-4542-b048-95bcab406e0b"), settings()))
    assert "workload_identity" in failed.value.advice


@pytest.mark.parametrize(
    ("given", "scope"),
    [
        ({}, "https://graph.microsoft.com"),
        ({"ENTRA_CLOUD": "us_government"}, "https://graph.microsoft.us"),
        ({"ENTRA_CLOUD": "us_government_dod"}, "https://dod-graph.microsoft.us"),
        ({"ENTRA_CLOUD": "china"}, "https://microsoftgraph.chinacloudapi.cn"),
        ({"GRAPH_ENDPOINT": "https://graph.microsoft.us"}, "https://graph.microsoft.us"),
        ({"GRAPH_ENDPOINT": "https://localhost:8443"}, "https://graph.microsoft.com"),
        (
            {"GRAPH_ENDPOINT": "https://proxy.contoso.cn", "ENTRA_CLOUD": "china"},
            "https://microsoftgraph.chinacloudapi.cn",
        ),
    ],
)
def test_the_scope_is_the_graph_of_the_cloud(given, scope):
    assert graph_scope(settings(**given)) == f"{scope}/.default"
