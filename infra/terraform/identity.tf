# The one identity of the app: as it, the host opens storage and its package, and the connector opens storage, Key Vault and,
# with auth_mode managed_identity, Microsoft Graph.

resource "azurerm_user_assigned_identity" "app" {
  name                = "id-${local.suffix}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tags                = local.tags
}
