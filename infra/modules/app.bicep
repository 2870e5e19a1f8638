// The Function App on Flex Consumption, its settings, and who may call it.

@description('Name of the Function App.')
param name string

@description('Name of its plan.')
param planName string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the identity of the app.')
param identityId string

@description('Client id of the identity of the app.')
param identityClientId string

@description('Where telemetry is sent to.')
param insightsConnectionString string

@description('Blob endpoint of the storage account, with a slash at its end.')
param blobEndpoint string

@description('Queue endpoint of the storage account, with a slash at its end.')
param queueEndpoint string

@description('Container of the connector.')
param containerName string

@description('Container of the package that the app runs.')
param deploymentContainerName string

@description('Address of the Key Vault.')
param vaultUri string

@description('Address of the secret that signs consents.')
param connectStateKeyUri string

@description('Subnet through which the app reaches private endpoints. Empty: it has none.')
param subnetId string

@description('Most instances.')
param maximumInstanceCount int

@description('Memory of an instance, in MB.')
param instanceMemoryMB int

@description('Instances that are kept warm for HTTP.')
param httpAlwaysReady int

@description('Public address of the app, where it is another than its default host name.')
param notificationUrl string

@description('Client id of the app registration that stands for the operations API. Empty: callers have function keys.')
param apiClientId string

@description('Tenant whose users and applications may call.')
param tenantId string

@description('Settings of the connector.')
param settings object

@description('Further settings, which win over the others.')
param extraSettings object

var authenticates = !empty(apiClientId)
// What the host reads. It opens storage with the identity, because shared keys are off.
var hostSettings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AzureWebJobsStorage__blobServiceUri: blobEndpoint
  AzureWebJobsStorage__queueServiceUri: queueEndpoint
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  // 8 MiB: the connector itself takes 2 MiB of operations and 4 MiB of notifications.
  FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '8388608'
}
// What the connector reads, as far as it follows from what is deployed here.
var ownSettings = {
  AZURE_CLIENT_ID: identityClientId
  KEY_VAULT: vaultUri
  CONNECT_STATE_KEY: '@Microsoft.KeyVault(SecretUri=${connectStateKeyUri})'
  STORAGE_CONTAINER: containerName
  NOTIFICATION_URL: empty(notificationUrl) ? 'https://${app.properties.defaultHostName}' : notificationUrl
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'connector' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    // Microsoft Graph calls from outside, whatever else is private.
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      http20Enabled: true
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${blobEndpoint}${deploymentContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        maximumInstanceCount: maximumInstanceCount
        instanceMemoryMB: instanceMemoryMB
        alwaysReady: httpAlwaysReady == 0 ? [] : [
          {
            name: 'http'
            instanceCount: httpAlwaysReady
          }
        ]
      }
    }
  }
}

// After the app, because its address is not known before. What is changed of an app is changed one after the other: Azure refuses
// what comes while another change is under way.
resource appSettings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'appsettings'
  properties: union(hostSettings, ownSettings, settings, extraSettings)
  dependsOn: [
    scmPassword
  ]
}

// Packages come in with Entra tokens, never with a password.
resource ftpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource scmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
  dependsOn: [
    ftpPassword
  ]
}

resource authentication 'Microsoft.Web/sites/config@2024-11-01' = if (authenticates) {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
      runtimeVersion: '~1'
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      // Who calls these cannot sign in, or brings a function key; contract.json says why of each.
      excludedPaths: [
        '/api/notifications/changes'
        '/api/notifications/lifecycle'
        '/api/connect'
        '/api/connect/callback'
        '/api/live'
        '/api/health'
      ]
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: apiClientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [
            'api://${apiClientId}'
            apiClientId
          ]
        }
      }
    }
    httpSettings: {
      requireHttps: true
    }
    login: {
      tokenStore: {
        enabled: false
      }
    }
  }
  dependsOn: [
    appSettings
  ]
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
