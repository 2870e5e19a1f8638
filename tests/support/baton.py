"""What a baton-microsoft-entra deployment has in its Secret."""

from __future__ import annotations

from tests.support.snapshots import TENANT

CLIENT = "6f5a7f7e-0d5c-4b3f-9a53-2f4b1f0b7c11"
STORAGE = {"AzureWebJobsStorage__accountName": "contoso"}
SECRET = {
    "BATON_CLIENT_ID": "angry-otter-12345@contoso.conductor.one/ccc",
    "BATON_CLIENT_SECRET": "the-service's-own",
    "BATON_ENTRA_TENANT_ID": TENANT,
    "BATON_ENTRA_CLIENT_ID": CLIENT,
    "BATON_ENTRA_CLIENT_SECRET": "not-a-real-secret",
    "BATON_PROVISIONING": "true",
    "BATON_SKIP_AD_GROUPS": "True",
    "BATON_INCLUDE_ON_PREM_GROUP_MEMBERS": "true",
    "BATON_SKIP_UNASSIGNED_APPS": "t",
    "BATON_SIGN_IN_ACTIVITY": "1",
    "BATON_GRAPH_DOMAIN": "graph.microsoft.us",
    "BATON_ENABLE_AUDIT_LOG_FEED": "false",
}
"""As the documentation of that connector has it, with its switches as Go writes them."""
