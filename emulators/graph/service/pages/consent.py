"""The page on which an administrator consents to what an application asks for, for the whole tenant."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qsl

from emulators.graph.service import aadsts
from emulators.graph.service.aadsts import SignInError
from emulators.graph.service.context import Context
from emulators.graph.service.messages import Reply
from emulators.graph.service.pages import html
from emulators.graph.service.pages.accounts import (
    MAY_GRANT_GRAPH,
    MAY_GRANT_OTHERS,
    Account,
    account_of,
    accounts_shown,
)
from emulators.graph.service.pages.asked import Asked
from emulators.graph.service.signin import SignInRequest
from emulators.graph.service.state import fact_or
from emulators.graph.tenant.tenant import Tenant
from emulators.graph.tenant.wellknown import GRAPH_APP_ID

_PATHS = {"adminconsent": False, "v2.0/adminconsent": True}


class ConsentPage:
    """Serves ``/{tenant}/adminconsent`` and ``/{tenant}/v2.0/adminconsent``."""

    def __init__(self, tenant: Tenant, context: Context) -> None:
        self._tenant = tenant
        self._context = context

    def serve(self, request: SignInRequest) -> Reply | None:
        """The page, what follows from its form, or None when the path is another."""
        tenant_name, _, rest = request.path.partition("/")
        version_2 = _PATHS.get(rest)
        if version_2 is None or request.method not in ("GET", "POST"):
            return None
        correlation_id = str(uuid.uuid4())
        try:
            with self._tenant.transaction():
                asked = Asked.read(self._tenant, tenant_name, dict(request.options), version_2=version_2)
                if request.method == "GET":
                    return self._page(asked)
                return self._decided(asked, _form(request), correlation_id)
        except SignInError as error:
            return html.refusal(error, self._context.clock, correlation_id)

    def _page(self, asked: Asked) -> Reply:
        accounts = accounts_shown(self._tenant)
        publisher = asked.application.get("publisherName", fact_or(self._tenant, "display_name", self._tenant.id))
        tenant = fact_or(self._tenant, "display_name", self._tenant.id)
        rows = "".join(
            f'<li data-permission="{escape(one.value)}"><label><input type="checkbox" name="permission"'
            f' value="{escape(one.value)}" checked> <strong>{escape(one.display_name)}</strong></label>'
            f" ({escape(one.value)}, {escape(one.resource_name)})</li>"
            for one in asked.permissions
        )
        return html.page(
            f"Permissions requested: review for {tenant}",
            f'<p><strong id="application">{escape(asked.application["displayName"])}</strong>,'
            f' published by <span id="publisher">{escape(publisher)}</span>,'
            f' application <code id="client">{escape(asked.application["appId"])}</code></p>',
            "<p>This application would like to, for everybody in the organization:</p>",
            '<form method="post" id="consent">',
            f'<ul id="permissions">{rows}</ul>',
            "<p><small>The real page has no boxes: a permission that is unchecked here stays ungranted.</small></p>",
            html.choices(accounts, accounts[0][0] if accounts else ""),
            html.button("cancel", "Cancel"),
            html.button("accept", "Accept"),
            "</form>",
        )

    def _decided(self, asked: Asked, form: Mapping[str, list[str]], correlation_id: str) -> Reply:
        decision = form.get("decision", [""])[0]
        if decision == "cancel":
            return _sent(asked.answer(self._refused(asked, correlation_id)))
        if decision != "accept":
            raise aadsts.missing_parameter("decision")
        signed_in = form.get("other", [""])[0].strip() or form.get("account", [""])[0]
        _check(account_of(self._tenant, signed_in), asked)
        wanted = [one.value for one in asked.permissions if one.value in form.get("permission", [])]
        new = not self._tenant.is_instantiated(asked.application["appId"])
        principal = self._tenant.admin_consent(asked.application["appId"], only=wanted)
        if new:
            self._context.newborn.note(principal)
        return _sent(asked.answer(self._granted(asked)))

    def _granted(self, asked: Asked) -> dict[str, str]:
        state = {} if asked.state is None else {"state": asked.state}
        if asked.scope is None:
            return {"tenant": self._tenant.id, **state, "admin_consent": "True"}
        return {"admin_consent": "True", "tenant": self._tenant.id, "scope": asked.scope, **state}

    def _refused(self, asked: Asked, correlation_id: str) -> dict[str, str]:
        state = {} if asked.state is None else {"state": asked.state}
        if asked.scope is None:
            if self._context.variants.consent_refusal == "captured":
                return {"error": "access_denied", "error_subcode": "cancel", **state}
            return {"error": "permission_denied", "error_description": "The admin canceled the request", **state}
        told = aadsts.declined_consent().reply(self._context.clock, correlation_id).body
        description = str(told["error_description"])
        return {"admin_consent": "True", "error": told["error"], "error_description": description, **state}


def _check(account: Account, asked: Asked) -> None:
    """Who may consent depends on the resources: Microsoft Graph's own permissions need the highest roles.

    Raises:
        SignInError: the account may not.
    """
    graph = any(one.resource_app_id == GRAPH_APP_ID for one in asked.permissions)
    if not account.roles & (MAY_GRANT_GRAPH if graph else MAY_GRANT_OTHERS):
        raise aadsts.only_administrators()


def _form(request: SignInRequest) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True):
        fields.setdefault(name, []).append(value)
    return fields


def _sent(address: str) -> Reply:
    return Reply(302, None, {"Location": address, "Cache-Control": "no-store"})
