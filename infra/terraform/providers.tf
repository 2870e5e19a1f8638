# Which subscription and which cloud: ARM_SUBSCRIPTION_ID and ARM_ENVIRONMENT, which both providers read.

provider "azurerm" {
  # Shared keys are off.
  storage_use_azuread = true

  resource_provider_registrations = "none"
  resource_providers_to_register = [
    "Microsoft.App",
    "Microsoft.Authorization",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.Storage",
    "Microsoft.Web",
  ]

  features {
    storage {
      # Everything is made through Azure Resource Manager, so that it works from outside a private network, too.
      data_plane_available = false
    }

    key_vault {
      # Purge protection forbids it. A vault of the same name that was deleted is taken up again.
      purge_soft_delete_on_destroy    = false
      recover_soft_deleted_key_vaults = true
    }

    application_insights {
      # Azure would add an alert and an action group that nobody asked for, and that destroying would trip over.
      disable_generated_rule = true
    }
  }
}

provider "azapi" {}
