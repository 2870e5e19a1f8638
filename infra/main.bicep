// The connector and everything that it needs, in a resource group of its own. README.md explains it; contract.json lists what goes in,
// what comes out, and why each role is given.
targetScope = 'subscription'

@minLength(1)
@maxLength(32)
@description('Name of the environment, from which the names of all resources follow: letters, digits and hyphens.')
param environmentName string

@minLength(1)
@metadata({ azd: { type: 'location' } })
@description('Azure region of everything. It must offer the Flex Consumption plan: `az functionapp list-flexconsumption-locations`.')
param location string

@description('Id of the Microsoft Entra tenant to read. Empty: the tenant of the subscription.')
param tenantId string = ''

@allowed(['', 'public', 'us_government', 'us_government_dod', 'china'])
@description('Cloud that the tenant lives in. Empty: the cloud of the subscription. Only us_government_dod has to be said.')
param entraCloud string = ''

@allowed(['managed_identity', 'client_secret', 'certificate', 'workload_identity'])
@description('With what the connector signs in to Microsoft Graph. managed_identity needs no secret, and reads the tenant of the subscription.')
param authMode string = 'managed_identity'

@description('Application (client) id of the app registration. Empty with managed_identity, which is an application itself.')
param clientId string = ''

@description('Name of the secret in the Key Vault that holds the client secret, with authMode client_secret. Its value is not given here.')
param keyVaultSecretName string = 'entra-client-secret'

@description('Name of the certificate in the Key Vault, with authMode certificate.')
param keyVaultCertificateName string = 'entra-certificate'

@description('Whether grants and revokes are done, and not only access is read.')
param provisioningEnabled bool = false

@description('Accounts that are never touched: object ids or user principal names with commas between them.')
param breakGlassAccounts string = ''

@minValue(1)
@maxValue(1000000)
@description('Most operations that are accepted within an hour.')
param operationsPerHour int = 10000

@description('Whether groups that come from Active Directory are left out.')
param skipAdGroups bool = false

@description('Whether enterprise applications that nobody is assigned to are left out.')
param skipUnassignedApps bool = false

@description('Whether it is read when each account has signed in last. It needs a premium license of the tenant.')
param signInActivity bool = false

@description('Whether it is read what each mailbox is for. It takes a request for every few accounts.')
param mailboxPurpose bool = false

@description('Which grants that pass down from groups are derived; README.md lists what INHERITED_GRANTS may be.')
param inheritedGrants string = 'all'

@minValue(1)
@maxValue(100)
@description('Share of the limits of Microsoft Graph that the connector takes, in percent.')
param graphBudgetPercent int = 100

@description('When full syncs are asked for: second minute hour day month weekday, in UTC.')
param syncSchedule string = '0 0 */6 * * *'

@description('How often it is looked at which incremental rounds are due: second minute hour day month weekday, in UTC.')
param incrementalSchedule string = '0 * * * * *'

@description('Public address of the app, where a gateway or a domain of your own is before it. Empty: its default host name.')
param notificationUrl string = ''

@description('Queue that tells other systems of changes; it is made, too. Empty: nobody is told.')
param changesOutputQueue string = ''

@description('Further settings of the app, by name, as text. They win over what is set here.')
param extraSettings object = {}

@description('Whether storage and Key Vault are reached through private endpoints only. The app keeps its public address, for notifications.')
param privateNetworking bool = false

@description('Address space of the virtual network, /25 or larger, with privateNetworking.')
param virtualNetworkPrefix string = '10.0.0.0/24'

@description('Client id of the app registration that stands for the operations API. Empty: callers have function keys.')
param apiClientId string = ''

@description('Who is told of alerts, by e-mail. Empty: they are seen in the portal only.')
param alertEmail string = ''

@minValue(30)
@maxValue(730)
@description('Days for which logs are kept.')
param logRetentionDays int = 90

@minValue(40)
@maxValue(1000)
@description('Most instances of the app.')
param maximumInstanceCount int = 40

@allowed([2048, 4096])
@description('Memory of an instance, in MB.')
param instanceMemoryMB int = 2048

@minValue(0)
@maxValue(20)
@description('Instances that are kept warm for HTTP: Graph wants notifications answered within three seconds. 0 saves their price.')
param httpAlwaysReady int = 1

@description('Object id of who deploys and sets up: may write secrets, and read what the app keeps. Empty: nobody but the app is given roles.')
param deployerPrincipalId string = ''

@allowed(['User', 'Group', 'ServicePrincipal'])
@description('What deployerPrincipalId is.')
param deployerPrincipalType string = 'User'

@secure()
@description('Signs what an administrator brings back from giving consent. Made anew by each deployment; nobody has to know it.')
param connectStateKey string = newGuid()

