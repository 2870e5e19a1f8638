# The storage account: what the connector keeps, its queues, and the package that the app runs. Nobody gets in with a key.

locals {
  container            = "entra"
  deployment_container = "deployments"

  own_queues = ["entra-sync", "entra-changes", "entra-lifecycle", "entra-operations"]
  # The host would make a poison queue when it first needs it. One that is there already can be watched from the beginning.
  poison_queues = [for queue in local.own_queues : "${queue}-poison"]
  queues        = toset(concat(local.own_queues, local.poison_queues, var.changes_output_queue == "" ? [] : [var.changes_output_queue]))
}

resource "azurerm_storage_account" "this" {
  name                            = local.storage_account_name
  resource_group_name             = azurerm_resource_group.this.name
  location                        = azurerm_resource_group.this.location
  account_kind                    = "StorageV2"
  account_tier                    = "Standard"
  account_replication_type        = "LRS"
  access_tier                     = "Hot"
  min_tls_version                 = "TLS1_2"
  https_traffic_only_enabled      = true
  shared_access_key_enabled       = false
  default_to_oauth_authentication = true
  local_user_enabled              = false

  allow_nested_items_to_be_public  = false
  cross_tenant_replication_enabled = false
  public_network_access            = var.private_networking ? "Disabled" : "Enabled"
  tags                             = local.tags

  network_rules {
    default_action = var.private_networking ? "Deny" : "Allow"
    # What carries the lifecycle rules out is one of the services that Azure trusts; without this, a closed account stops them.
    bypass = ["AzureServices"]
  }

  # No versions: checkpoints, lines and current.json are replaced all the time, and what is appended to the audit makes none. What was
  # overwritten or deleted by mistake can be had back for a week.
  blob_properties {
    versioning_enabled = false

    delete_retention_policy {
      days = 7
    }

    container_delete_retention_policy {
      days = 7
    }
  }
}

resource "azurerm_storage_container" "this" {
  for_each = toset([local.container, local.deployment_container])

  name                  = each.key
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}

resource "azurerm_storage_queue" "this" {
  for_each = local.queues

  name               = each.key
  storage_account_id = azurerm_storage_account.this.id
}

# Neither rule touches what is in force, however old it is: that may be a snapshot, a segment of the journal, a record or the audit.
# Everything else that is over the connector removes itself.
resource "azurerm_storage_management_policy" "this" {
  storage_account_id = azurerm_storage_account.this.id

  # Copies that somebody has made, by hand or by turning versioning on; never the blob itself.
  rule {
    name    = "forgotten-versions"
    enabled = true

    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["${local.container}/"]
    }

    actions {
      version {
        delete_after_days_since_creation = 30
      }

      snapshot {
        delete_after_days_since_creation_greater_than = 30
      }
    }
  }

  # How many operations were accepted within an hour; nobody looks at it after that hour.
  rule {
    name    = "used-up-hours"
    enabled = true

    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["${local.container}/${local.tenant_id}/operations/hours/"]
    }

    actions {
      base_blob {
        delete_after_days_since_modification_greater_than = 7
      }
    }
  }
}
