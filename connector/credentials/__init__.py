"""How the connector signs in: to Microsoft Graph as its app registration, and to the platform's own services (storage, Key Vault)."""

from connector.credentials.opening import open_credential
from connector.credentials.platform import platform_credential
from connector.credentials.signing_in import SignIn

__all__ = ["SignIn", "open_credential", "platform_credential"]