var tags = { 'azd-env-name': environmentName }
var suffix = uniqueString(subscription().id, environmentName, location)
var clouds = {
  AzureCloud: 'public'
  AzureUSGovernment: 'us_government'
  AzureChinaCloud: 'china'
}
// In lower case, as the connector reads it: blobs are named after it, and a lifecycle rule goes by their names.
var readTenantId = toLower(empty(tenantId) ? subscription().tenantId : tenantId)
var queries = {
  'sync-failed': loadTextContent('queries/alerts/sync-failed.kql')
  'sync-late': loadTextContent('queries/alerts/sync-late.kql')
  'rounds-failing': loadTextContent('queries/alerts/rounds-failing.kql')
  'subscriptions-expiring': loadTextContent('queries/alerts/subscriptions-expiring.kql')
  'operations-dead-lettered': loadTextContent('queries/alerts/operations-dead-lettered.kql')
  'ends-not-kept': loadTextContent('queries/alerts/ends-not-kept.kql')
  drift: loadTextContent('queries/alerts/drift.kql')
  'journal-damaged': loadTextContent('queries/alerts/journal-damaged.kql')
  'credential-expiring': loadTextContent('queries/alerts/credential-expiring.kql')
  'settings-wrong': loadTextContent('queries/alerts/settings-wrong.kql')
}
// What connector/settings reads, where it differs from the default or an operator may want to change it.
var connectorSettings = {
  ENTRA_TENANT_ID: readTenantId
  ENTRA_CLOUD: empty(entraCloud) ? clouds[environment().name] : entraCloud
  ENTRA_AUTH: authMode
  ENTRA_CLIENT_ID: clientId
  ENTRA_CLIENT_SECRET_NAME: authMode == 'client_secret' ? keyVaultSecretName : ''
  ENTRA_CERTIFICATE_NAME: authMode == 'certificate' ? keyVaultCertificateName : ''
  SYNC_SCHEDULE: syncSchedule
  INCREMENTAL_SCHEDULE: incrementalSchedule
  SKIP_AD_GROUPS: string(skipAdGroups)
  SKIP_UNASSIGNED_APPS: string(skipUnassignedApps)
  SIGN_IN_ACTIVITY: string(signInActivity)
  MAILBOX_PURPOSE: string(mailboxPurpose)
  INHERITED_GRANTS: inheritedGrants
  GRAPH_BUDGET_PERCENT: string(graphBudgetPercent)
  CHANGES_OUTPUT_QUEUE: changesOutputQueue
  PROVISIONING_ENABLED: string(provisioningEnabled)
  BREAK_GLASS_ACCOUNTS: breakGlassAccounts
  OPERATIONS_PER_HOUR: string(operationsPerHour)
}

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-${suffix}'
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: 'log-${suffix}'
    insightsName: 'appi-${suffix}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'st${suffix}'
    location: location
    tags: tags
    tenantId: readTenantId
    changesOutputQueue: changesOutputQueue
    isPublic: !privateNetworking
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: 'kv-${suffix}'
    location: location
    tags: tags
    isPublic: !privateNetworking
    workspaceId: monitoring.outputs.workspaceId
    connectStateKey: connectStateKey
  }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  scope: group
  params: {
    storageAccountName: storage.outputs.name
    containerName: storage.outputs.containerName
    vaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
    appPrincipalId: identity.outputs.principalId
    deployerPrincipalId: deployerPrincipalId
    deployerPrincipalType: deployerPrincipalType
    deployerMakesCertificate: authMode == 'certificate'
  }
}

module network 'modules/network.bicep' = if (privateNetworking) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-${suffix}'
    location: location
    tags: tags
    addressPrefix: virtualNetworkPrefix
    storageAccountId: storage.outputs.id
    vaultId: vault.outputs.id
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  scope: group
  params: {
    name: 'func-${suffix}'
    planName: 'plan-${suffix}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    insightsConnectionString: monitoring.outputs.insightsConnectionString
    blobEndpoint: storage.outputs.blobEndpoint
    queueEndpoint: storage.outputs.queueEndpoint
    containerName: storage.outputs.containerName
    deploymentContainerName: storage.outputs.deploymentContainerName
    vaultUri: vault.outputs.uri
    connectStateKeyUri: vault.outputs.connectStateKeyUri
    subnetId: privateNetworking ? network.outputs.appSubnetId : ''
    maximumInstanceCount: maximumInstanceCount
    instanceMemoryMB: instanceMemoryMB
    httpAlwaysReady: httpAlwaysReady
    notificationUrl: notificationUrl
    apiClientId: apiClientId
    tenantId: readTenantId
    settings: connectorSettings
    extraSettings: extraSettings
  }
  dependsOn: [
    roles
  ]
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    workspaceId: monitoring.outputs.workspaceId
    email: alertEmail
    queries: queries
  }
}

output FUNCTION_APP_NAME string = app.outputs.name
output FUNCTION_APP_URL string = app.outputs.url
output IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
output IDENTITY_CLIENT_ID string = identity.outputs.clientId
output STORAGE_ACCOUNT_NAME string = storage.outputs.name
output KEY_VAULT_NAME string = vault.outputs.name
output KEY_VAULT_URI string = vault.outputs.uri
output AZURE_RESOURCE_GROUP string = group.name
output APPLICATION_INSIGHTS_NAME string = monitoring.outputs.insightsName
