"""``python3 dev.py bench sync``, ``bench freshness``, ``bench provisioning`` and ``bench import``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from tools.bench import freshness, provisioning
from tools.bench.cold_start import cold_start
from tools.bench.freshness import measure_freshness
from tools.bench.provisioning import measure_provisioning
from tools.bench.sync import Options, Tenant, measure

_DESCRIPTION = """\
Measures the connector in a process of its own. Compare numbers of one run only: machines are noisy, CPU seconds and memory
less so than wall time. docs/benchmarks.md explains every number.
"""
_NUMBERS = (
    ("wall_s", "s", "from the request to the published snapshot"),
    ("cpu_s", "s", "CPU of the connector's process, starting Python and importing included"),
    ("decode_s", "s", "CPU to decode the same answers and nothing else"),
    ("publish_wall_s", "s", "of it publishing"),
    ("publish_cpu_s", "s", "CPU of it"),
    ("peak_rss_mb", "MB", "peak memory of the connector's process"),
    ("requests", "", "HTTP requests to Graph; a batch is one"),
    ("requests_in_all", "", "requests, those in batches counted one by one"),
    ("throttled", "", "of them answered 429"),
    ("resource_units", "", "what they cost"),
    ("resource_units_lower_bound", "", "the least that reading the same facts can cost"),
    ("units_per_s", "", "units a second until the last fact was read; tenants allow 350, 500 or 800"),
    ("rows", "", "rows of the snapshot"),
)
_FRESHNESS = (
    ("p50_s", "s", "from a change in the tenant to its line in the journal, one change at a time: half of them"),
    ("p95_s", "s", "95 of 100"),
    ("p99_s", "s", "99 of 100"),
    ("requests_per_change", "", "requests to Graph, those in batches counted one by one; timers included"),
    ("resource_units_per_change", "", "what they cost"),
    ("burst", "", "changes of a burst"),
    ("burst_s", "s", "from its first change to its last line in the journal"),
    ("requests", "", "requests for the burst"),
    ("resource_units", "", "what they cost"),
    ("resource_units_minimal", "", "what following the delta chain once after the burst costs"),
)
_PROVISIONING = (
    ("p50_s", "s", "from asking for one operation over HTTP to its end: half of them"),
    ("p95_s", "s", "95 of 100"),
    ("requests_per_operation", "", "requests to Graph for one, those in batches counted one by one"),
    ("bulk", "", "memberships asked for at once, in lists of 1,000"),
    ("bulk_s", "s", "from asking for the first to the end of the last: seen in Graph"),
    ("bulk_journalled_s", "s", "until all of them were in the journal and the audit file"),
    ("bulk_writes", "", "writes to Graph: 20 members each at most"),
    ("bulk_write_quota_used", "", "of what Graph lets an application write in bulk_s: 20 a second"),
    ("bulk_requests", "", "requests, those in batches counted one by one, verification included"),
    ("bulk_http_requests", "", "requests, a batch being one"),
    ("bulk_resource_units", "", "what they cost"),
    ("bulk_throttled", "", "of them answered 429"),
    ("requests_per_membership", "", "bulk_requests for each membership"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for."""
    options = _parser().parse_args(arguments)
    if options.what == "import":
        report = cold_start()
        _show(report, as_json=options.json, text=_plain)
        return 0
    if options.what == "freshness":
        sizes = freshness.Sizes(users=options.users, changes=options.changes, burst=options.burst, seed=options.seed)
        report = measure_freshness(sizes, _tell)
        _show(report, as_json=options.json, text=partial(_listed, numbers=_FRESHNESS))
        return 0
    if options.what == "provisioning":
        asked = provisioning.Sizes(
            users=options.users,
            single=options.operations,
            memberships=options.memberships,
            groups=options.groups,
            seed=options.seed,
        )
        report = measure_provisioning(asked, _tell)
        _show(report, as_json=options.json, text=partial(_listed, numbers=_PROVISIONING))
        return 0
    against = None if options.against is None else options.sdk_limit_s
    report = measure(
        Tenant(
            users=options.users,
            groups=options.groups,
            apps=options.apps,
            memberships=options.memberships,
            members_per_group=options.members_per_group,
            seed=options.seed,
            latency_ms=options.latency_ms,
            throttle=options.throttle,
        ),
        Options(settings=dict(options.set), sdk_limit_s=against, storage_on_disk=options.storage_on_disk),
        _tell,
    )
    _show(report, as_json=options.json, text=_sync_text)
    return 0


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _show(report: Mapping[str, Any], *, as_json: bool, text: Any) -> None:
    sys.stdout.write(json.dumps(report) + "\n" if as_json else text(report))


