"""One-line mistakes in a deployment, and the check that has to find each."""

from __future__ import annotations

from typing import NamedTuple


class Seed(NamedTuple):
    """Replace the first ``before`` of ``file`` with ``after``; a finding named ``found`` has to come of it."""

    found: str
    file: str
    before: str
    after: str


_MAIN, _MODULES = "infra/main.bicep", "infra/modules"
_STORAGE, _VAULT, _APP = (f"{_MODULES}/{name}.bicep" for name in ("storage", "vault", "app"))
_ROLES, _NETWORK, _ALERTS = (f"{_MODULES}/{name}.bicep" for name in ("roles", "network", "alerts"))
_QUERIES = "infra/queries/alerts"

LANGUAGE = (
    Seed("syntax", _MAIN, "}\n\nmodule identity", "\n\nmodule identity"),
    Seed("syntax", _APP, "param planName string", "param planName: string"),
    Seed("unknown-name", _STORAGE, "days: retentionDays", "days: retentionDay"),
    Seed("unknown-name", _APP, "union(hostSettings", "unions(hostSettings"),
    Seed("unknown-name", _NETWORK, "zones[i].id", "zone[i].id"),
    Seed("unknown-name", _STORAGE, "'${queue}-poison'", "'${name_}-poison'"),
    Seed("unknown-name", _MAIN, "@secure()", "@secret()"),
    Seed("unknown-name", _MAIN, "  dependsOn: [\n    roles", "  dependsOn: [\n    role"),
    Seed("unused-name", _MAIN, "var readTenantId", "var forgotten = 1\nvar readTenantId"),
    Seed("unused-name", _STORAGE, "publicAccess: 'None'\n  }\n}\n", "publicAccess: 'None'\n  }\n}\nresource same 'Microsoft.Storage/storageAccounts@2025-01-01' existing = { name: name }\n"),
    Seed("duplicate-name", _MAIN, "output KEY_VAULT_URI", "output KEY_VAULT_NAME"),
    Seed("duplicate-property", _VAULT, "enableSoftDelete: true", "enableSoftDelete: true\n    enableSoftDelete: true"),
    Seed("unknown-type", _STORAGE, "Microsoft.Storage/storageAccounts@", "Microsoft.Storage/storageAccount@"),
    Seed("unknown-type", _STORAGE, "storageAccounts@2025-01-01", "storageAccounts@2025-01-02"),
    Seed("unknown-type", _STORAGE, "parent: queueService", "parent: blobs"),
    Seed("unknown-property", _STORAGE, "allowSharedKeyAccess: false", "allowSharedKeyAcess: false"),
    Seed("unknown-property", _APP, "maximumInstanceCount: maximumInstanceCount", "maxInstanceCount: maximumInstanceCount"),
    Seed("missing-property", _STORAGE, "  kind: 'StorageV2'\n", ""),
    Seed("missing-property", _VAULT, "    tenantId: subscription().tenantId\n", ""),
    Seed("read-only-property", _APP, "    reserved: true", "    reserved: true\n    status: 'Ready'"),
    Seed("wrong-type", _STORAGE, "allowBlobPublicAccess: false", "allowBlobPublicAccess: 'false'"),
    Seed("wrong-type", _APP, "version: '3.13'", "version: 3"),
    Seed("wrong-type", _MAIN, "retentionDays: logRetentionDays", "retentionDays: location"),
    Seed("unlisted-value", _STORAGE, "'TLS1_2'", "'TLS12'"),
    Seed("unlisted-value", _ROLES, "principalType: 'ServicePrincipal'", "principalType: 'ServicePrincipals'"),
    Seed("unlisted-value", _APP, "name: 'authsettingsV2'", "name: 'authsettingsV3'"),
    Seed("unlisted-value", _MAIN, "string = 'managed_identity'", "string = 'managedIdentity'"),
    Seed("unlisted-value", _MAIN, "int = 90", "int = 9"),
    Seed("unknown-member", _STORAGE, "primaryEndpoints.blob", "primaryEndpoint.blob"),
    Seed("unknown-member", _MAIN, "identity.outputs.clientId", "identity.outputs.clientID"),
    Seed("unknown-member", _NETWORK, "service: 'queue'", "servce: 'queue'"),
    Seed("unknown-member", _NETWORK, "name: endpoint.zone", "name: endpoints.zone"),
    Seed("unknown-member", _NETWORK, "suffixes.keyvaultDns", "suffixes.keyVaultDns"),
    Seed("unknown-module", _MAIN, "modules/vault.bicep", "modules/vaults.bicep"),
    Seed("missing-property", _MAIN, "    appPrincipalId: identity.outputs.principalId\n", ""),
    Seed("unknown-property", _MAIN, "    insightsName: monitoring.outputs.insightsName", "    insights: monitoring.outputs.insightsName"),
    Seed("wrong-scope", _MAIN, "  scope: group\n", ""),
    Seed("wrong-scope", _VAULT, "  name: 'audit'\n  scope: vault\n", "  name: 'audit'\n"),
    Seed("wrong-scope", _VAULT, "@minLength(3)\n@maxLength(24)\n@description('Name of the vault.')", "targetScope = 'subscription'\n@description('Name of the vault.')"),
    Seed("missing-file", _MAIN, "alerts/drift.kql", "alerts/drifts.kql"),
    Seed("no-description", _NETWORK, "@description('Name of the virtual network.')\n", ""),
    Seed("circle", _MAIN, "    connectStateKey: connectStateKey\n", "    connectStateKey: '${connectStateKey}${app.outputs.name}'\n"),
    Seed("circle", _MAIN, "var suffix = uniqueString(", "var suffix = uniqueString(suffix, "),
    Seed("maybe-absent", _MAIN, "privateNetworking ? network.outputs.appSubnetId : ''", "network.outputs.appSubnetId"),
    Seed("maybe-absent", _ALERTS, "empty(email) ? [] : [people.id]", "[people.id]"),
    Seed("wrong-place", _MAIN, "var suffix = uniqueString(", "var suffix = uniqueString(newGuid(), "),
    Seed("duplicate-name", _MAIN, "  name: 'vault'\n", "  name: 'storage'\n"),
)  # fmt: skip
"""What a compiler would find."""

