# What setup and operations need to know. None of it is a secret.

output "function_app_name" {
  description = "Name of the Function App, to which the code is published."
  value       = azapi_resource.app.name
}

output "function_app_url" {
  description = "Public address of the Function App."
  value       = local.app_url
}

output "identity_principal_id" {
  description = "Object id of the identity of the app: who is granted permissions on Microsoft Graph with auth_mode managed_identity."
  value       = azurerm_user_assigned_identity.app.principal_id
}

output "identity_client_id" {
  description = "Client id of the identity of the app."
  value       = azurerm_user_assigned_identity.app.client_id
}

output "storage_account_name" {
  description = "Name of the storage account that holds everything."
  value       = azurerm_storage_account.this.name
}

output "key_vault_name" {
  description = "Name of the Key Vault, into which setup puts the client secret or the certificate."
  value       = azurerm_key_vault.this.name
}

output "key_vault_uri" {
  description = "Address of the Key Vault."
  value       = azurerm_key_vault.this.vault_uri
}

output "resource_group_name" {
  description = "Name of the resource group that holds all of it."
  value       = azurerm_resource_group.this.name
}

output "application_insights_name" {
  description = "Name of the Application Insights component."
  value       = azurerm_application_insights.this.name
}
