"""What Bicep allows, and our own templates do not all use, is understood: no check finds anything where nothing is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.infra.evaluating import UNKNOWN, evaluate
from tools.infra.facts import read_facts
from tools.infra.kinds import ANYTHING, BOOL, INT, NULL, STRING, ListOf, Literal, OneOf, Shape, Type, fits
from tools.infra.templates import check_templates, read_templates

FACTS = read_facts((Path(__file__).resolve().parents[2] / "infra" / "facts").resolve())

RIGHT = {
    "main.bicep": """
targetScope = 'subscription'

type size = 'small' | 'large'

@description('Names.')
@minLength(1)
param names string[] = ['a', 'b']

@description('Options.')
param options {
  prefix: string
  count: int?
} = { prefix: 'x' }

@description('Size.')
param wanted size = 'small'

@description('Perhaps.')
param note string?

func tagged(name string) string => '${name}!'

var pairs = [for (name, i) in names: { name: name, number: i }]
var long = filter(map(names, name => toLower(name)), (name, i) => length(name) > i)
var total = reduce([1, 2], 0, (sum, next) => sum + next)
var said = note ?? options.?prefix ?? 'nothing'
var text = '''
several
lines ${not interpolated}
'''
var first = az.subscription().subscriptionId

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = [for name in names: if (name != 'c') {
  name: 'rg-${name}'
  location: deployment().location
  tags: union({ size: wanted, said: said }, contains(names, 'a') ? { text: text } : {})
}]

module part 'part.bicep' = [for (pair, i) in pairs: {
  name: 'part-${pair.number}'
  scope: group[i]
  params: {
    name: tagged(pair.name)
    counts: [total, length(long), -1]
    wide: (wanted == 'large') || !empty(first)
  }
}]

output ids array = [for i in range(0, length(names)): part[i].outputs.id]
""",
    "part.bicep": """
@description('Name.')
param name string

@description('Counts.')
param counts int[]

@description('Wide.')
param wide bool = false

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = if (wide) {
  name: name
  location: resourceGroup().location
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    #disable-next-line BCP073
    minimumTlsVersion: 'TLS1_2' // a comment
  }

  resource blobs 'blobServices' = {
    name: 'default'

    resource box 'containers' = {
      name: 'box-${counts[0]}'
    }
  }
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: name
  scope: resourceGroup('other')
}

output id string = wide ? account::blobs::box.id : vault.properties.vaultUri
""",
}


def test_nothing_is_found_where_nothing_is_wrong(tmp_path) -> None:
    for name, content in RIGHT.items():
        (tmp_path / name).write_text(content)

    assert [one.told(tmp_path) for one in check_templates(read_templates(tmp_path.resolve()), FACTS)] == []


@pytest.mark.parametrize(
    ("given", "wanted", "fit"),
    [
        (Literal("a"), STRING, True),
        (Literal("a"), INT, False),
        (Literal(1), BOOL, False),
        (Literal(True), BOOL, True),
        (STRING, Literal("a"), True),
        (Literal("b"), Literal("a"), False),
        (Literal("b"), OneOf((Literal("a"), STRING)), True),
        (OneOf((STRING, INT)), BOOL, False),
        (OneOf((STRING, INT)), INT, True),
        (ListOf(INT), ListOf(STRING), False),
        (ListOf(ANYTHING), ListOf(STRING), True),
        (Shape("object"), STRING, False),
        (STRING, Shape("object"), False),
        (NULL, STRING, True),
        (ANYTHING, BOOL, True),
    ],
)
def test_a_value_fits_unless_it_certainly_does_not(given: Type, wanted: Type, fit: bool) -> None:
    assert fits(given, wanted) is fit


def test_what_is_constant_is_evaluated_and_the_rest_is_not_guessed(tmp_path) -> None:
    (tmp_path / "main.bicep").write_text("""
param more string
var own = ['a', 'b']
var all = concat(own, map(own, one => '${one}-poison'), empty(more) ? [] : [more])
var shape = { first: own, secret: more, number: 3, on: true }
var member = shape.number
""")
    [template] = read_templates(tmp_path).values()
    values = {one.name: evaluate(one.value, template) for one in template.declarations if one.name != "more"}

    assert values["all"] == ["a", "b", "a-poison", "b-poison"]
    assert values["shape"] == {"first": ["a", "b"], "secret": UNKNOWN, "number": 3, "on": True}
    assert values["member"] == 3
