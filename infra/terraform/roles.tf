# Who may do what; ../contract.json says why.

locals {
  app_roles = {
    blobs     = { role = "Storage Blob Data Owner", scope = azurerm_storage_account.this.id }
    queues    = { role = "Storage Queue Data Contributor", scope = azurerm_storage_account.this.id }
    secrets   = { role = "Key Vault Secrets User", scope = azurerm_key_vault.this.id }
    telemetry = { role = "Monitoring Metrics Publisher", scope = azurerm_application_insights.this.id }
  }

  deployer_roles = {
    secrets      = { role = "Key Vault Secrets Officer", scope = azurerm_key_vault.this.id, given = true }
    certificates = { role = "Key Vault Certificates Officer", scope = azurerm_key_vault.this.id, given = var.auth_mode == "certificate" }
    blobs        = { role = "Storage Blob Data Reader", scope = azurerm_storage_container.this[local.container].id, given = true }
  }
}

resource "azurerm_role_assignment" "app" {
  for_each = local.app_roles

  scope                = each.value.scope
  role_definition_name = each.value.role
  principal_id         = azurerm_user_assigned_identity.app.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "deployer" {
  for_each = { for name, one in local.deployer_roles : name => one if one.given && var.deployer_principal_id != "" }

  scope                = each.value.scope
  role_definition_name = each.value.role
  principal_id         = var.deployer_principal_id
  principal_type       = var.deployer_principal_type
}
