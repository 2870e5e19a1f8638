"""What Microsoft Entra ID says when it sends an administrator back: consent, or why not.

Nothing protects what comes: anybody can call the address with anything. So it decides nothing but which page is shown; whether
there is consent a token tells. Both endpoints for consent are understood, of which the older names a refusal ``permission_denied``:
https://learn.microsoft.com/entra/identity-platform/v2-admin-consent#error-response and
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#error-response
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from connector.credentials.aadsts import number, without_trace

_LONGEST_STATED = 500  # characters of what is shown of Microsoft's own sentence


class Reason(StrEnum):
    """Why there is no consent."""

    CANCELLED = "cancelled"
    NOT_ADMINISTRATOR = "not_administrator"
    OTHER = "other"


# https://learn.microsoft.com/entra/identity-platform/reference-error-codes#directory-authentication-errors
_REASONS = {
    65004: Reason.CANCELLED,  # UserDeclinedConsent
    90093: Reason.NOT_ADMINISTRATOR,  # GraphUserUnauthorized: the user may not
    90094: Reason.NOT_ADMINISTRATOR,  # AdminConsentRequired
}
_CANCELLING = frozenset({"permission_denied", "access_denied"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """There is no consent.

    Attributes:
        reason: as far as it can be told.
        code: the number after AADSTS, None where there is none.
        stated: Microsoft's sentence, or whatever somebody has put there: never to be trusted, and shown only where the state is good.
    """

    reason: Reason
    code: int | None
    stated: str


@dataclass(frozen=True, slots=True)
class Consented:
    """Somebody says that there is consent, in the tenant named ``tenant``."""

    tenant: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """What came is neither: somebody has opened the address by itself."""


def read_answer(params: Mapping[str, str]) -> Refusal | Consented | NoAnswer:
    """What the parameters of the address say. A refusal counts before anything else, because it says ``admin_consent=True``, too."""
    if any(name.startswith("error") for name in params):
        return _refusal(params.get("error", ""), params.get("error_description", ""))
    if params.get("admin_consent", "").lower() == "true" and params.get("tenant"):
        return Consented(params["tenant"])
    return NoAnswer()


def _refusal(error: str, description: str) -> Refusal:
    code = number(description)
    reason = _REASONS.get(code) if code else None
    if reason is None:
        reason = Reason.CANCELLED if error.lower() in _CANCELLING else Reason.OTHER
    stated = without_trace(description)[:_LONGEST_STATED]
    stated = "".join(letter if letter.isprintable() else " " for letter in stated)
    return Refusal(reason, code, " ".join(stated.split()))
