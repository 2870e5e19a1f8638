"""Admin consent: an administrator is sent to Microsoft Entra ID, comes back, and sees what the connector may do now."""
