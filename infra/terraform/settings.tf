# What the app is told. ../contract.json says what for, and which settings are left at their default.

locals {
  # What the host reads. It opens storage with the identity, because shared keys are off.
  host_settings = {
    AzureWebJobsStorage__credential           = "managedidentity"
    AzureWebJobsStorage__clientId             = azurerm_user_assigned_identity.app.client_id
    AzureWebJobsStorage__blobServiceUri       = azurerm_storage_account.this.primary_blob_endpoint
    AzureWebJobsStorage__queueServiceUri      = azurerm_storage_account.this.primary_queue_endpoint
    APPLICATIONINSIGHTS_CONNECTION_STRING     = azurerm_application_insights.this.connection_string
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING = "ClientId=${azurerm_user_assigned_identity.app.client_id};Authorization=AAD"
    # 8 MiB: the connector itself takes 2 MiB of operations and 4 MiB of notifications.
    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT = "8388608"
  }

  # What the connector reads, where it differs from the default or an operator may want to change it.
  connector_settings = {
    ENTRA_TENANT_ID          = local.tenant_id
    ENTRA_CLOUD              = var.entra_cloud == "" ? local.cloud.name : var.entra_cloud
    ENTRA_AUTH               = var.auth_mode
    ENTRA_CLIENT_ID          = var.client_id
    ENTRA_CLIENT_SECRET_NAME = var.auth_mode == "client_secret" ? var.key_vault_secret_name : ""
    ENTRA_CERTIFICATE_NAME   = var.auth_mode == "certificate" ? var.key_vault_certificate_name : ""
    AZURE_CLIENT_ID          = azurerm_user_assigned_identity.app.client_id
    KEY_VAULT                = azurerm_key_vault.this.vault_uri
    CONNECT_STATE_KEY        = "@Microsoft.KeyVault(SecretUri=${local.connect_state_key_uri})"
    STORAGE_CONTAINER        = local.container
    NOTIFICATION_URL         = var.notification_url == "" ? local.app_url : var.notification_url
    SYNC_SCHEDULE            = var.sync_schedule
    INCREMENTAL_SCHEDULE     = var.incremental_schedule
    SKIP_AD_GROUPS           = tostring(var.skip_ad_groups)
    SKIP_UNASSIGNED_APPS     = tostring(var.skip_unassigned_apps)
    SIGN_IN_ACTIVITY         = tostring(var.sign_in_activity)
    MAILBOX_PURPOSE          = tostring(var.mailbox_purpose)
    INHERITED_GRANTS         = var.inherited_grants
    GRAPH_BUDGET_PERCENT     = tostring(var.graph_budget_percent)
    CHANGES_OUTPUT_QUEUE     = var.changes_output_queue
    PROVISIONING_ENABLED     = tostring(var.provisioning_enabled)
    BREAK_GLASS_ACCOUNTS     = var.break_glass_accounts
    OPERATIONS_PER_HOUR      = tostring(var.operations_per_hour)
  }
}

# After the app, because its address is not known before. Azure neither creates nor deletes the settings of an app by themselves:
# hence an update, which replaces them all.
resource "azapi_update_resource" "settings" {
  type      = "Microsoft.Web/sites/config@2024-11-01"
  name      = "appsettings"
  parent_id = azapi_resource.app.id
  locks     = [azapi_resource.app.id]

  body = {
    properties = merge(local.host_settings, local.connector_settings, var.extra_settings)
  }

  # Without the key and the right to read it, its reference would stay unresolved until Azure looks again.
  depends_on = [azapi_resource_action.connect_state_key]
}
