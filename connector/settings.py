"""Every setting: name, type, default, meaning. The README's table and ``--help`` are made from it.

Settings are environment variables, because that is what Azure Functions turns application settings into. They are read
once, checked together, and every problem is reported in one go, so that nobody fixes a deployment one error at a time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from connector.setting_values import (
    Wrong,
    accounts,
    any_text,
    existing_file,
    guid,
    https_url,
    one_of,
    others_queue,
    public_url,
    schedule,
    storage_name,
    true_or_false,
    whole_number,
    without_secrets,
)


class SettingsError(Exception):
    """Settings are missing or malformed. ``problems`` holds one sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class InheritedGrants(StrEnum):
    """How much of what follows from group membership is derived."""

    ALL = "all"
    PRIVILEGED = "privileged"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of one setting: ``name`` of the environment variable, its ``default`` as text (None: required), and what
    ``nothing`` is, where the text is empty."""

    name: str
    default: str | None
    meaning: str
    parse: Callable[[str], Any]
    secret: bool = False
    nothing: Any = ""


def _setting(
    name: str,
    parse: Callable[[str], Any],
    meaning: str,
    *,
    default: str | None = None,
    secret: bool = False,
    nothing: Any = "",
) -> Any:
    return field(metadata={"setting": Setting(name, default, meaning, parse, secret, nothing)}, repr=not secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one deployment, parsed. Made by :meth:`load`."""

    tenant_id: str = _setting(
        "ENTRA_TENANT_ID", guid, "The tenant to read: its id, from *Entra admin center > Overview*."
    )
    client_id: str = _setting("ENTRA_CLIENT_ID", guid, "Application (client) id of the connector's app registration.")
    client_secret: str = _setting(
        "ENTRA_CLIENT_SECRET",
        any_text,
        "Client secret of that app registration. In Azure, give a Key Vault reference.",
        secret=True,
    )
    authority: str = _setting(
        "ENTRA_AUTHORITY", https_url, "Sign-in endpoint of the cloud.", default="https://login.microsoftonline.com"
    )
    graph_endpoint: str = _setting(
        "GRAPH_ENDPOINT",
        https_url,
        "Microsoft Graph of the cloud, without a version.",
        default="https://graph.microsoft.com",
    )
    ca_file: Path | None = _setting(
        "TLS_CA_FILE",
        existing_file,
        "PEM file of further certificate authorities to trust, for a TLS-inspecting proxy or the emulators.",
        default="",
        nothing=None,
    )
    storage: str = _setting(
        "AzureWebJobsStorage",
        any_text,
        "Connection string of the storage account. Without it, `AzureWebJobsStorage__blobServiceUri` and "
        "`AzureWebJobsStorage__queueServiceUri` name the endpoints and the identity of the app signs in.",
        default="",
        secret=True,
    )
    blob_service_uri: str = _setting(
        "AzureWebJobsStorage__blobServiceUri", https_url, "Blob endpoint, for identity-based storage.", default=""
    )
    queue_service_uri: str = _setting(
        "AzureWebJobsStorage__queueServiceUri", https_url, "Queue endpoint, for identity-based storage.", default=""
    )
    container: str = _setting(
        "STORAGE_CONTAINER", storage_name, "Blob container that holds everything; it must exist.", default="entra"
    )
    sync_schedule: str = _setting(
        "SYNC_SCHEDULE",
        schedule,
        "When full syncs start, as a six-field schedule: second minute hour day month weekday.",
        default="0 0 */6 * * *",
    )
    skip_ad_groups: bool = _setting(
        "SKIP_AD_GROUPS",
        true_or_false,
        "Leave out groups that come from an on-premises Active Directory. Accounts stay, and on-premises users stay "
        "members of cloud groups.",
        default="false",
    )
    skip_unassigned_apps: bool = _setting(
        "SKIP_UNASSIGNED_APPS",
        true_or_false,
        "Leave out enterprise applications to which nothing is assigned and which hold no grant themselves.",
        default="false",
    )
    sign_in_activity: bool = _setting(
        "SIGN_IN_ACTIVITY",
        true_or_false,
        "Read when accounts last signed in. Needs AuditLog.Read.All and Entra ID P1, and is slow: Graph limits it.",
        default="false",
    )
    mailbox_purpose: bool = _setting(
        "MAILBOX_PURPOSE",
        true_or_false,
        "Read what each mailbox is for (person, shared, room). Needs MailboxSettings.Read, one request an account.",
        default="false",
    )
    inherited_grants: InheritedGrants = _setting(
        "INHERITED_GRANTS",
        one_of(InheritedGrants),
        "What to derive from group membership: `all`, `privileged` (directory roles and role-assignable groups) or `off`.",
        default="all",
    )
    inherited_max_depth: int = _setting(
        "INHERITED_GRANTS_MAX_DEPTH",
        whole_number(1, 100),
        "Deepest nesting of groups that is followed; what lies deeper is left out with a warning.",
        default="20",
    )
    inherited_limit: int = _setting(
        "INHERITED_GRANTS_LIMIT",
        whole_number(0, 1_000_000_000),
        "Most inherited grants that a snapshot holds; what exceeds it is left out with a warning.",
        default="50000000",
    )
    graph_budget_percent: int = _setting(
        "GRAPH_BUDGET_PERCENT",
        whole_number(1, 100),
        "How much of the resource units that Graph grants the app registration a sync may use. Lower it only where the "
        "same app registration does other work in this tenant.",
        default="100",
    )
    step_budget: int = _setting(
        "STEP_BUDGET_SECONDS",
        whole_number(1, 3600),
        "Seconds that one step of a sync may work before it saves its place and hands over to the next. Keep it well "
        "under `functionTimeout` of host.json.",
        default="240",
    )
    shrink_limit_percent: int = _setting(
        "SHRINK_LIMIT_PERCENT",
        whole_number(0, 100),
        "A kind of which more than this percentage of the rows is gone since the snapshot in force is held back: the rows "
        "stay until a sync accepts it (`sync --accept-shrinking KIND`). 0 switches this off.",
        default="20",
    )
    shrink_limit_rows: int = _setting(
        "SHRINK_LIMIT_ROWS",
        whole_number(1, 1_000_000_000),
        "Nothing is held back for losing fewer rows than this, whatever the percentage.",
        default="50",
    )
    snapshots_kept: int = _setting(
        "SNAPSHOTS_KEPT",
        whole_number(1, 100_000),
        "How many snapshots are kept, the one in force included. Older ones are removed, but not within an hour of their "
        "replacement: somebody may still be reading them.",
        default="10",
    )
    staging_hours: int = _setting(
        "STAGING_HOURS",
        whole_number(1, 8760),
        "Hours after which checkpoints and staged parts of a sync that has ended or died are removed.",
        default="24",
    )
    incremental_schedule: str = _setting(
        "INCREMENTAL_SCHEDULE",
        schedule,
        "When to look for changes that no notification tells of, as a six-field schedule. A look without news costs some five "
        "requests. It alone keeps the picture right where notifications cannot arrive.",
        default="0 * * * * *",
    )
    notification_silence: int = _setting(
        "NOTIFICATION_SILENCE_SECONDS",
        whole_number(0, 86_400),
        "Seconds without a notification after which users and groups are looked at all the same: a lost notification delays a "
        "change by so much at most. Where nothing is subscribed to, every look of `INCREMENTAL_SCHEDULE` includes them.",
        default="300",
    )
    changes_output_queue: str = _setting(
        "CHANGES_OUTPUT_QUEUE",
        others_queue,
        "Storage queue that gets a message whenever the journal has grown, at least once, so that other systems need not poll. "
        "It is made when it is missing.",
        default="",
    )
    notification_url: str = _setting(
        "NOTIFICATION_URL",
        public_url,
        "Public address of the Function App, such as `https://contoso-entra.azurewebsites.net`, at which Graph can tell it of "
        "changes. Without it nothing is subscribed to, and changes are found by asking.",
        default="",
    )
    provisioning_enabled: bool = _setting(
        "PROVISIONING_ENABLED",
        true_or_false,
        "Accept operations, which grant and revoke. As long as it is off, the connector only reads: every operation is refused, "
        "and none is worked on.",
        default="false",
    )
    break_glass_accounts: frozenset[str] = _setting(
        "BREAK_GLASS_ACCOUNTS",
        accounts,
        "Accounts that no operation touches, as object ids or user principal names with commas between them: those that are kept "
        "for emergencies.",
        default="",
        nothing=frozenset(),
    )
    operations_per_hour: int = _setting(
        "OPERATIONS_PER_HOUR",
        whole_number(1, 1_000_000),
        "Most operations that are accepted within an hour; the policy file may say another number.",
        default="10000",
    )

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read and check every setting in ``environ`` (default: the process's environment).

        Raises:
            SettingsError: with one sentence for each setting that is missing or malformed.
        """
        environ = os.environ if environ is None else environ
        problems: list[str] = []
        values: dict[str, Any] = {}
        for known in fields(cls):
            setting: Setting = known.metadata["setting"]
            text = environ.get(setting.name, "").strip() or setting.default
            if text is None:
                problems.append(f"{setting.name} is not set. {setting.meaning}")
            elif not text:
                values[known.name] = setting.nothing
            else:
                try:
                    values[known.name] = setting.parse(text)
                except Wrong as wrong:
                    given = "what is set is not" if setting.secret else f"it is {without_secrets(text)!r}"
                    problems.append(f"{setting.name} must be {wrong}; {given}.")
        if not values.get("storage") and not any("AzureWebJobsStorage" in problem for problem in problems):
            problems += [
                f"{name} is not set, and neither is AzureWebJobsStorage. Set the connection string, or both service URIs."
                for name in ("AzureWebJobsStorage__blobServiceUri", "AzureWebJobsStorage__queueServiceUri")
                if not environ.get(name, "").strip()
            ]
        if problems:
            raise SettingsError(problems)
        return cls(**values)


def known_settings() -> tuple[Setting, ...]:
    """Every setting, in the order in which the docs show them."""
    return tuple(known.metadata["setting"] for known in fields(Settings))
