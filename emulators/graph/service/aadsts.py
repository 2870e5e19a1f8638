"""Entra ID's refusals at the sign-in endpoints: HTTP status, OAuth error, AADSTS number and text.

Numbers and texts: the Entra error code reference and, where it is silent, bodies that were published in issues. Clients
decide on ``error`` and the number; texts change.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from emulators.graph.service.clock import Clock
from emulators.graph.service.messages import Reply

_LEARN = "https://learn.microsoft.com/entra"


class SignInError(Exception):
    """A refusal of Entra ID."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.error = error
        self.number = number
        self.text = text

    def reply(self, clock: Clock, correlation_id: str) -> Reply:
        """The documented error body."""
        trace_id, timestamp = str(uuid.uuid4()), clock.utc().strftime("%Y-%m-%d %H:%M:%SZ")
        description = (
            f"AADSTS{self.number}: {self.text} Trace ID: {trace_id} "
            f"Correlation ID: {correlation_id} Timestamp: {timestamp}"
        )
        return Reply(
            self.status,
            {
                "error": self.error,
                "error_description": description,
                "error_codes": [self.number],
                "timestamp": timestamp,
                "trace_id": trace_id,
                "correlation_id": correlation_id,
                "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
            },
        )


def malformed_tenant(name: str) -> SignInError:
    """Neither a GUID nor a domain."""
    text = f"Specified tenant identifier '{name}' is neither a valid DNS name, nor a valid external domain."
    return SignInError(400, "invalid_request", 900023, text)


def unknown_tenant(name: str) -> SignInError:
    """A tenant that is not this one."""
    text = (
        f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the tenant."
    )
    return SignInError(400, "invalid_request", 90002, text)


def missing_parameter(name: str) -> SignInError:
    """A field of the form that is not there, or empty."""
    return SignInError(
        400, "invalid_request", 900144, f"The request body must contain the following parameter: '{name}'."
    )


def unsupported_grant(grant_type: str) -> SignInError:
    """Another grant than client credentials, the only one that is emulated."""
    return SignInError(
        400, "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant_type}'."
    )


def invalid_scope(scope: str) -> SignInError:
    """A scope that is not one resource and ``/.default``."""
    text = (
        "The provided request must include a 'scope' input parameter. The provided value for the input parameter "
        f"'scope' is not valid. The scope {scope} is not valid."
    )
    return SignInError(400, "invalid_scope", 70011, text)


def several_resources(scope: str) -> SignInError:
    """Scopes of more than one resource."""
    text = (
        "The provided value for the input parameter 'scope' is not valid because it contains more than one resource. "
        f"Scope {scope} is not valid."
    )
    return SignInError(400, "invalid_scope", 700022, text)


def unknown_resource(resource: str, tenant: str) -> SignInError:
    """A resource that is not in the tenant."""
    text = (
        f"The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You might have sent your authentication request to the wrong tenant."
    )
    return SignInError(400, "invalid_resource", 500011, text)


def unknown_application(client_id: str, tenant: str) -> SignInError:
    """An application that is not in the tenant."""
    text = (
        f"Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You may have sent your authentication request to the wrong tenant."
    )
    return SignInError(400, "unauthorized_client", 700016, text)


def disabled_application(client_id: str, name: str) -> SignInError:
    """An application whose service principal has ``accountEnabled`` false."""
    return SignInError(400, "unauthorized_client", 7000112, f"Application '{client_id}'({name}) is disabled.")


def no_credential() -> SignInError:
    """Neither secret nor assertion."""
    text = "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."
    return SignInError(401, "invalid_client", 7000216, text)


def no_assertion() -> SignInError:
    """The type of an assertion without the assertion."""
    text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
    return SignInError(401, "invalid_client", 7000218, text)


def wrong_secret(client_id: str) -> SignInError:
    """A secret that the application does not have."""
    text = (
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
        f"the client secret ID, for a secret added to app '{client_id}'."
    )
    return SignInError(401, "invalid_client", 7000215, text)


def expired_secret(client_id: str) -> SignInError:
    """A secret that was valid once."""
    text = (
        f"The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create new keys "
        "for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: "
        "https://aka.ms/certCreds."
    )
    return SignInError(401, "invalid_client", 7000222, text)


def malformed_assertion() -> SignInError:
    """An assertion that is no signed JSON Web Token."""
    return SignInError(400, "invalid_request", 50027, "JWT token is invalid or malformed.")


def bad_signature(reason: str) -> SignInError:
    """An assertion that no key of the application signed; ``reason`` begins as in Entra ID's text."""
    return SignInError(
        401, "invalid_client", 700027, f"Client assertion contains an invalid signature. [Reason - {reason}]"
    )


def other_application() -> SignInError:
    """An assertion of another application than the form names."""
    text = "Client assertion application identifier doesn't match 'client_id' parameter."
    return SignInError(401, "invalid_client", 700021, text)


