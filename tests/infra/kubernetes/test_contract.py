"""Kubernetes keeps the contract that every way of deploying the connector keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest

from connector.settings import known_settings
from tools.kubernetes.check import TOP
from tools.kubernetes.functions import Function
from tools.kubernetes.overlay import Overlay

CONTRACT = json.loads((TOP / "infra" / "contract.json").read_text())
INSIDE = {"/api/live", "/api/health"}
"""Without authentication in Azure, because probes and monitoring ask from outside; here they ask from within."""


@pytest.mark.parametrize("name", ["client-secret", "no-inbound", "workload-identity"])
def test_settings_are_those_of_the_contract(built: Mapping[str, Overlay], name: str) -> None:
    agreed = set(CONTRACT["settings"]["connector"]) | set(CONTRACT["settings"]["left_at_default"])
    ours = {one.name for one in known_settings()}
    given = {key for one in built[name].of("ConfigMap") for key in one["data"]}

    assert given & ours <= agreed


def test_queues_are_those_of_the_contract(built: Mapping[str, Overlay], functions: Sequence[Function]) -> None:
    [scaled] = built["workload-identity"].of("ScaledObject")
    queues = {trigger["metadata"]["queueName"] for trigger in scaled["spec"]["triggers"]}

    assert queues == {one.queue for one in functions if one.queue}
    assert queues <= set(CONTRACT["queues"])


def test_what_is_reached_from_outside_is_what_asks_for_no_sign_in(built: Mapping[str, Overlay]) -> None:
    [ingress] = built["workload-identity"].of("Ingress")
    paths = [path["path"] for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]
    anonymous = set(CONTRACT["authentication"]["excluded_paths"]) - INSIDE

    assert all(any(path == one or path.startswith(f"{one}/") for one in paths) for path in anonymous)
    assert all(any(path == one or path.startswith(f"{one}/") for path in anonymous) for one in paths)
