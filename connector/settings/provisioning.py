"""Settings of grants and revokes."""

from __future__ import annotations

from dataclasses import dataclass

from connector.settings.setting import setting
from connector.settings.values import accounts, true_or_false, whole_number


@dataclass(frozen=True, kw_only=True)
class ProvisioningSettings:
    """Whether and what may be changed."""

    provisioning_enabled: bool = setting(
        "PROVISIONING_ENABLED",
        true_or_false,
        "Accept operations, which grant and revoke. As long as it is off, the connector only reads: every operation is refused, "
        "and none is worked on.",
        default="false",
    )
    break_glass_accounts: frozenset[str] = setting(
        "BREAK_GLASS_ACCOUNTS",
        accounts,
        "Accounts that no operation touches, as object ids or user principal names with commas between them: those that are kept "
        "for emergencies.",
        default="",
        nothing=frozenset(),
    )
    operations_per_hour: int = setting(
        "OPERATIONS_PER_HOUR",
        whole_number(1, 1_000_000),
        "Most operations that are accepted within an hour; the policy file may say another number.",
        default="10000",
    )
