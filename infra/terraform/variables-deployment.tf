# What is deployed, and for whom. ../contract.json is the list that the Bicep variant has as well.

variable "environment_name" {
  description = "Name of the environment, from which the names of all resources follow: letters, digits and hyphens."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9-]{1,32}$", var.environment_name))
    error_message = "environment_name has 1 to 32 letters, digits and hyphens."
  }
}

variable "location" {
  description = "Azure region of everything. It must offer the Flex Consumption plan: `az functionapp list-flexconsumption-locations`."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.location) > 0
    error_message = "location is the name of an Azure region, such as westeurope."
  }
}

variable "private_networking" {
  description = "Whether storage and Key Vault are reached through private endpoints only. The app keeps its public address, for notifications."
  type        = bool
  default     = false
  nullable    = false
}

variable "virtual_network_prefix" {
  description = "Address space of the virtual network, /25 or larger, with private_networking."
  type        = string
  default     = "10.0.0.0/24"
  nullable    = false

  validation {
    condition     = can(cidrsubnet(var.virtual_network_prefix, 2, 1)) && can(regex("/([89]|1[0-9]|2[0-5])$", var.virtual_network_prefix))
    error_message = "virtual_network_prefix is an address space of IPv4 from /8 to /25, such as 10.0.0.0/24."
  }
}

variable "api_client_id" {
  description = "Client id of the app registration that stands for the operations API. Empty: callers have function keys."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.api_client_id == "" || can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", var.api_client_id))
    error_message = "api_client_id is a GUID, or empty."
  }
}

variable "alert_email" {
  description = "Who is told of alerts, by e-mail. Empty: they are seen in the portal only."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.alert_email == "" || can(regex("^[^@ ]+@[^@ ]+$", var.alert_email))
    error_message = "alert_email is one address, or empty."
  }
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.log_retention_days >= 30 && var.log_retention_days <= 730 && floor(var.log_retention_days) == var.log_retention_days
    error_message = "log_retention_days is a whole number from 30 to 730."
  }
}

variable "maximum_instance_count" {
  description = "Most instances of the app."
  type        = number
  default     = 40
  nullable    = false

  validation {
    condition     = var.maximum_instance_count >= 40 && var.maximum_instance_count <= 1000 && floor(var.maximum_instance_count) == var.maximum_instance_count
    error_message = "maximum_instance_count is a whole number from 40 to 1000."
  }
}

variable "instance_memory_mb" {
  description = "Memory of an instance, in MB."
  type        = number
  default     = 2048
  nullable    = false

  validation {
    condition     = contains([2048, 4096], var.instance_memory_mb)
    error_message = "instance_memory_mb is 2048 or 4096."
  }
}

variable "http_always_ready" {
  description = "Instances that are kept warm for HTTP: Graph wants notifications answered within three seconds. 0 saves their price."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.http_always_ready >= 0 && var.http_always_ready <= 20 && floor(var.http_always_ready) == var.http_always_ready
    error_message = "http_always_ready is a whole number from 0 to 20."
  }
}

variable "deployer_principal_id" {
  description = "Object id of who deploys and sets up: may write secrets, and read what the app keeps. Empty: nobody but the app is given roles."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.deployer_principal_id == "" || can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", var.deployer_principal_id))
    error_message = "deployer_principal_id is a GUID, or empty."
  }
}

variable "deployer_principal_type" {
  description = "What deployer_principal_id is."
  type        = string
  default     = "User"
  nullable    = false

  validation {
    condition     = contains(["User", "Group", "ServicePrincipal"], var.deployer_principal_type)
    error_message = "deployer_principal_type is User, Group or ServicePrincipal."
  }
}
