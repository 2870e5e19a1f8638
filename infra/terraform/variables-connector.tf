# What the connector is told; each becomes a setting of the app.

variable "tenant_id" {
  description = "Id of the Microsoft Entra tenant to read. Empty: the tenant of the subscription."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.tenant_id == "" || can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", var.tenant_id))
    error_message = "tenant_id is a GUID, or empty."
  }
}

variable "entra_cloud" {
  description = "Cloud that the tenant lives in. Empty: the cloud of the subscription. Only us_government_dod has to be said."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = contains(["", "public", "us_government", "us_government_dod", "china"], var.entra_cloud)
    error_message = "entra_cloud is empty, public, us_government, us_government_dod or china."
  }
}

variable "auth_mode" {
  description = "With what the connector signs in to Microsoft Graph. managed_identity needs no secret, and reads the tenant of the subscription."
  type        = string
  default     = "managed_identity"
  nullable    = false

  validation {
    condition     = contains(["managed_identity", "client_secret", "certificate", "workload_identity"], var.auth_mode)
    error_message = "auth_mode is managed_identity, client_secret, certificate or workload_identity."
  }
}

variable "client_id" {
  description = "Application (client) id of the app registration. Empty with managed_identity, which is an application itself."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.client_id == "" || can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", var.client_id))
    error_message = "client_id is a GUID, or empty."
  }

  validation {
    condition     = var.auth_mode == "managed_identity" || var.client_id != ""
    error_message = "client_id is needed with every auth_mode but managed_identity."
  }
}

variable "key_vault_secret_name" {
  description = "Name of the secret in the Key Vault that holds the client secret, with auth_mode client_secret. Its value is not given here."
  type        = string
  default     = "entra-client-secret"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z-]{1,127}$", var.key_vault_secret_name))
    error_message = "key_vault_secret_name has 1 to 127 letters, digits and hyphens."
  }
}

variable "key_vault_certificate_name" {
  description = "Name of the certificate in the Key Vault, with auth_mode certificate."
  type        = string
  default     = "entra-certificate"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z-]{1,127}$", var.key_vault_certificate_name))
    error_message = "key_vault_certificate_name has 1 to 127 letters, digits and hyphens."
  }
}

variable "provisioning_enabled" {
  description = "Whether grants and revokes are done, and not only access is read."
  type        = bool
  default     = false
  nullable    = false
}

variable "break_glass_accounts" {
  description = "Accounts that are never touched: object ids or user principal names with commas between them."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = alltrue([for one in split(",", var.break_glass_accounts) : can(regex("^[!-~]+$", trimspace(one)))]) || var.break_glass_accounts == ""
    error_message = "break_glass_accounts are object ids or user principal names with commas between them, or empty."
  }
}

variable "operations_per_hour" {
  description = "Most operations that are accepted within an hour."
  type        = number
  default     = 10000
  nullable    = false

  validation {
    condition     = var.operations_per_hour >= 1 && var.operations_per_hour <= 1000000 && floor(var.operations_per_hour) == var.operations_per_hour
    error_message = "operations_per_hour is a whole number from 1 to 1000000."
  }
}

variable "skip_ad_groups" {
  description = "Whether groups that come from Active Directory are left out."
  type        = bool
  default     = false
  nullable    = false
}

variable "skip_unassigned_apps" {
  description = "Whether enterprise applications that nobody is assigned to are left out."
  type        = bool
  default     = false
  nullable    = false
}

variable "sign_in_activity" {
  description = "Whether it is read when each account has signed in last. It needs a premium license of the tenant."
  type        = bool
  default     = false
  nullable    = false
}

variable "mailbox_purpose" {
  description = "Whether it is read what each mailbox is for. It takes a request for every few accounts."
  type        = bool
  default     = false
  nullable    = false
}

variable "inherited_grants" {
  description = "Which grants that pass down from groups are derived; README.md lists what INHERITED_GRANTS may be."
  type        = string
  default     = "all"
  nullable    = false

  validation {
    condition     = contains(["all", "privileged", "off"], var.inherited_grants)
    error_message = "inherited_grants is all, privileged or off."
  }
}

variable "graph_budget_percent" {
  description = "Share of the limits of Microsoft Graph that the connector takes, in percent."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.graph_budget_percent >= 1 && var.graph_budget_percent <= 100 && floor(var.graph_budget_percent) == var.graph_budget_percent
    error_message = "graph_budget_percent is a whole number from 1 to 100."
  }
}

variable "sync_schedule" {
  description = "When full syncs are asked for: second minute hour day month weekday, in UTC."
  type        = string
  default     = "0 0 */6 * * *"
  nullable    = false

  validation {
    condition     = length(split(" ", var.sync_schedule)) == 6
    error_message = "sync_schedule has six fields: second minute hour day month weekday."
  }
}

variable "incremental_schedule" {
  description = "How often it is looked at which incremental rounds are due: second minute hour day month weekday, in UTC."
  type        = string
  default     = "0 * * * * *"
  nullable    = false

  validation {
    condition     = length(split(" ", var.incremental_schedule)) == 6
    error_message = "incremental_schedule has six fields: second minute hour day month weekday."
  }
}

variable "notification_url" {
  description = "Public address of the app, where a gateway or a domain of your own is before it. Empty: its default host name."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.notification_url == "" || can(regex("^https://[^?# ]+$", var.notification_url))
    error_message = "notification_url starts with https:// and has no query, or is empty."
  }
}

variable "changes_output_queue" {
  description = "Queue that tells other systems of changes; it is made, too. Empty: nobody is told."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.changes_output_queue == "" || (can(regex("^[a-z0-9]+(-[a-z0-9]+)*$", var.changes_output_queue)) && length(var.changes_output_queue) >= 3 && length(var.changes_output_queue) <= 63)
    error_message = "changes_output_queue has 3 to 63 lower-case letters, digits and single hyphens, or is empty."
  }

  validation {
    condition     = !can(regex("^entra-(sync|changes|lifecycle|operations)(-poison)?$", var.changes_output_queue))
    error_message = "changes_output_queue is none of the connector's own queues: it would read what it tells others."
  }
}

variable "extra_settings" {
  description = "Further settings of the app, by name, as text. They win over what is set here."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, _ in var.extra_settings : can(regex("^[A-Za-z][A-Za-z0-9_]*$", name))])
    error_message = "extra_settings are named with letters, digits and underscores."
  }
}
