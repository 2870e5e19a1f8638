"""Endpoints at which programs sign people in: codes for devices, and tokens for codes and for refresh tokens."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from emulators.graph.service import aadsts
from emulators.graph.service.aadsts import SignInError
from emulators.graph.service.context import Context
from emulators.graph.service.jwt import Issuer
from emulators.graph.service.messages import Reply
from emulators.graph.service.people import refusals
from emulators.graph.service.people.applications import PublicClient, public_client
from emulators.graph.service.people.devices import CODE_SECONDS, Devices
from emulators.graph.service.people.scopes import Consents, Wanted
from emulators.graph.service.people.tokens import PersonTokens
from emulators.graph.service.signin import SignInRequest
from emulators.graph.service.tenants import check_tenant
from emulators.graph.tenant.tenant import Tenant

DEVICE_PAGE = "devicelogin"
"""Path of the page on which people enter codes."""
_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
_REFRESH_TOKEN = "refresh_token"  # noqa: S105 (a grant type)


class PeopleEndpoint:
    """Serves ``oauth2/v2.0/devicecode``, and ``oauth2/v2.0/token`` for the grants of people."""

    def __init__(self, tenant: Tenant, context: Context, issuer: Issuer, devices: Devices) -> None:
        self._tenant = tenant
        self._context = context
        self._devices = devices
        self._consents = Consents(tenant)
        self._tokens = PersonTokens(context, issuer)

    def serve(self, request: SignInRequest) -> Reply | None:
        """The answer, or None when it is no request of this kind."""
        tenant_name, _, path = request.path.partition("/")
        if request.method != "POST" or path not in ("oauth2/v2.0/devicecode", "oauth2/v2.0/token"):
            return None
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        if path.endswith("token") and form.get("grant_type") not in (_DEVICE_CODE, _REFRESH_TOKEN):
            return None
        correlation_id = request.headers.get("client-request-id") or str(uuid.uuid4())
        headers = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache", "client-request-id": correlation_id}
        try:
            check_tenant(self._tenant, tenant_name)
            answer = self._begin if path.endswith("devicecode") else self._token
            return Reply(200, answer(request, form), headers)
        except SignInError as error:
            reply = error.reply(self._context.clock, correlation_id)
            reply.headers |= headers
            return reply

    def _begin(self, request: SignInRequest, form: Mapping[str, str]) -> dict[str, Any]:
        client = public_client(self._tenant, _field(form, "client_id"))
        wanted = Wanted.read(self._tenant, _field(form, "scope"))
        self._consents.check(client, wanted)
        device = self._devices.begin(client, wanted)
        address = f"{request.root}/{DEVICE_PAGE}"
        return {
            "user_code": device.user_code,
            "device_code": device.device_code,
            "verification_uri": address,
            "expires_in": CODE_SECONDS,
            "interval": self._context.variants.device_code_interval,
            "message": f"To sign in, use a web browser to open the page {address} and enter the code "
            f"{device.user_code} to authenticate.",
        }

    def _token(self, request: SignInRequest, form: Mapping[str, str]) -> dict[str, Any]:
        client = public_client(self._tenant, _field(form, "client_id"))
        if form["grant_type"] == _DEVICE_CODE:
            account, wanted = self._devices.redeem(_field(form, "device_code"), client)
        else:
            account = self._tokens.redeem(client, _field(form, "refresh_token"))
            wanted = self._wanted_anew(client, form)
            if self._consents.missing(client, account, wanted):
                raise refusals.not_consented(client.app_id, client.name)
        scopes = self._consents.scopes(client, account, wanted)
        return self._tokens.answer(
            client, account, wanted, scopes, root=request.root, info=form.get("client_info") == "1"
        )

    def _wanted_anew(self, client: PublicClient, form: Mapping[str, str]) -> Wanted:
        wanted = Wanted.read(self._tenant, _field(form, "scope"))
        self._consents.check(client, wanted)
        return wanted


def _field(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise aadsts.missing_parameter(name)
    return form[name]