POLICIES = (
    Seed("not-hardened", _STORAGE, "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"),
    Seed("not-hardened", _STORAGE, "    allowBlobPublicAccess: false\n", ""),
    Seed("not-hardened", _VAULT, "enablePurgeProtection: true", "enablePurgeProtection: false"),
    Seed("not-hardened", f"{_MODULES}/monitoring.bicep", "DisableLocalAuth: true", "DisableLocalAuth: false"),
    Seed("secret-output", _VAULT, "string = stateKey.properties.secretUri", "string = connectStateKey"),
    Seed("secret-output", _STORAGE, "string = account.name", "string = account.listKeys().keys[0].value"),
    Seed("secret-unsecured", _VAULT, "@secure()\n", ""),
    Seed("secret-unsecured", _MAIN, "@secure()\n", ""),
    Seed("secret-given", "infra/main.parameters.json", '"location": {', '"connectStateKey": {"value": "x"}, "location": {'),
    Seed("setting-missing", _APP, "  KEY_VAULT: vaultUri\n", ""),
    Seed("setting-missing", _APP, "AzureWebJobsStorage__queueServiceUri: ", "AzureWebJobsStorage__queueUri: "),
    Seed("setting-unread", _MAIN, "SKIP_AD_GROUPS: ", "SKIP_AD_GROUP: "),
    Seed("setting-not-in-contract", "infra/contract.json", '"TLS_CA_FILE": ', '"TLS_CA": '),
    Seed("queue-missing", _STORAGE, "'entra-changes', ", ""),
    Seed("queue-missing", _STORAGE, "${queue}-poison", "${queue}-dead"),
    Seed("container-missing", _STORAGE, "containerName = 'entra'", "containerName = 'connector'"),
    Seed("lifecycle-unsafe", _STORAGE, "/operations/hours/'", "/operations/'"),
    Seed("lifecycle-unsafe", _STORAGE, "              version: {", "              baseBlob: {"),
    Seed("role-missing", _ROLES, "974c5e8b-45b9-4653-ba55-5f855dd0fb88", "974c5e8b-45b9-4653-ba55-5f855dd0fb89"),
    Seed("role-unknown", _ROLES, "var vaultSecretsUser = '4633458b-17de-408a-b874-0445c86b69e6'", "var vaultSecretsUser = '00482a5a-887f-4fb3-b363-3b7fe8e74483'"),
    Seed("role-unknown", _ROLES, "  scope: container\n", "  scope: account\n"),
    Seed("role-name", _ROLES, "guid(vault.id, appPrincipalId, vaultSecretsUser)", "guid(vault.id, vaultSecretsUser)"),
    Seed("network", _STORAGE, "isPublic ? 'Enabled' : 'Disabled'", "'Enabled'"),
    Seed("network", _NETWORK, "'Microsoft.App/environments'", "'Microsoft.Web/serverFarms'"),
    Seed("network", _MAIN, "isPublic: !privateNetworking", "isPublic: privateNetworking"),
    Seed("network", _APP, "publicNetworkAccess: 'Enabled'", "publicNetworkAccess: 'Disabled'"),
    Seed("auth-path", _APP, "        '/api/live'\n", ""),
    Seed("auth-path", _APP, "        '/api/live'\n", "        '/api/live'\n        '/api/operations'\n"),
    Seed("auth-switch", _APP, "requireAuthentication: true", "requireAuthentication: false"),
    Seed("alert", _ALERTS, "severity: 0", "severity: 3"),
    Seed("alert-event", f"{_QUERIES}/ends-not-kept.kql", '"end_not_kept"', '"end_not_met"'),
    Seed("alert-query", _MAIN, "drift: loadTextContent('queries/alerts/drift.kql')", "drift: loadTextContent('queries/alerts/sync-late.kql')"),
    Seed("azd-service", "azure.yaml", "host: function", "host: functions"),
    Seed("azd-service", _APP, "'azd-service-name': 'connector'", "'azd-service-name': 'api'"),
    Seed("azd-package", ".funcignore", "tests\n", ""),
    Seed("parameters", "infra/main.parameters.json", '"tenantId"', '"tenant"'),
    Seed("parameters", "infra/main.parameters.json", "LOG_RETENTION_DAYS=90", "LOG_RETENTION_DAYS=30"),
    Seed("contract", _MAIN, "output KEY_VAULT_URI", "output KEY_VAULT_ADDRESS"),
    Seed("contract", _MAIN, "param httpAlwaysReady int = 1", "param httpAlwaysReady int = 2"),
    Seed("app", _APP, "'functionapp,linux'", "'functionapp'"),
    Seed("app", _APP, "name: 'FC1'", "name: 'Y1'"),
    Seed("app", _APP, "http20Enabled: true", "http20Enabled: true\n      linuxFxVersion: 'PYTHON|3.13'"),
    Seed("app", _APP, "version: '3.13'", "version: '3.9'"),
    Seed("app", _APP, "name: 'http'\n", "name: 'https'\n"),
    Seed("app", _APP, "type: 'UserAssigned'\n", "type: 'SystemAssigned'\n"),
    Seed("app", _APP, "    keyVaultReferenceIdentity: identityId\n", ""),
    Seed("app", _APP, "'${blobEndpoint}${deploymentContainerName}'", "'${blobEndpoint}${containerName}'"),
    Seed("app", _APP, "AzureWebJobsStorage__clientId: identityClientId", "AzureWebJobsStorage__clientId: identityId"),
    Seed("app", _APP, "'ClientId=${identityClientId};Authorization=AAD'", "'Authorization=AAD'"),
    Seed("app", _APP, "'@Microsoft.KeyVault(SecretUri=${connectStateKeyUri})'", "connectStateKeyUri"),
    Seed("app", _MAIN, "queueEndpoint: storage.outputs.queueEndpoint", "queueEndpoint: storage.outputs.blobEndpoint"),
    Seed("app", _MAIN, "  dependsOn: [\n    roles\n  ]\n", ""),
    Seed("app", _APP, "  dependsOn: [\n    ftpPassword\n  ]\n", ""),
    Seed("name", _MAIN, "'st${suffix}'", "'st${environmentName}${suffix}'"),
    Seed("name", _MAIN, "'st${suffix}'", "'st-${suffix}'"),
    Seed("name", _MAIN, "'kv-${suffix}'", "'kv-${environmentName}'"),
    Seed("name", _MAIN, "(subscription().id, environmentName, location)", "(subscription().id)"),
    Seed("network", _NETWORK, "cidrSubnet(addressPrefix, quarterLength, 1)", "cidrSubnet(addressPrefix, quarterLength, 0)"),
    Seed("network", _NETWORK, "defaultOutboundAccess: true", "defaultOutboundAccess: false"),
    Seed("network", _NETWORK, "id: network.id", "id: zones[i].id"),
    Seed("not-hardened", _STORAGE, "bypass: 'AzureServices'", "bypass: 'None'"),
    Seed("not-hardened", _STORAGE, "retentionDays = 7", "retentionDays = 0"),
    Seed("not-hardened", _ALERTS, "enabled: true\n    scopes", "enabled: false\n    scopes"),
    Seed("role-unknown", _ROLES, "principalType: 'ServicePrincipal'", "principalType: 'User'"),
    Seed("auth-switch", _APP, "${tenantId}/v2.0'", "${tenantId}/'"),
    Seed("auth-switch", _APP, "            'api://${apiClientId}'\n", ""),
    Seed("alert", _ALERTS, "operator: 'GreaterThan'", "operator: 'LessThan'"),
    Seed("alert", _ALERTS, "threshold: 0", "threshold: 10"),
    Seed("app", _APP, "union(hostSettings, ownSettings, settings, extraSettings)", "union(extraSettings, hostSettings, ownSettings, settings)"),
    Seed("app", _MAIN, "PROVISIONING_ENABLED: string(provisioningEnabled)", "PROVISIONING_ENABLED: provisioningEnabled"),
    Seed("network", _NETWORK, "groupIds: [endpoint.service]", "groupIds: ['blob']"),
    Seed("network", _NETWORK, "privateDnsZoneId: zones[i].id", "privateDnsZoneId: zones[0].id"),
    Seed("network", _NETWORK, "location: 'global'", "location: location"),
    Seed("network", _NETWORK, "id: endpointSubnet.id", "id: '${network.id}/subnets/${appSubnetName}'"),
    Seed("output", _MAIN, "string = storage.outputs.name", "string = vault.outputs.name"),
    Seed("principal", _MAIN, "appPrincipalId: identity.outputs.principalId", "appPrincipalId: identity.outputs.clientId"),
    Seed("role-unknown", _ROLES, "if (!empty(deployerPrincipalId) && deployerMakesCertificate)", "if (deployerMakesCertificate)"),
    Seed("tag", _APP, "union(tags, { 'azd-service-name': 'connector' })", "{ 'azd-service-name': 'connector' }"),
    Seed("tag", _VAULT, "  tags: tags\n  properties: {\n    tenantId", "  properties: {\n    tenantId"),
    Seed("query-fact", f"{_QUERIES}/drift.kql", "line.added", "line.addition"),
    Seed("query-fact", f"{_QUERIES}/sync-late.kql", "line.state", "line.status"),
)  # fmt: skip
"""What no compiler minds, and we do."""

QUERIES = (
    Seed("query", f"{_QUERIES}/drift.kql", "where Message", "where Mesage"),
    Seed("query", f"{_QUERIES}/drift.kql", "AppTraces\n", "AppTrace\n"),
    Seed("query", f"{_QUERIES}/drift.kql", "| project", "| projekt"),
    Seed("query", f"{_QUERIES}/drift.kql", "parse_json(", "parse_jsn("),
)
"""What Microsoft's parser of queries finds."""
