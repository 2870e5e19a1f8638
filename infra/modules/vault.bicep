// The Key Vault: the client secret or certificate, which setup puts there, and the key that signs consents, which is made here.

@minLength(3)
@maxLength(24)
@description('Name of the vault.')
param name string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Whether the vault is reached from public networks; otherwise through private endpoints only.')
param isPublic bool

@description('Workspace that is told who reads and writes secrets.')
param workspaceId string

@secure()
@description('Signs what an administrator brings back from giving consent.')
param connectStateKey string

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: subscription().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enablePurgeProtection: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    networkAcls: {
      // So that a deployment can write the secret below, too, where the vault is private.
      bypass: 'AzureServices'
      defaultAction: isPublic ? 'Allow' : 'Deny'
    }
  }
}

resource stateKey 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  parent: vault
  name: 'connect-state-key'
  tags: tags
  properties: {
    value: connectStateKey
    contentType: 'text/plain'
    attributes: {
      enabled: true
    }
  }
}

resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
  }
}

output id string = vault.id
output name string = vault.name
output uri string = vault.properties.vaultUri
// Where it is, not what it is.
output connectStateKeyUri string = stateKey.properties.secretUri
