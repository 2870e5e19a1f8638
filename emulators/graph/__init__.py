"""Microsoft Graph and the Entra sign-in endpoints."""
