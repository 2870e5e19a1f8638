// Checks queries with Microsoft's own parser of KQL, against the tables that they may ask.
// Standard input: {"tables": {name: {column: type}}, "queries": {name: text}}. Standard output: [{query, start, length, severity, message}].
'use strict'
const path = require('path')

const library = path.join(process.argv[2], '@kusto', 'language-service-next')
require(path.join(library, 'bridge.js'))
require(path.join(library, 'Kusto.Language.Bridge.js'))

const { GlobalState, KustoCode } = Kusto.Language
const { DatabaseSymbol, TableSymbol } = Kusto.Language.Symbols

const given = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const tables = Object.entries(given.tables).map(([name, columns]) => {
  const schema = Object.entries(columns).map(([column, type]) => `${column}: ${type}`).join(', ')
  return TableSymbol.From(`(${schema})`).WithName(name)
})
const globals = GlobalState.Default.WithDatabase(new DatabaseSymbol.$ctor1('workspace', tables, false))

const found = []
for (const [query, text] of Object.entries(given.queries)) {
  const code = KustoCode.ParseAndAnalyze(text, globals)
  const diagnostics = code.GetDiagnostics()
  for (let i = 0; i < diagnostics.Count; i++) {
    const { Start: start, Length: length, Severity: severity, Message: message } = diagnostics.getItem(i)
    found.push({ query, start, length, severity, message })
  }
}
process.stdout.write(JSON.stringify(found))
