"""The settings that decide what a sync reads and derives, and so what a snapshot and its cursors mean."""

from __future__ import annotations

import hashlib
import json

from connector.access.accounts import USER_SELECT
from connector.access.applications import APP_ROLE_ASSIGNMENT_SELECT, SERVICE_PRINCIPAL_SELECT
from connector.access.groups import GROUP_SELECT
from connector.settings import Settings


def switches(settings: Settings) -> dict[str, str]:
    """The switches as text, by name of the setting. Two snapshots with equal switches can be compared row by row."""
    return {
        "SKIP_AD_GROUPS": _text(settings.skip_ad_groups),
        "SKIP_UNASSIGNED_APPS": _text(settings.skip_unassigned_apps),
        "SIGN_IN_ACTIVITY": _text(settings.sign_in_activity),
        "MAILBOX_PURPOSE": _text(settings.mailbox_purpose),
        "INHERITED_GRANTS": settings.inherited_grants.value,
        "INHERITED_GRANTS_MAX_DEPTH": str(settings.inherited_max_depth),
        "INHERITED_GRANTS_LIMIT": str(settings.inherited_limit),
    }


def fingerprint(settings: Settings) -> str:
    """Tells delta links apart that track other properties, are another app's, or were made with other switches."""
    tracked = [USER_SELECT, GROUP_SELECT, SERVICE_PRINCIPAL_SELECT, APP_ROLE_ASSIGNMENT_SELECT]
    made_of = [switches(settings), *tracked, settings.client_id]
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:16]


def _text(switch: bool) -> str:
    return "true" if switch else "false"
