"""Settings of staying current between full syncs."""

from __future__ import annotations

from dataclasses import dataclass

from connector.settings.setting import setting
from connector.settings.values import others_queue, public_url, schedule, whole_number


@dataclass(frozen=True, kw_only=True)
class FollowingSettings:
    """How changes are found, and who is told."""

    incremental_schedule: str = setting(
        "INCREMENTAL_SCHEDULE",
        schedule,
        "When to look for changes that no notification tells of, as a six-field schedule. A look without news costs some five "
        "requests. It alone keeps the picture right where notifications cannot arrive.",
        default="0 * * * * *",
    )
    notification_silence: int = setting(
        "NOTIFICATION_SILENCE_SECONDS",
        whole_number(0, 86_400),
        "Seconds without a notification after which users and groups are looked at all the same: a lost notification delays a "
        "change by so much at most. Where nothing is subscribed to, every look of `INCREMENTAL_SCHEDULE` includes them.",
        default="300",
    )
    changes_output_queue: str = setting(
        "CHANGES_OUTPUT_QUEUE",
        others_queue,
        "Storage queue that gets a message whenever the journal has grown, at least once, so that other systems need not poll. "
        "It is made when it is missing.",
        default="",
    )
    notification_url: str = setting(
        "NOTIFICATION_URL",
        public_url,
        "Public address of the Function App, such as `https://contoso-entra.azurewebsites.net`, at which Graph can tell it of "
        "changes. Without it nothing is subscribed to, and changes are found by asking.",
        default="",
    )
