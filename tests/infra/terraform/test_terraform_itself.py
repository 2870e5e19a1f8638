"""What Terraform itself says of the parts that need no provider: inputs with their validations, and values."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from tools.terraform.configuration import configure
from tools.terraform.evaluating import Evaluation
from tools.terraform.functions import condensed, read_functions
from tools.terraform.itself import terraform_findings

TOP = Path(__file__).resolve().parents[3]
TERRAFORM = shutil.which("terraform")
pytestmark = pytest.mark.skipif(TERRAFORM is None, reason="there is no terraform on this machine")

ID = "0785ef7c-2d7a-4542-b048-95bcab406e0b"
REFUSED = {
    "environment_name": ["", "con toso", "x" * 33],
    "location": [""],
    "tenant_id": ["contoso.onmicrosoft.com"],
    "entra_cloud": ["germany"],
    "client_id": ["contoso"],
    "key_vault_secret_name": ["", "entra_secret"],
    "key_vault_certificate_name": ["a/b"],
    "break_glass_accounts": ["a b"],
    "operations_per_hour": ["0", "1.5"],
    "inherited_grants": ["some"],
    "graph_budget_percent": ["101"],
    "sync_schedule": ["0 0 * * *"],
    "incremental_schedule": ["PT1M"],
    "notification_url": ["http://contoso.com", "https://contoso.com?code=1"],
    "changes_output_queue": ["Changes", "a", "a--b", "entra-sync", "entra-operations-poison"],
    "extra_settings": ['{"A B" = "1"}'],
    "virtual_network_prefix": ["10.0.0.0", "10.0.0.0/26"],
    "api_client_id": ["api://contoso"],
    "alert_email": ["operators"],
    "log_retention_days": ["29", "731"],
    "maximum_instance_count": ["39"],
    "instance_memory_mb": ["512"],
    "http_always_ready": ["-1"],
    "deployer_principal_id": ["me"],
    "deployer_principal_type": ["Device"],
}
REFUSED_ALONE = {"auth_mode": "password", "provisioning_enabled": "perhaps"}
TAKEN = {
    "environment_name": "contoso-1",
    "location": "West Europe",
    "tenant_id": ID,
    "auth_mode": "client_secret",
    "client_id": ID,
    "break_glass_accounts": f"{ID}, glass@contoso.com",
    "changes_output_queue": "entra-news",
    "notification_url": "https://contoso.com/entra",
    "extra_settings": '{SNAPSHOTS_KEPT = "3"}',
    "virtual_network_prefix": "10.1.0.0/16",
    "alert_email": "operators@contoso.com",
}
Plan = Callable[..., subprocess.CompletedProcess[str]]


def run(folder: Path, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Terraform in ``folder``, asking nobody and telling nobody."""
    environment = {**os.environ, "CHECKPOINT_DISABLE": "1", "TF_CLI_ARGS": "-no-color", "TF_IN_AUTOMATION": "1"}
    environment.pop("TF_CLI_CONFIG_FILE", None)
    return subprocess.run(
        [str(TERRAFORM), f"-chdir={folder}", *arguments],
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Plans with the inputs alone: neither providers nor resources."""
    folder = tmp_path_factory.mktemp("inputs")
    for path in (TOP / "infra" / "terraform").glob("variables-*.tf"):
        shutil.copy(path, folder)
    assert run(folder, "init", "-backend=false").returncode == 0

    def planned(**inputs: str) -> subprocess.CompletedProcess[str]:
        given = {"environment_name": "contoso", "location": "westeurope", **inputs}
        variables = [f"-var={name}={value}" for name, value in given.items()]
        return run(folder, "plan", "-input=false", "-lock=false", *variables)

    return planned


def test_ordinary_inputs_are_taken(plan: Plan) -> None:
    assert plan().returncode == 0
    taken = plan(**TAKEN)
    assert taken.returncode == 0, taken.stderr


@pytest.mark.parametrize("attempt", range(max(map(len, REFUSED.values()))))
def test_what_cannot_be_meant_is_refused(plan: Plan, attempt: int) -> None:
    wrong = {name: values[attempt] for name, values in REFUSED.items() if len(values) > attempt}

    refused = plan(**wrong)

    assert refused.returncode == 1
    assert set(re.findall(r'variable "(\w+)" {', refused.stderr)) == set(wrong), refused.stderr


def test_a_client_id_is_asked_for_where_one_is_needed(plan: Plan) -> None:
    assert "client_id is needed with every auth_mode but managed_identity." in plan(auth_mode="certificate").stderr


@pytest.mark.parametrize("name", REFUSED_ALONE)
def test_what_cannot_be_meant_is_refused_where_it_hides_what_else_is_wrong(plan: Plan, name: str) -> None:
    refused = plan(**{name: REFUSED_ALONE[name]})

    assert refused.returncode == 1
    assert f'variable "{name}" {{' in refused.stderr


def test_every_input_that_is_checked_is_tried_here(configuration) -> None:
    checked = {
        name for name, block in configuration.variables.items() if any(one.type == "validation" for one in block.blocks)
    }
    assert checked <= {*REFUSED, *REFUSED_ALONE}


def test_it_loads_the_configuration_and_would_format_it_in_the_same_way() -> None:
    assert list(terraform_findings(TOP)) == []


def test_what_it_says_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "infra" / "terraform"
    folder.mkdir(parents=True)
    (folder / "wide.tf").write_text('variable "a" {\n  validation   {\n    error_message = "b"\n  }\n}\n')

    assert [(one.path.name, one.code) for one in terraform_findings(tmp_path)] == [
        ("wide.tf", "format"),
        ("terraform", "terraform"),
    ]


def test_the_functions_are_those_of_terraform(tmp_path: Path) -> None:
    listed = condensed(json.loads(run(tmp_path, "metadata", "functions", "-json").stdout))
    known = {name: asdict(one) for name, one in read_functions().items()}

    # Newer versions have more, and older ones fewer.
    assert {name: one for name, one in listed.items() if name in known} == {
        name: one for name, one in known.items() if name in listed
    }


def test_values_are_worked_out_as_terraform_does(tmp_path: Path) -> None:
    path = tmp_path / "values.tf"
    path.write_text("""
        locals {
          names  = ["b", "a", "b"]
          set    = toset(concat(local.names, [for name in local.names : "${name}-poison" if name != "a"]))
          map    = { for index, name in ["x", "y"] : name => index + 1 if index >= 0 && !(index == 5) }
          merged = merge(local.map, { x = "won", "a-b" = null })
          cut    = trimsuffix(trimprefix("https://kv.vault.azure.net/", "https://kv.vault."), "/")
          short  = substr(sha256("a/${lower(replace("West Europe", " ", ""))}"), 0, 13)
          choice = local.map["y"] == 2 ? { a = [true, 1.5] }.a : [false, 0]
          told   = "${tostring(true)} ${local.names[1]} ${false || local.names[0] == "b"} $${kept} \\"quoted\\""
        }
    """)
    evaluation = Evaluation(configure(tmp_path, {path: path.read_text()}), {}, {})
    asked = {name: evaluation.local(name) for name in evaluation.configuration.local}
    listed = ", ".join(f"{name} = local.{name}" for name in asked)

    told = run(tmp_path, "console", given=f"jsonencode({{{listed}}})\n")

    assert json.loads(json.loads(told.stdout)) == asked, told.stderr
