// Who is told, and of what. Each query gives a row for each thing that somebody should look at.

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('What names end with.')
param suffix string

@description('Workspace that holds the logs.')
param workspaceId string

@description('Who is told, by e-mail. Empty: nobody; alerts are seen in the portal.')
param email string

@description('Queries by the name of the alert.')
param queries object

var rules = [
  {
    name: 'sync-failed'
    says: 'A full sync failed; the snapshot before stays in force.'
    severity: 1
    window: 'PT1H'
    frequency: 'PT15M'
  }
  {
    name: 'sync-late'
    says: 'A full sync was asked for six hours ago and none was published since, or none was published for two days.'
    severity: 1
    window: 'P2D'
    frequency: 'PT1H'
  }
  {
    name: 'rounds-failing'
    says: 'Rounds cannot follow the tenant: the picture grows old until the next full sync.'
    severity: 2
    window: 'PT1H'
    frequency: 'PT15M'
  }
  {
    name: 'subscriptions-expiring'
    says: 'Subscriptions to change notifications are not kept alive: they have problems again and again, or nobody has looked after them for six hours.'
    severity: 2
    window: 'P1D'
    frequency: 'PT1H'
  }
  {
    name: 'operations-dead-lettered'
    says: 'Operations or messages were put aside; somebody has to look at them.'
    severity: 1
    window: 'PT1H'
    frequency: 'PT15M'
  }
  {
    name: 'ends-not-kept'
    says: 'Access that should have ended has not.'
    severity: 0
    window: 'PT1H'
    frequency: 'PT15M'
  }
  {
    name: 'drift'
    says: 'A full sync found changes that rounds had missed.'
    severity: 3
    window: 'P1D'
    frequency: 'PT1H'
  }
  {
    name: 'journal-damaged'
    says: 'What is stored is not what was written: the journal, a snapshot or the audit file.'
    severity: 0
    window: 'PT1H'
    frequency: 'PT15M'
  }
  {
    name: 'credential-expiring'
    says: 'The client secret or the certificate expires within thirty days.'
    severity: 2
    window: 'P1D'
    frequency: 'PT1H'
  }
  {
    name: 'settings-wrong'
    says: 'Settings are missing or malformed: nothing works until they are mended.'
    severity: 1
    window: 'PT1H'
    frequency: 'PT15M'
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'ag-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'entra'
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: '${rule.name}-${suffix}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: rule.name
    description: rule.says
    severity: rule.severity
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: rule.frequency
    windowSize: rule.window
    autoMitigate: true
    // A new workspace knows its tables only after the first lines have arrived; the queries are checked before they come here.
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: queries[rule.name]
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: empty(email) ? [] : [people.id]
    }
  }
}]
