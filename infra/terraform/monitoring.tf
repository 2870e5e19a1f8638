# Where logs and telemetry go. Nobody sends anything with a key: the app signs in.

resource "azurerm_log_analytics_workspace" "this" {
  name                            = "log-${local.suffix}"
  resource_group_name             = azurerm_resource_group.this.name
  location                        = azurerm_resource_group.this.location
  sku                             = "PerGB2018"
  retention_in_days               = var.log_retention_days
  local_authentication_enabled    = false
  allow_resource_only_permissions = true
  tags                            = local.tags
}

resource "azurerm_application_insights" "this" {
  name                         = "appi-${local.suffix}"
  resource_group_name          = azurerm_resource_group.this.name
  location                     = azurerm_resource_group.this.location
  application_type             = "web"
  workspace_id                 = azurerm_log_analytics_workspace.this.id
  local_authentication_enabled = false
  tags                         = local.tags
}

# Deletions only: the connector replaces small blobs all day long, and each of those would be a line.
resource "azurerm_monitor_diagnostic_setting" "deletions" {
  name                       = "deletions"
  target_resource_id         = "${azurerm_storage_account.this.id}/blobServices/default"
  log_analytics_workspace_id = azurerm_log_analytics_workspace.this.id

  enabled_log {
    category = "StorageDelete"
  }
}

resource "azurerm_monitor_diagnostic_setting" "audit" {
  name                       = "audit"
  target_resource_id         = azurerm_key_vault.this.id
  log_analytics_workspace_id = azurerm_log_analytics_workspace.this.id

  enabled_log {
    category_group = "audit"
  }
}
