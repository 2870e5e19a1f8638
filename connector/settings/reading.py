"""Settings of full syncs: when, what is read, what is derived, what is held back and kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.settings.setting import setting
from connector.settings.values import one_of, schedule, true_or_false, whole_number


class InheritedGrants(StrEnum):
    """How much of what follows from group membership is derived."""

    ALL = "all"
    PRIVILEGED = "privileged"
    OFF = "off"


@dataclass(frozen=True, kw_only=True)
class ReadingSettings:
    """What a full sync reads and keeps."""

    sync_schedule: str = setting(
        "SYNC_SCHEDULE",
        schedule,
        "When full syncs start, as a six-field schedule: second minute hour day month weekday.",
        default="0 0 */6 * * *",
    )
    skip_ad_groups: bool = setting(
        "SKIP_AD_GROUPS",
        true_or_false,
        "Leave out groups that come from an on-premises Active Directory. Accounts stay, and on-premises users stay "
        "members of cloud groups.",
        default="false",
    )
    skip_unassigned_apps: bool = setting(
        "SKIP_UNASSIGNED_APPS",
        true_or_false,
        "Leave out enterprise applications to which nothing is assigned and which hold no grant themselves.",
        default="false",
    )
    sign_in_activity: bool = setting(
        "SIGN_IN_ACTIVITY",
        true_or_false,
        "Read when accounts last signed in. Needs a permission of its own (`permissions` tells) and Entra ID P1, and is slow: Graph limits it.",
        default="false",
    )
    mailbox_purpose: bool = setting(
        "MAILBOX_PURPOSE",
        true_or_false,
        "Read what each mailbox is for (person, shared, room). Needs a permission of its own (`permissions` tells), and takes one request an account.",
        default="false",
    )
    inherited_grants: InheritedGrants = setting(
        "INHERITED_GRANTS",
        one_of(InheritedGrants),
        "What to derive from group membership: `all`, `privileged` (directory roles and role-assignable groups) or `off`.",
        default="all",
    )
    inherited_max_depth: int = setting(
        "INHERITED_GRANTS_MAX_DEPTH",
        whole_number(1, 100),
        "Deepest nesting of groups that is followed; what lies deeper is left out with a warning.",
        default="20",
    )
    inherited_limit: int = setting(
        "INHERITED_GRANTS_LIMIT",
        whole_number(0, 1_000_000_000),
        "Most inherited grants that a snapshot holds; what exceeds it is left out with a warning.",
        default="50000000",
    )
    graph_budget_percent: int = setting(
        "GRAPH_BUDGET_PERCENT",
        whole_number(1, 100),
        "How much of the resource units that Graph grants the app registration a sync may use. Lower it only where the "
        "same app registration does other work in this tenant.",
        default="100",
    )
    step_budget: int = setting(
        "STEP_BUDGET_SECONDS",
        whole_number(1, 3600),
        "Seconds that one step of a sync may work before it saves its place and hands over to the next. Keep it well "
        "under `functionTimeout` of host.json.",
        default="240",
    )
    shrink_limit_percent: int = setting(
        "SHRINK_LIMIT_PERCENT",
        whole_number(0, 100),
        "A kind of which more than this percentage of the rows is gone since the snapshot in force is held back: the rows "
        "stay until a sync accepts it (`sync --accept-shrinking KIND`). 0 switches this off.",
        default="20",
    )
    shrink_limit_rows: int = setting(
        "SHRINK_LIMIT_ROWS",
        whole_number(1, 1_000_000_000),
        "Nothing is held back for losing fewer rows than this, whatever the percentage.",
        default="50",
    )
    snapshots_kept: int = setting(
        "SNAPSHOTS_KEPT",
        whole_number(1, 100_000),
        "How many snapshots are kept, the one in force included. Older ones are removed, but not within an hour of their "
        "replacement: somebody may still be reading them.",
        default="10",
    )
    staging_hours: int = setting(
        "STAGING_HOURS",
        whole_number(1, 8760),
        "Hours after which checkpoints and staged parts of a sync that has ended or died are removed.",
        default="24",
    )