def _plain(report: Mapping[str, Any]) -> str:
    return "".join(f"{name:<28} {value}\n" for name, value in report.items())


def _listed(report: Mapping[str, Any], numbers: Sequence[tuple[str, str, str]]) -> str:
    return "".join(f"{name:<28} {_number(report[name]):>10} {unit:<3}{meaning}\n" for name, unit, meaning in numbers)


def _sync_text(report: Mapping[str, Any]) -> str:
    sdk, ratio = report.get("sdk"), report.get("ratio") or {}
    lines = [f"snapshot {report['snapshot_id']}"]
    if sdk:
        lines.append(f"{'':<28} {'connector':>12} {'msgraph-sdk':>12} {'ratio':>7}")
    for name, unit, meaning in _NUMBERS:
        theirs = f" {_number(sdk.get(name)):>12} {_number(ratio.get(name)):>7}" if sdk else ""
        lines.append(f"{name:<28} {_number(report[name]):>12}{theirs} {unit:<3}{meaning}")
    if sdk and not sdk["finished"]:
        why = f" by {sdk['error']}" if sdk["error"] else ""
        reached = ", ".join(f"{count:,} {kind}" for kind, count in sdk["rows_by_kind"].items())
        lines.append(f"msgraph-sdk was stopped{why} after {sdk['wall_s']:,.0f} s, at {reached}: no ratio.")
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 dev.py bench", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tasks = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    sync = tasks.add_parser("sync", help="a full sync of a made-up tenant")
    sync.add_argument("--users", type=int, default=2000, metavar="N", help="users (default %(default)s)")
    sync.add_argument("--groups", type=int, metavar="N", help="groups (default: fits the users)")
    sync.add_argument("--apps", type=int, metavar="N", help="enterprise applications (default: fits the users)")
    sync.add_argument("--memberships", type=int, metavar="N", help="memberships of users (default: about 9 a user)")
    sync.add_argument("--members-per-group", type=int, metavar="N", help="the same for every group, instead")
    sync.add_argument("--seed", type=int, default=1, metavar="S", help="another seed, another tenant")
    sync.add_argument("--latency-ms", type=float, default=0, metavar="L", help="how long each answer takes at least")
    sync.add_argument("--throttle", choices=("off", "s", "m", "l"), default="off", help="limits of this size of tenant")
    sync.add_argument("--against", choices=("sdk",), help="the same tenant with msgraph-sdk, group by group")
    sync.add_argument(
        "--sdk-limit-s", type=float, default=300, metavar="S", help="when to stop it (default %(default)s)"
    )
    sync.add_argument("--storage-on-disk", action="store_true", help="storage keeps its blobs on disk, not in memory")
    sync.add_argument(
        "--set", action="append", default=[], type=_setting, metavar="NAME=VALUE", help="a setting of the connector"
    )
    sync.add_argument("--json", action="store_true", help="one JSON line")
    fresh = tasks.add_parser("freshness", help="from a change in the tenant to the line in the journal")
    fresh.add_argument("--users", type=int, default=2000, metavar="N", help="users (default %(default)s)")
    fresh.add_argument("--changes", type=int, default=40, metavar="N", help="single changes (default %(default)s)")
    fresh.add_argument("--burst", type=int, default=5000, metavar="N", help="changes at once (default %(default)s)")
    fresh.add_argument("--seed", type=int, default=1, metavar="S", help="another seed, another tenant")
    fresh.add_argument("--json", action="store_true", help="one JSON line")
    granting = tasks.add_parser("provisioning", help="from asking for grants and revokes to their end")
    granting.add_argument("--users", type=int, default=2000, metavar="N", help="users (default %(default)s)")
    granting.add_argument("--operations", type=int, default=40, metavar="N", help="single ones (default %(default)s)")
    granting.add_argument("--memberships", type=int, default=5000, metavar="N", help="in bulk (default %(default)s)")
    granting.add_argument("--groups", type=int, default=50, metavar="N", help="of so many groups (default %(default)s)")
    granting.add_argument("--seed", type=int, default=1, metavar="S", help="another seed, another tenant")
    granting.add_argument("--json", action="store_true", help="one JSON line")
    imported = tasks.add_parser("import", help="cold start: importing and indexing function_app.py")
    imported.add_argument("--json", action="store_true", help="one JSON line")
    return parser


def _setting(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


if __name__ == "__main__":
    raise SystemExit(main())