def wrong_assertion_audience(audience: str, realm: str) -> SignInError:
    """An assertion that was made for another endpoint."""
    text = (
        f"Client assertion audience claim '{audience}' does not match Realm issuer '{realm}'. Review the documentation "
        f"at {_LEARN}/identity-platform/certificate-credentials ."
    )
    return SignInError(401, "invalid_client", 700023, text)


def assertion_out_of_time(now: float, starts: float, ends: float) -> SignInError:
    """An assertion that is too old, or not valid yet."""
    text = (
        f"Client assertion is not within its valid time range. Current time: {_time(now)}, assertion valid from "
        f"{_time(starts)}, expiry time of assertion {_time(ends)}. Review the documentation at "
        f"{_LEARN}/identity-platform/certificate-credentials ."
    )
    return SignInError(401, "invalid_client", 700024, text)


def no_federation() -> SignInError:
    """A foreign token where the application trusts nobody's."""
    return SignInError(
        401, "invalid_client", 70025, "Client application has no configured federated identity credentials."
    )


def no_federation_for(number: int, what: str, value: str) -> SignInError:
    """A foreign token that no federated credential matches: 700211 issuer, 700213 subject, 700212 audience."""
    text = (
        f"No matching federated identity record found for presented assertion {what} '{value}'. Check your federated "
        "identity credential Subject, Audience and Issuer against the presented assertion. "
        f"{_LEARN}/workload-id/workload-identity-federation"
    )
    return SignInError(401, "invalid_client", number, text)


def subject_differs_in_case(subject: str) -> SignInError:
    """A subject that differs from the credential's in case only."""
    text = (
        f"No matching federated identity record found for presented assertion subject '{subject}'. The subject matches "
        "with case-insensitive comparison, but not with case-sensitive comparison. Check your federated identity "
        "credential Subject, Audience and Issuer against the presented assertion. "
        f"{_LEARN}/workload-id/workload-identity-federation"
    )
    return SignInError(401, "invalid_client", 7002138, text)


def no_federation_at_all(issuer: str, subject: str, audience: str) -> SignInError:
    """The answer of 2022, which did not tell what differs."""
    text = (
        f"No matching federated identity record found for presented assertion. Assertion Issuer: '{issuer}'. Assertion "
        f"Subject: '{subject}'. Assertion Audience: '{audience}'. {_LEARN}/workload-id/workload-identity-federation"
    )
    return SignInError(400, "invalid_request", 70021, text)


def issuer_unreachable() -> SignInError:
    """The other identity provider's keys cannot be had."""
    return SignInError(400, "invalid_request", 50166, "Request to External OIDC endpoint failed.")


def unregistered_redirect(address: str, client_id: str) -> SignInError:
    """An address for the answer that the application has not registered, to the letter."""
    text = (
        f"The redirect URI '{address}' specified in the request does not match the redirect URIs configured for the "
        f"application '{client_id}'. Make sure the redirect URI sent in the request matches one added to your "
        "application in the Azure portal. Navigate to https://aka.ms/redirectUriMismatchError to learn more about how "
        "to troubleshoot this error."
    )
    return SignInError(400, "invalid_request", 50011, text)


def not_multi_tenant(client_id: str, name: str) -> SignInError:
    """An application of one tenant where no tenant is named."""
    text = (
        f"Application '{client_id}'({name}) is not configured as a multi-tenant application. Usage of the /common "
        "endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or configure "
        "the application to be multi-tenant."
    )
    return SignInError(400, "invalid_request", 50194, text)


def misconfigured(client_id: str, why: str) -> SignInError:
    """A registration that asks for what no resource of the tenant offers; ``why`` is the emulator's own."""
    return SignInError(400, "invalid_client", 650056, f"Misconfigured application '{client_id}'. {why}")


def unknown_account(name: str, tenant: str) -> SignInError:
    """A sign-in name that nobody in the tenant has."""
    text = (
        f"User account '{name}' does not exist in tenant '{tenant}' and cannot access the application in that tenant. "
        "The account needs to be added as an external user in the tenant first. Sign out and sign in again with a "
        "different Microsoft Entra user account."
    )
    return SignInError(400, "interaction_required", 50020, text)


def disabled_account() -> SignInError:
    """An account that may not sign in."""
    return SignInError(400, "invalid_grant", 50057, "The user account is disabled.")


def only_administrators() -> SignInError:
    """A consent that the signed-in account may not give."""
    text = (
        "This operation can only be performed by an administrator. Sign out and sign in as an administrator or contact "
        "one of your organization's administrators."
    )
    return SignInError(400, "unauthorized_client", 90093, text)


def declined_consent() -> SignInError:
    """An administrator who was asked and said no."""
    text = "The resource owner or authorization server denied the request."
    return SignInError(400, "consent_required", 65004, text)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
