# Who may call: App Service authentication in front of the operations API, where api_client_id names its app registration. Without,
# callers have function keys, and this says so, so that taking api_client_id away again switches it off.

locals {
  authenticates = var.api_client_id != ""

  # Who calls these cannot sign in, or brings a function key; ../contract.json says why of each.
  excluded_paths = [
    "/api/notifications/changes",
    "/api/notifications/lifecycle",
    "/api/connect",
    "/api/connect/callback",
    "/api/live",
    "/api/health",
  ]
}

resource "azapi_update_resource" "authentication" {
  type      = "Microsoft.Web/sites/config@2024-11-01"
  name      = "authsettingsV2"
  parent_id = azapi_resource.app.id
  locks     = [azapi_resource.app.id]

  body = {
    properties = {
      platform = {
        enabled        = local.authenticates
        runtimeVersion = "~1"
      }
      globalValidation = {
        requireAuthentication       = local.authenticates
        unauthenticatedClientAction = local.authenticates ? "Return401" : "AllowAnonymous"
        excludedPaths               = local.excluded_paths
      }
      # Left out where it is off: Azure answers with values of its own then, and each plan would want to change them back.
      identityProviders = { for name, provider in {
        azureActiveDirectory = {
          enabled = true
          registration = {
            clientId     = var.api_client_id
            openIdIssuer = "${local.cloud.login}${local.tenant_id}/v2.0"
          }
          validation = {
            allowedAudiences = ["api://${var.api_client_id}", var.api_client_id]
          }
        }
      } : name => provider if local.authenticates }
      httpSettings = {
        requireHttps = true
      }
      login = {
        tokenStore = {
          enabled = false
        }
      }
    }
  }

  depends_on = [azapi_update_resource.settings]
}
