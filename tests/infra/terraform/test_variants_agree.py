"""The variants in Bicep and in Terraform deploy the same. Both are compared with the contract elsewhere; here, with each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.infra.declarations import Kind, allowed_values
from tools.infra.evaluating import evaluate
from tools.infra.policies.settings import settings_given
from tools.infra.policies.tree import Deployed, Tree
from tools.infra.syntax import constant, properties, value_of
from tools.infra.templates import read_templates
from tools.terraform.configuration import Configuration
from tools.terraform.kinds import written_type
from tools.terraform.policies import interface
from tools.terraform.policies.deployment import SOMEBODY, Deployment
from tools.terraform.policies.roles import assigned
from tools.terraform.policies.settings import settings

TOP = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def bicep() -> Tree:
    return Tree(TOP, read_templates((TOP / "infra").resolve()))


@pytest.fixture(scope="module")
def terraform(configuration: Configuration) -> Deployment:
    return Deployment(TOP, configuration)


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def the(tree: Tree, type_: str, name: str | None = None) -> Deployed:
    return next(one for one in tree.resources(type_) if name is None or one.name == name)


def inputs_of_bicep(tree: Tree) -> Iterator[tuple[str, dict[str, Any]]]:
    types = {"string": "string", "bool": "bool", "int": "number", "object": "map(string)"}
    for one in tree.main.of(Kind.PARAM):
        if not one.secure:
            least, most = (constant(one.decorators.get(name, [None])[0]) for name in ("minValue", "maxValue"))
            stated = (one.stated.text or b"").decode() if one.stated is not None else ""
            default = None if one.value is None else evaluate(one.value, tree.main)
            yield (
                snake_case(one.name),
                {"type": types[stated], "default": default, "allowed": allowed_values(one), "limits": (least, most)},
            )


def inputs_of_terraform(deployment: Deployment) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, block in deployment.configuration.variables.items():
        default = block.attributes.get("default")
        yield (
            name,
            {
                "type": written_type(deployment.configuration, name),
                "default": None if default is None else deployment.with_inputs().of(default.value),
                "allowed": interface.allowed(block),
                "limits": interface.limits(block),
            },
        )


def test_they_ask_for_the_same(bicep: Tree, terraform: Deployment) -> None:
    here, there = dict(inputs_of_terraform(terraform)), dict(inputs_of_bicep(bicep))
    assert set(here) == set(there)
    for name, one in there.items():
        if one["allowed"] is None:  # what the type of Bicep cannot say may be said here
            here[name]["allowed"] = None
    assert here == there


def test_they_tell_the_same(bicep: Tree, terraform: Deployment) -> None:
    called = {one["bicep"]: one["terraform"] for one in terraform.contract["outputs"]}
    assert {called[name] for name in bicep.main.outputs} == set(terraform.configuration.outputs)


def test_the_app_gets_the_same_settings(bicep: Tree, terraform: Deployment) -> None:
    app = the(bicep, "Microsoft.Web/sites/config", "appsettings")
    assert {name for name, _ in settings_given(bicep, app)} == set(settings(terraform))


@pytest.mark.parametrize("name", ["functionAppConfig", "siteConfig"])
def test_the_app_is_made_in_the_same_way(bicep: Tree, terraform: Deployment, name: str) -> None:
    there = the(bicep, "Microsoft.Web/sites").declared.value
    here = terraform.with_inputs().attribute(terraform.only("azapi_resource"), "body")["properties"]
    said = evaluate(value_of(there, "properties", name), the(bicep, "Microsoft.Web/sites").template)
    assert paths(said) == paths(here[name])


def test_the_app_has_the_same_properties(bicep: Tree, terraform: Deployment) -> None:
    there = value_of(the(bicep, "Microsoft.Web/sites").declared.value, "properties")
    here = terraform.with_inputs().attribute(terraform.only("azapi_resource"), "body")["properties"]
    assert there is not None
    assert {one.name for one in properties(there)} == set(here)


def test_the_same_callers_get_in(bicep: Tree, terraform: Deployment) -> None:
    there = the(bicep, "Microsoft.Web/sites/config", "authsettingsV2")
    said = evaluate(value_of(there.declared.value, "properties"), there.template)
    block = terraform.only("azapi_update_resource", "authsettingsV2")
    here = terraform.with_inputs(api_client_id=SOMEBODY).attribute(block, "body")["properties"]
    assert paths(said) == paths(here)
    assert said["globalValidation"] == here["globalValidation"]


def paths(value: Any, above: str = "") -> set[str]:
    """Where a value holds something, and what, as far as that is known of both variants."""
    if isinstance(value, dict):
        return {path for name, inner in value.items() for path in paths(inner, f"{above}.{name}")}
    return {
        f"{above} = {value!r}"
        if isinstance(value, str) and re.fullmatch(r"[\w.~-]+", value) and value != SOMEBODY
        else above
    }


def test_the_same_alerts_are_told(bicep: Tree, terraform: Deployment) -> None:
    [template] = (one for path, one in bicep.templates.items() if path.name == "alerts.bicep")
    declared = template.find("rules", Kind.VAR)
    assert declared is not None
    there = {one.pop("name"): one for one in evaluate(declared.value, template)}
    assert terraform.with_inputs().local("alerts") == there


def test_there_are_the_same_queues(bicep: Tree, terraform: Deployment) -> None:
    [template] = (one for path, one in bicep.templates.items() if path.name == "storage.bicep")
    for here, there in {"own_queues": "ownQueues", "poison_queues": "poisonQueues"}.items():
        declared = template.find(there, Kind.VAR)
        assert declared is not None
        assert terraform.with_inputs().local(here) == evaluate(declared.value, template)


def test_the_same_roles_are_assigned(bicep: Tree, terraform: Deployment) -> None:
    ids = {one["name"]: one["id"] for who in ("app", "deployer") for one in terraform.contract["roles"][who]}
    given = assigned(terraform, auth_mode="certificate", deployer_principal_id=SOMEBODY)
    there = [
        one.template.find(name, Kind.VAR)
        for one in bicep.resources("Microsoft.Authorization/roleAssignments")
        for name in re.findall(r"roleDefinitions', (\w+)", (one.declared.node.text or b"").decode())
    ]
    assert sorted(ids[role] for _, _, role, _ in given) == sorted(
        str(evaluate(one.value, bicep.templates[(TOP / "infra/modules/roles.bicep").resolve()])) for one in there if one
    )
