# Who is told, and of what. Each query gives a row for each thing that somebody should look at.

locals {
  alerts = {
    "sync-failed" = {
      says      = "A full sync failed; the snapshot before stays in force."
      severity  = 1
      window    = "PT1H"
      frequency = "PT15M"
    }
    "sync-late" = {
      says      = "A full sync was asked for six hours ago and none was published since, or none was published for two days."
      severity  = 1
      window    = "P2D"
      frequency = "PT1H"
    }
    "rounds-failing" = {
      says      = "Rounds cannot follow the tenant: the picture grows old until the next full sync."
      severity  = 2
      window    = "PT1H"
      frequency = "PT15M"
    }
    "subscriptions-expiring" = {
      says      = "Subscriptions to change notifications are not kept alive: they have problems again and again, or nobody has looked after them for six hours."
      severity  = 2
      window    = "P1D"
      frequency = "PT1H"
    }
    "operations-dead-lettered" = {
      says      = "Operations or messages were put aside; somebody has to look at them."
      severity  = 1
      window    = "PT1H"
      frequency = "PT15M"
    }
    "ends-not-kept" = {
      says      = "Access that should have ended has not."
      severity  = 0
      window    = "PT1H"
      frequency = "PT15M"
    }
    "drift" = {
      says      = "A full sync found changes that rounds had missed."
      severity  = 3
      window    = "P1D"
      frequency = "PT1H"
    }
    "journal-damaged" = {
      says      = "What is stored is not what was written: the journal, a snapshot or the audit file."
      severity  = 0
      window    = "PT1H"
      frequency = "PT15M"
    }
    "credential-expiring" = {
      says      = "The client secret or the certificate expires within thirty days."
      severity  = 2
      window    = "P1D"
      frequency = "PT1H"
    }
    "settings-wrong" = {
      says      = "Settings are missing or malformed: nothing works until they are mended."
      severity  = 1
      window    = "PT1H"
      frequency = "PT15M"
    }
  }
}

resource "azurerm_monitor_action_group" "operators" {
  count = var.alert_email == "" ? 0 : 1

  name                = "ag-${local.suffix}"
  resource_group_name = azurerm_resource_group.this.name
  short_name          = "entra"
  tags                = local.tags

  email_receiver {
    name                    = "operators"
    email_address           = var.alert_email
    use_common_alert_schema = true
  }
}

resource "azurerm_monitor_scheduled_query_rules_alert_v2" "this" {
  for_each = local.alerts

  name                    = "${each.key}-${local.suffix}"
  resource_group_name     = azurerm_resource_group.this.name
  location                = azurerm_resource_group.this.location
  display_name            = each.key
  description             = each.value.says
  severity                = each.value.severity
  scopes                  = [azurerm_log_analytics_workspace.this.id]
  evaluation_frequency    = each.value.frequency
  window_duration         = each.value.window
  auto_mitigation_enabled = true
  tags                    = local.tags
  # A new workspace knows its tables only after the first lines have arrived; the queries are checked before they come here.
  skip_query_validation = true

  criteria {
    query                   = file("${path.module}/../queries/alerts/${each.key}.kql")
    time_aggregation_method = "Count"
    operator                = "GreaterThan"
    threshold               = 0

    failing_periods {
      number_of_evaluation_periods             = 1
      minimum_failing_periods_to_trigger_alert = 1
    }
  }

  dynamic "action" {
    for_each = azurerm_monitor_action_group.operators

    content {
      action_groups = [action.value.id]
    }
  }
}
