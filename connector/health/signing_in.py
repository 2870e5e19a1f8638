"""Signing in to Microsoft Graph: what with, until when, and what the token says that the application may do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from connector.credentials import open_credential
from connector.credentials.errors import CredentialProblem, KeyVaultProblem
from connector.credentials.expiring import expiry_warning, has_expired
from connector.credentials.tls import trust
from connector.graph.errors import GraphError
from connector.graph.tokens import Told, graph_scope, told_by
from connector.health.findings import Finding, failed, ok, skipped, warning
from connector.permissions import FEATURES, Missing, enabled_features, missing
from connector.settings import Auth, Settings

_TO_IDENTITY = (
    "`python -m connector setup --managed-identity {}` does, and so does the script that `python -m connector permissions --format script` makes. "
    "Restart the app then: Azure hands out the token that it has for up to 24 hours."
)
"""https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identity-best-practice-recommendations"""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What came of signing in.

    Attributes:
        told: what the token tells; None where there is none.
        hint: how the client secret begins, where only its app registration can tell when it ends; empty otherwise.
    """

    findings: list[Finding]
    told: Told | None = None
    hint: str = ""


async def try_signing_in(settings: Settings, now: datetime) -> SignedIn:
    """Get a token; where Key Vault holds the secret or certificate, that is read anew for it."""
    in_vault = settings.client_secret_name or settings.certificate_name
    credential = open_credential(settings, trust(settings.ca_file))
    try:
        token = await credential.get_token(graph_scope(settings), enable_cae=True)
        ends, hint = credential.expires_at, credential.hint_to_ask
    except KeyVaultProblem as problem:
        vault = failed("key_vault", problem.sentence, problem.advice)
        return SignedIn([vault, skipped("sign_in", "There is nothing to sign in with without Key Vault.")])
    except CredentialProblem as problem:
        found = [ok("key_vault", _vault_said(settings))] if in_vault else []
        return SignedIn([*found, failed("sign_in", problem.sentence, problem.advice)])
    finally:
        await credential.close()
    findings = [ok("key_vault", _vault_said(settings))] if in_vault else []
    told = told_by(token.token)
    findings.append(_right_tenant(settings, told, credential.described))
    findings += expiry(ends, now)
    return SignedIn(findings, told, hint)


def _vault_said(settings: Settings) -> str:
    return f"{settings.key_vault_url.removeprefix('https://')} hands over {settings.client_secret_name or settings.certificate_name}."


def _right_tenant(settings: Settings, told: Told, described: str) -> Finding:
    if told.tenant_id in ("", settings.tenant_id):
        return ok("sign_in", f"Signed in with {described}.")
    return failed(
        "sign_in",
        f"Signed in with {described}, to the tenant {told.tenant_id}, and ENTRA_TENANT_ID is {settings.tenant_id}.",
        "Correct ENTRA_TENANT_ID. For another tenant than the identity's, use an app registration that trusts it "
        "(ENTRA_AUTH=workload_identity with ENTRA_CLIENT_ID).",
    )


def expiry(ends: datetime | None, now: datetime) -> list[Finding]:
    """One finding on when it ends; none where that is not known."""
    said = expiry_warning(ends, now)
    if said:
        found, _, remedy = said.partition(". ")
        make = failed if has_expired(ends, now) else warning
        return [make("credential_expiry", f"{found}.", remedy)]
    return [ok("credential_expiry", f"It is valid until {ends:%Y-%m-%d %H:%M} UTC.")] if ends else []


def unknown_expiry(settings: Settings) -> Finding:
    """That nobody tells when the client secret ends."""
    why = "Nobody tells when the client secret ends, so nobody warns of it: see Certificates & secrets of the app registration."
    hint = " Give its version in Key Vault the same expiration date." if settings.client_secret_name else ""
    return skipped("credential_expiry", why + hint)


def look_at_permissions(settings: Settings, told: Told | None) -> list[Finding]:
    """One finding for each permission that lacks for what the settings switch on, or one for all of them."""
    if told is None:
        return [skipped("permissions", "Without a token nothing is known of them.")]
    if told.permissions is None:
        return [skipped("permissions", "The token does not tell them; what Graph refuses is told below.")]
    features = enabled_features(settings)
    lacking = missing(told.permissions, features)
    if not lacking:
        return [ok("permissions", f"All that {len(features)} enabled features need are granted.")]
    to_identity = ""
    if settings.auth is Auth.MANAGED_IDENTITY:
        to_identity = _TO_IDENTITY.format(told.object_id or "OBJECT_ID")
    if not told.permissions:
        found = "The application has no application permission of Microsoft Graph at all: nobody has given consent."
        remedy = (
            "Let `python -m connector setup` grant it, or an administrator give consent with the link that it prints."
        )
        if to_identity:
            found = (
                "The managed identity has no application permission of Microsoft Graph at all: nobody has assigned any."
            )
            remedy = f"Assign what `python -m connector permissions` names. {to_identity}"
        return [failed("permissions", found, remedy)]
    return list(_each(lacking, to_identity))


def _each(lacking: Iterable[Missing], to_identity: str) -> Iterable[Finding]:
    for name in dict.fromkeys(one.permission.name for one in lacking):
        uses = [one for one in lacking if one.permission.name == name]
        essential = any(FEATURES[one.feature].essential for one in uses)
        lost = " ".join(dict.fromkeys(one.lost for one in uses))
        make = failed if essential else warning
        remedy = (
            f"Assign {name} to the managed identity. {to_identity}"
            if to_identity
            else f"Add the application permission {name} and grant admin consent (`python -m connector setup` does both)."
        )
        yield make(f"permission:{name}", f"{name} is not granted. {lost}", remedy)


def sentence_of(error: GraphError) -> str:
    """What Graph said, as one sentence."""
    return re.sub(r"\s+", " ", str(error)).rstrip(".") + "."
