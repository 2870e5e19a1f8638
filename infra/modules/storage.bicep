// The storage account: what the connector keeps, its queues, and the package that the app runs. Nobody gets in with a key.

@minLength(3)
@maxLength(24)
@description('Name of the storage account.')
param name string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Tenant that is read: the first part of the names of its blobs.')
param tenantId string

@description('Queue that tells other systems of changes. Empty: there is none.')
param changesOutputQueue string

@description('Whether the account is reached from public networks; otherwise through private endpoints only.')
param isPublic bool

@description('Workspace that is told who deletes blobs.')
param workspaceId string

var containerName = 'entra'
var deploymentContainerName = 'deployments'
var retentionDays = 7
var ownQueues = ['entra-sync', 'entra-changes', 'entra-lifecycle', 'entra-operations']
// The host would make a poison queue when it first needs it. One that is there already can be watched from the beginning.
var poisonQueues = map(ownQueues, queue => '${queue}-poison')
var queueNames = concat(ownQueues, poisonQueues, empty(changesOutputQueue) ? [] : [changesOutputQueue])

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    networkAcls: {
      // What carries the lifecycle rules out is one of the services that Azure trusts; without this, a closed account stops them.
      bypass: 'AzureServices'
      defaultAction: isPublic ? 'Allow' : 'Deny'
    }
  }
}

// No versions: checkpoints, lines and current.json are replaced all the time, and what is appended to the audit makes none. What was
// overwritten or deleted by mistake can be had back for a week.
resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: false
    deleteRetentionPolicy: {
      enabled: true
      days: retentionDays
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: retentionDays
    }
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: containerName
  properties: {
    publicAccess: 'None'
  }
}

resource deploymentContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: deploymentContainerName
  properties: {
    publicAccess: 'None'
  }
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = [for queue in queueNames: {
  parent: queueService
  name: queue
}]

// Neither rule touches what is in force, however old it is: that may be a snapshot, a segment of the journal, a record or the audit.
// Everything else that is over the connector removes itself.
resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          // Copies that somebody has made, by hand or by turning versioning on; never the blob itself.
          name: 'forgotten-versions'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['${containerName}/']
            }
            actions: {
              version: {
                delete: {
                  daysAfterCreationGreaterThan: 30
                }
              }
              snapshot: {
                delete: {
                  daysAfterCreationGreaterThan: 30
                }
              }
            }
          }
        }
        {
          // How many operations were accepted within an hour; nobody looks at it after that hour.
          name: 'used-up-hours'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['${containerName}/${tenantId}/operations/hours/']
            }
            actions: {
              baseBlob: {
                delete: {
                  daysAfterModificationGreaterThan: 7
                }
              }
            }
          }
        }
      ]
    }
  }
  dependsOn: [
    container
  ]
}

// Deletions only: the connector replaces small blobs all day long, and each of those would be a line.
resource deletions 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'deletions'
  scope: blobs
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

output id string = account.id
output name string = account.name
output blobEndpoint string = account.properties.primaryEndpoints.blob
output queueEndpoint string = account.properties.primaryEndpoints.queue
output containerName string = container.name
output deploymentContainerName string = deploymentContainer.name
