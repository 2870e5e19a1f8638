# Private networking: the app reaches storage and Key Vault through private endpoints, and nobody else reaches them at all.

locals {
  # Key Vault has its zone under another name than its addresses: vaultcore for vault.
  private_endpoints = {
    blob  = { resource_id = azurerm_storage_account.this.id, zone = "privatelink.blob.${local.storage_suffix}" }
    queue = { resource_id = azurerm_storage_account.this.id, zone = "privatelink.queue.${local.storage_suffix}" }
    vault = { resource_id = azurerm_key_vault.this.id, zone = "privatelink.vaultcore.${local.key_vault_suffix}" }
  }
  endpoints = { for service, one in local.private_endpoints : service => one if var.private_networking }
}

resource "azurerm_virtual_network" "this" {
  count = var.private_networking ? 1 : 0

  name                = "vnet-${local.suffix}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  address_space       = [var.virtual_network_prefix]
  tags                = local.tags
}

resource "azurerm_subnet" "app" {
  count = var.private_networking ? 1 : 0

  name                 = "app"
  resource_group_name  = azurerm_resource_group.this.name
  virtual_network_name = azurerm_virtual_network.this[0].name
  address_prefixes     = [cidrsubnet(var.virtual_network_prefix, 2, 0)]
  # Microsoft Graph and sign-in are outside. ../README.md says when a NAT gateway is better.
  default_outbound_access_enabled = true

  delegation {
    name = "flex-consumption"

    service_delegation {
      name = "Microsoft.App/environments"
      # Azure adds it by itself, and each plan would want to take it away.
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_subnet" "private_endpoints" {
  count = var.private_networking ? 1 : 0

  name                              = "private-endpoints"
  resource_group_name               = azurerm_resource_group.this.name
  virtual_network_name              = azurerm_virtual_network.this[0].name
  address_prefixes                  = [cidrsubnet(var.virtual_network_prefix, 2, 1)]
  private_endpoint_network_policies = "Enabled"
}

resource "azurerm_private_dns_zone" "this" {
  for_each = local.endpoints

  name                = each.value.zone
  resource_group_name = azurerm_resource_group.this.name
  tags                = local.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  for_each = local.endpoints

  name                 = "${azurerm_virtual_network.this[0].name}-${each.key}"
  private_dns_zone_id  = azurerm_private_dns_zone.this[each.key].id
  virtual_network_id   = azurerm_virtual_network.this[0].id
  registration_enabled = false
  tags                 = local.tags
}

resource "azurerm_private_endpoint" "this" {
  for_each = local.endpoints

  name                = "pe-${azurerm_virtual_network.this[0].name}-${each.key}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  subnet_id           = azurerm_subnet.private_endpoints[0].id
  tags                = local.tags

  private_service_connection {
    name                           = each.key
    private_connection_resource_id = each.value.resource_id
    subresource_names              = [each.key]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.this[each.key].id]
  }
}
