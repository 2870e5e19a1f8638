"""The facts are those of the pinned providers, and are read from the bindings as what they are."""

from __future__ import annotations

from pathlib import Path

from tools.terraform.facts import AttributeFacts, read_facts
from tools.terraform.reading_bindings import described, described_provider

TOP = Path(__file__).resolve().parents[3]

A_RESOURCE = """
class ThingRuleOutputReference extends cdktn.ComplexObject {
    // days - computed: false, optional: false, required: true
    _days;
    get days() {
        return this.getNumberAttribute('days');
    }
    set days(value) {
        this._days = value;
    }
}
class ThingRuleList extends cdktn.ComplexList {
    get(index) {
    }
}
class ThingAddressOutputReference extends cdktn.ComplexObject {
    // host - computed: true, optional: false, required: false
    get host() {
        return this.getStringAttribute('host');
    }
}
class ThingAddressList extends cdktn.ComplexList {
    get(index) {
    }
}
class Thing extends cdktn.TerraformResource {
    static tfResourceType = "azurerm_thing";
    // addresses - computed: true, optional: false, required: false
    _addresses = new ThingAddressList(this, "addresses", false);
    get addresses() {
        return this._addresses;
    }
    // name - computed: false, optional: false, required: true
    _name;
    get name() {
        return this.getStringAttribute('name');
    }
    set name(value) {
        this._name = value;
    }
    // tags - computed: true, optional: true, required: false
    _tags;
    get tags() {
        return this.getStringMapAttribute('tags');
    }
    set tags(value) {
        this._tags = value;
    }
    // rule - computed: false, optional: false, required: true
    _rule = new ThingRuleList(this, "rule", false);
    get rule() {
        return this._rule;
    }
    putRule(value) {
        this._rule.internalValue = value;
    }
    synthesizeHclAttributes() {
        const attrs = {
            rule: {
                value: cdktn.listMapperHcl(thingRuleToHclTerraform, true)(this._rule.internalValue),
                isBlock: true,
                type: "list",
                storageClassType: "ThingRuleList",
            },
        };
    }
}
"""
A_PROVIDER = """
function providerFeaturesToHclTerraform(struct) {
    const attrs = {
        careful: {
            value: cdktn.booleanToHclTerraform(struct.careful),
            isBlock: false,
            type: "simple",
            storageClassType: "boolean",
        },
    };
}
class Provider extends cdktn.TerraformProvider {
    synthesizeHclAttributes() {
        const attrs = {
            names: {
                value: cdktn.listMapperHcl(cdktn.stringToHclTerraform, false)(this._names),
                isBlock: false,
                type: "list",
                storageClassType: "stringList",
            },
            features: {
                value: cdktn.listMapperHcl(providerFeaturesToHclTerraform, true)(this._features),
                isBlock: true,
                type: "list",
                storageClassType: "ProviderFeaturesList",
            },
        };
    }
}
"""


def test_a_resource_is_read_from_its_bindings():
    assert described(A_RESOURCE) == {
        "attributes": {
            "addresses": {
                "read_only": True,
                "type": "list(object)",
                "fields": {"host": {"type": "string", "read_only": True}},
            },
            "name": {"type": "string", "required": True},
            "tags": {"type": "map(string)"},
        },
        "blocks": {
            "rule": {
                "required": True,
                "many": True,
                "attributes": {"days": {"type": "number", "required": True}},
                "blocks": {},
            }
        },
    }


def test_a_provider_is_read_from_its_bindings():
    assert described_provider(A_PROVIDER) == {
        "attributes": {"names": {"type": "list(string)"}},
        "blocks": {
            "features": {"required": False, "many": False, "attributes": {"careful": {"type": "bool"}}, "blocks": {}}
        },
    }


def test_what_is_known_of_a_resource_is_what_its_documentation_says():
    known = read_facts().find("resource", "azurerm_key_vault")

    assert known is not None
    assert known.attributes["rbac_authorization_enabled"] == AttributeFacts(
        "bool", required=True, read_only=False, write_only=False, fields={}
    )
    assert known.attributes["vault_uri"] == AttributeFacts(
        "string", required=False, read_only=True, write_only=False, fields={}
    )
    assert (known.blocks["network_acls"].required, known.blocks["network_acls"].many) == (False, False)


def test_facts_are_kept_of_what_is_used_and_of_nothing_else(configuration):
    used = {f"{kind} {block.labels[0]}" for kind, block in configuration.managed()}
    facts = read_facts()

    assert {f"{kind} {type_}" for kind in ("resource", "data", "ephemeral") for type_ in facts.types(kind)} == used
