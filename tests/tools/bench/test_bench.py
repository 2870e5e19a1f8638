"""``dev.py bench`` on tenants of a few users: every number is there, and they agree with each other."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tools.bench.sync import ratios
from tools.stack import TOP


def bench(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench", *arguments], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    arguments = ("--users", "6", "--groups", "3", "--apps", "2", "--against", "sdk", "--sdk-limit-s", "0.01", "--json")
    [line] = bench("sync", *arguments).splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_every_number_is_there(report):
    assert {
        "wall_s",
        "cpu_s",
        "peak_rss_mb",
        "requests",
        "throttled",
        "resource_units",
        "resource_units_lower_bound",
        "rows",
        "decode_s",
        "snapshot_id",
    } <= report.keys()


def test_the_numbers_agree(report):
    assert report["incomplete"] == {}
    assert report["rows"] == sum(report["tables"].values())
    assert report["tables"]["accounts"] == 6
    assert 0 < report["decode_s"] < report["cpu_s"]
    assert report["decoded_mb"] > 0
    assert 20 < report["peak_rss_mb"] < 2000
    assert 0 < report["requests"] <= report["requests_in_all"]
    assert report["throttled"] == 0


def test_no_reader_spends_less_than_the_lower_bound(report):
    assert report["resource_units_lower_bound"] == sum(report["lower_bound_by_call"].values())
    assert report["resource_units_lower_bound"] <= report["resource_units"]


def test_what_did_not_get_to_the_end_says_so_and_is_not_compared(report):
    assert report["sdk"]["finished"] is False
    assert report["ratio"] is None


def test_ratios_say_how_many_times_as_much_the_other_needs():
    connector = {"wall_s": 2.0, "cpu_s": 1.0, "peak_rss_mb": 200.0, "requests": 10, "resource_units": 50}
    other = {"wall_s": 20.0, "cpu_s": 15.0, "peak_rss_mb": 100.0, "requests": 70, "resource_units": 75}

    found = ratios(connector, other | {"finished": True})

    assert found == {"wall_s": 10.0, "cpu_s": 15.0, "peak_rss_mb": 0.5, "requests": 7.0, "resource_units": 1.5}


def test_cold_start_loads_no_heavy_module():
    found = json.loads(bench("import", "--json"))

    assert found["functions"] > 0
    assert not {"duckdb", "msgraph", "azure.storage", "msgspec"} & set(found["loaded"]), found["loaded"]
