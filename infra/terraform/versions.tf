# Exact versions: facts/ holds the schema of these, and tests compare what is written here with it.
terraform {
  # Ephemeral values and write-only arguments, by which no secret gets into the state.
  required_version = ">= 1.11.0, < 2.0.0"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "5.10.0"
    }
    azapi = {
      source  = "Azure/azapi"
      version = "2.13.0"
    }
    random = {
      source  = "hashicorp/random"
      version = "3.9.1"
    }
  }
}
