# The Key Vault: the client secret or certificate, which setup puts there, and the key that signs consents, which is made here.

resource "azurerm_key_vault" "this" {
  name                          = local.key_vault_name
  resource_group_name           = azurerm_resource_group.this.name
  location                      = azurerm_resource_group.this.location
  tenant_id                     = data.azurerm_client_config.current.tenant_id
  sku_name                      = "standard"
  rbac_authorization_enabled    = true
  purge_protection_enabled      = true
  soft_delete_retention_days    = 90
  public_network_access_enabled = !var.private_networking
  tags                          = local.tags

  network_acls {
    # So that the secret below can be written where the vault is private, too.
    bypass         = "AzureServices"
    default_action = var.private_networking ? "Deny" : "Allow"
  }
}

locals {
  connect_state_key     = "connect-state-key"
  connect_state_key_uri = "${azurerm_key_vault.this.vault_uri}secrets/${local.connect_state_key}"
}

ephemeral "random_password" "connect_state_key" {
  length  = 48
  special = false
}

# Written through Azure Resource Manager: whoever deploys needs no role on the vault and no way into a private network. The key is
# neither in the state nor in a plan, and it is written once; README.md says how to replace it. Azure cannot delete a secret this way,
# hence an action and no resource: with the vault, it goes.
resource "azapi_resource_action" "connect_state_key" {
  type        = "Microsoft.KeyVault/vaults/secrets@2024-11-01"
  resource_id = "${azurerm_key_vault.this.id}/secrets/${local.connect_state_key}"
  method      = "PUT"

  body = {
    properties = {
      contentType = "text/plain"
      attributes = {
        enabled = true
      }
    }
  }

  sensitive_body = {
    properties = {
      value = ephemeral.random_password.connect_state_key.result
    }
  }
}
