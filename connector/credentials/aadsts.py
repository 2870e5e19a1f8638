"""What Microsoft Entra ID's refusals mean here: its numbers, and what to do about each.

https://learn.microsoft.com/entra/identity-platform/reference-error-codes and what its live endpoint answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

OF_PROOF = frozenset({7000215, 7000216, 7000222, 700027, 700030, 1000502, 7000214})
"""Those that refuse the secret or certificate itself, so that another version of it may do."""

TRANSIENT = frozenset({90006, 90024, 90033, 7000110})
"""Those that pass by themselves: too busy, or out of order for the moment."""

_NO_CLIENT = (
    "No application with ENTRA_CLIENT_ID is in the tenant ENTRA_TENANT_ID. Check both, and that an administrator of that tenant has "
    "consented."
)
_NO_TENANT = "There is no tenant ENTRA_TENANT_ID in this cloud. Check it, ENTRA_CLOUD and ENTRA_AUTHORITY."
_NO_GRAPH = (
    "GRAPH_ENDPOINT is not an address of Microsoft Graph in this cloud. Check it, ENTRA_CLOUD and ENTRA_AUTHORITY."
)
_NOT_FEDERATED = (
    "Add a federated credential to the app registration (Certificates & secrets > Federated credentials) whose issuer, subject and "
    "audience are exactly those of the token; Microsoft's sentence names them. A new one takes a few minutes to take effect."
)
_CLOCK = "Check this machine's clock: assertions are valid for minutes only."
_BLOCKED = (
    "A policy of the tenant blocks the sign-in of this application. Ask the owner of its Conditional Access policies."
)

ADVICE: dict[int, str] = {
    7000215: "The client secret is wrong. Put the secret's value (not its id) into {place}, or make a new secret.",
    7000216: "No secret arrived. Put the secret's value into {place}.",
    7000222: "The client secret has expired. Make a new one in the app registration and put its value into {place}.",
    700027: "The certificate does not belong to the application, or is no longer registered there. Upload the public part of the one "
    "in {place} to the app registration (Certificates & secrets > Certificates).",
    700030: "The certificate in {place} is not one that the application trusts. Upload its public part to the app registration.",
    1000502: "The certificate in {place} is not in force. Make a new one and upload its public part to the app registration.",
    7000214: "The certificate in {place} has been revoked. Make a new one and upload its public part to the app registration.",
    5000611: "The certificate's signature algorithm is not taken. Make a certificate with an RSA key of 2048 bits or more.",
    700024: _CLOCK,
    700021: _NOT_FEDERATED,
    700211: _NOT_FEDERATED,
    700212: _NOT_FEDERATED,
    700213: _NOT_FEDERATED,
    70021: _NOT_FEDERATED,
    700016: _NO_CLIENT,
    700038: "ENTRA_CLIENT_ID is not an application's id. Copy it from the app registration's Overview.",
    7000112: "The application is disabled. Enable it in Entra admin center > Enterprise applications > Properties.",
    7000229: "The application has no service principal in the tenant. Have an administrator grant consent.",
    90002: _NO_TENANT,
    90072: _NO_TENANT,
    900021: _NO_TENANT,
    900023: "ENTRA_TENANT_ID is not a tenant id. Copy it from Entra admin center > Overview.",
    50034: "ENTRA_TENANT_ID and ENTRA_CLIENT_ID do not belong together. Check both.",
    50059: _NO_TENANT,
    53003: _BLOCKED,
    530034: _BLOCKED,
    1100001: _BLOCKED,
    70011: _NO_GRAPH,
    500011: _NO_GRAPH,
    501051: "The application requires an assignment. Set 'Assignment required?' to No in Enterprise applications > Properties.",
}
"""What to do, by number. ``{place}`` is where the secret or certificate came from."""

_OTHERWISE = "Check ENTRA_TENANT_ID, ENTRA_CLIENT_ID, {place} and ENTRA_AUTHORITY."
_CODE = re.compile(r"AADSTS(\d{1,10})(?!\d):?\s*")
_TRACE = re.compile(r"\s+Trace ID:")


@dataclass(frozen=True, slots=True)
class Said:
    """What Entra ID said: its number (None where there was none) and its own sentence, without what only its support needs."""

    code: int | None
    sentence: str


def said(text: str) -> Said:
    """What the text of an answer, or of an exception of azure-identity, says."""
    found = _CODE.search(text)
    rest = text[found.end() :] if found else text.removeprefix("Authentication failed: ")
    lines = without_trace(rest).strip().splitlines()
    return Said(number(text), lines[0].strip() if lines else "No reason given.")


def number(text: str) -> int | None:
    """The number after the first ``AADSTS`` of ``text``, None where there is none."""
    found = _CODE.search(text)
    return int(found[1]) if found else None


def without_trace(text: str) -> str:
    """``text`` up to what only Microsoft's support needs."""
    return _TRACE.split(text, maxsplit=1)[0]


def advice(code: int | None, place: str) -> str:
    """What to do about the refusal ``code`` of what came from ``place``."""
    return ADVICE.get(code or 0, _OTHERWISE).replace("{place}", place)
