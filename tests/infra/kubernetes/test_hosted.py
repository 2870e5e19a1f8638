"""A host with the settings of a pod runs what that pod is for, and nothing else."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping

import pytest

from emulators.functions import FunctionsHost
from tests.support.baton import SECRET
from tools.kubernetes.check import TOP
from tools.kubernetes.functions import PROBED, Role
from tools.kubernetes.overlay import Overlay, role_of


def test_the_pod_of_timers_runs_timers_alone(built: Mapping[str, Overlay], storage_account: str) -> None:
    overlay = built["client-secret"]
    [timers] = [one for one in overlay.of("Deployment") if role_of(one) is Role.TIMERS]
    quiet = {"SYNC_SCHEDULE": "0 0 0 1 1 *", "INCREMENTAL_SCHEDULE": "0 0 0 1 1 *"}
    idle = {f"AzureWebJobs.{name}.Disabled": "true" for name in ("provisioning_timer", "compaction_timer")}  # they tick
    settings = overlay.settings(timers) | SECRET | {"AzureWebJobsStorage": storage_account} | quiet | idle

    with FunctionsHost(TOP, settings, max_polling_ms=1000) as host:
        running = {one["name"]: one["trigger"] for one in host.functions if not one["disabled"]}
        with urllib.request.urlopen(f"{host.url}/api/live", timeout=30) as answer:
            assert json.loads(answer.read()) == {"status": "live"}
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{host.url}/api/openapi.json", timeout=30)

    assert refused.value.code == 404
    assert running.pop(PROBED) == "http"
    assert set(running.values()) == {"timer"}
    assert {"full_sync_timer", "incremental_timer", "retention_timer", "subscription_timer"} <= set(running)
