"""Entra ID's refusals when people sign in. Texts without a source in documents were published in issues (2022 to 2025)."""

from __future__ import annotations

from emulators.graph.service.aadsts import SignInError


def pending() -> SignInError:
    """Nobody has entered the code yet."""
    text = "OAuth 2.0 device flow error. Authorization is pending. Continue polling."
    return SignInError(400, "authorization_pending", 70016, text)


def too_often() -> SignInError:
    """Asked again before the interval was over. The error is RFC 8628's; number and text are the emulator's choice."""
    return SignInError(400, "slow_down", 70016, "OAuth 2.0 device flow error. Polling is too frequent.")


def declined() -> SignInError:
    """The person did not want to. The error is documented, the number is that of a declined consent."""
    return SignInError(400, "authorization_declined", 65004, "The end user denied the authorization request.")


def bad_code() -> SignInError:
    """A device code that was never given out, or was used."""
    return SignInError(400, "bad_verification_code", 70018, "Invalid verification code. Authorization isn't approved.")


def expired() -> SignInError:
    """A device code that nobody entered in time."""
    text = "The provided value for the input parameter 'device_code' is not valid. This device code has expired."
    return SignInError(400, "expired_token", 70020, text)


def unknown_user_code() -> SignInError:
    """A code that a person typed wrong, or too late."""
    return SignInError(400, "invalid_request", 70018, "That code didn't work. Check the code and try again.")


def not_public(client_id: str) -> SignInError:
    """A confidential application where there can be no secret."""
    text = (
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'. Application "
        f"'{client_id}' does not allow public client flows."
    )
    return SignInError(401, "invalid_client", 7000218, text)


def not_preauthorized(client: str, resource: str) -> SignInError:
    """One of Microsoft's applications that asks for what it was not built for."""
    text = (
        f"Consent between first party application '{client}' and first party resource '{resource}' must be configured "
        "via preauthorization - applications owned and operated by Microsoft must get approval from the API owner "
        "before requesting tokens for that API."
    )
    return SignInError(400, "invalid_request", 65002, text)


def needs_administrator(name: str) -> SignInError:
    """Permissions that this person cannot consent to."""
    text = f"{name} needs permission to access resources in your organization that only an admin can grant."
    return SignInError(400, "invalid_request", 90094, text)


def not_consented(client_id: str, name: str) -> SignInError:
    """A refresh token used for what nobody has consented to."""
    text = (
        f"The user or administrator has not consented to use the application with ID '{client_id}' named '{name}'. Send "
        "an interactive authorization request for this user and resource."
    )
    return SignInError(400, "invalid_grant", 65001, text)


def bad_refresh_token() -> SignInError:
    """A refresh token that was not issued here, to this application."""
    return SignInError(400, "invalid_grant", 70000, "Provided grant is invalid or malformed.")


def expired_refresh_token() -> SignInError:
    """A refresh token that nobody has used for too long."""
    text = (
        "The refresh token has expired due to inactivity. Send a new interactive authorization request for this user."
    )
    return SignInError(400, "invalid_grant", 700082, text)
