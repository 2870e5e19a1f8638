# What everything is called, and in which of Microsoft's clouds it is.

data "azurerm_client_config" "current" {}

locals {
  tags = { "azd-env-name" = var.environment_name }

  # The same for the same subscription, environment and region, and no other.
  suffix = substr(sha256("${data.azurerm_client_config.current.subscription_id}/${var.environment_name}/${lower(replace(var.location, " ", ""))}"), 0, 13)

  storage_account_name = "st${local.suffix}"
  key_vault_name       = "kv-${local.suffix}"

  # As the connector writes it in the names of blobs.
  tenant_id = lower(var.tenant_id == "" ? data.azurerm_client_config.current.tenant_id : var.tenant_id)

  # The cloud of the subscription shows in the addresses that it gives.
  clouds = {
    "core.windows.net"       = { name = "public", login = "https://login.microsoftonline.com/" }
    "core.usgovcloudapi.net" = { name = "us_government", login = "https://login.microsoftonline.us/" }
    "core.chinacloudapi.cn"  = { name = "china", login = "https://login.partner.microsoftonline.cn/" }
  }
  storage_suffix   = trimprefix(azurerm_storage_account.this.primary_blob_host, "${local.storage_account_name}.blob.")
  key_vault_suffix = trimsuffix(trimprefix(azurerm_key_vault.this.vault_uri, "https://${local.key_vault_name}.vault."), "/")
  cloud            = local.clouds[local.storage_suffix]
}

resource "azurerm_resource_group" "this" {
  name     = "rg-${var.environment_name}"
  location = var.location
  tags     = local.tags
}
