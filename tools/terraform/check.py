"""Everything that is checked of ``infra/terraform``, in one list."""

from __future__ import annotations

from pathlib import Path

from tools.infra.facts import read_facts as read_azure_facts
from tools.infra.findings import Finding
from tools.terraform.bodies import check_bodies
from tools.terraform.circles import check_circles
from tools.terraform.configuration import Configuration, configure, read_texts
from tools.terraform.conventions import check_conventions
from tools.terraform.exports import check_exports
from tools.terraform.facts import read_facts
from tools.terraform.functions import check_functions
from tools.terraform.policies import app, hardening, interface, roles, settings, storage, surroundings
from tools.terraform.policies.deployment import Deployment
from tools.terraform.references import check_references
from tools.terraform.resources import check_resources

_POLICIES = (
    interface.check,
    settings.check,
    roles.check,
    storage.check,
    surroundings.check_vault,
    surroundings.check_authentication,
    surroundings.check_alerts,
    app.check_app,
    app.check_network,
    app.check_providers,
    hardening.check_switches,
    hardening.check_logs,
    hardening.check_names,
    hardening.check_outputs,
)


def findings(top: Path) -> list[Finding]:
    """What is wrong with the configuration below ``top``, by file and line."""
    folder = top / "infra" / "terraform"
    return check(top, configure(folder, read_texts(folder)))


def check(top: Path, configuration: Configuration) -> list[Finding]:
    """What is wrong with ``configuration``, by file and line. Whether it keeps the contract is asked of a valid one only."""
    facts = read_facts(configuration.folder / "facts")
    azure = read_azure_facts(top / "infra" / "facts")
    found = [
        *configuration.problems,
        *check_functions(configuration),
        *check_references(configuration, facts),
        *check_circles(configuration),
        *check_resources(configuration, facts),
        *check_bodies(configuration, facts, azure),
        *check_exports(configuration, azure),
        *check_conventions(configuration, facts),
    ]
    deployment = Deployment(top, configuration)
    for policy in _POLICIES if not found else ():
        try:
            found += policy(deployment)
        except LookupError as wrong:
            found.append(deployment.finding("not-found", str(wrong.args[0])))
    if not found:
        found += surroundings.check_tags(deployment, facts)
    return sorted(found)
