# The Function App on Flex Consumption.
#
# Not azurerm_function_app_flex_consumption: in the pinned version it adds an AzureWebJobsStorage of its own, which the host prefers to
# the identity, and it cannot say with which identity Key Vault references are read
# (https://github.com/hashicorp/terraform-provider-azurerm/issues/29149 and /28928).

resource "azurerm_service_plan" "this" {
  name                = "plan-${local.suffix}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  os_type             = "Linux"
  sku_name            = "FC1"
  tags                = local.tags
}

resource "azapi_resource" "app" {
  type                 = "Microsoft.Web/sites@2024-11-01"
  name                 = "func-${local.suffix}"
  parent_id            = azurerm_resource_group.this.id
  location             = azurerm_resource_group.this.location
  tags                 = merge(local.tags, { "azd-service-name" = "connector" })
  ignore_null_property = true

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.app.id]
  }

  body = {
    kind = "functionapp,linux"
    properties = {
      serverFarmId              = azurerm_service_plan.this.id
      httpsOnly                 = true
      keyVaultReferenceIdentity = azurerm_user_assigned_identity.app.id
      # Microsoft Graph calls from outside, whatever else is private.
      publicNetworkAccess    = "Enabled"
      virtualNetworkSubnetId = var.private_networking ? azurerm_subnet.app[0].id : null
      siteConfig = {
        minTlsVersion = "1.2"
        http20Enabled = true
      }
      functionAppConfig = {
        deployment = {
          storage = {
            type  = "blobContainer"
            value = "${azurerm_storage_account.this.primary_blob_endpoint}${local.deployment_container}"
            authentication = {
              type                           = "UserAssignedIdentity"
              userAssignedIdentityResourceId = azurerm_user_assigned_identity.app.id
            }
          }
        }
        runtime = {
          name    = "python"
          version = "3.13"
        }
        scaleAndConcurrency = {
          maximumInstanceCount = var.maximum_instance_count
          instanceMemoryMB     = var.instance_memory_mb
          alwaysReady          = [for count in [var.http_always_ready] : { name = "http", instanceCount = count } if count > 0]
        }
      }
    }
  }

  response_export_values = ["properties.defaultHostName"]

  depends_on = [azurerm_role_assignment.app, azurerm_storage_container.this]
}

locals {
  app_url = "https://${azapi_resource.app.output.properties.defaultHostName}"
}

# Packages come in with Entra tokens, never with a password.
resource "azapi_update_resource" "publishing" {
  for_each = toset(["ftp", "scm"])

  type      = "Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01"
  name      = each.key
  parent_id = azapi_resource.app.id
  # One after the other: Azure refuses a change of an app while another is under way.
  locks = [azapi_resource.app.id]

  body = {
    properties = {
      allow = false
    }
  }
}
