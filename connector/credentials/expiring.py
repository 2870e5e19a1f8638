"""When what the connector signs in with ends, told in time."""

from __future__ import annotations

from datetime import datetime, timedelta

EXPIRY_WARNING = timedelta(days=30)
"""How long ahead is warned: enough for a change that has to be asked for, short of crying for months."""


def has_expired(expires_at: datetime | None, now: datetime) -> bool:
    """Whether it is over. Both times have a zone."""
    return expires_at is not None and expires_at <= now


def expiry_warning(expires_at: datetime | None, now: datetime) -> str | None:
    """A sentence for people where the secret or certificate ends within :data:`EXPIRY_WARNING`, or has ended.

    Args:
        expires_at: when it ends; None where that is not known, of which nothing can be said.
        now: the time, with its zone.
    """
    if expires_at is None or expires_at - now > EXPIRY_WARNING:
        return None
    moment = f"{expires_at:%Y-%m-%d %H:%M} UTC"
    if has_expired(expires_at, now):
        return f"What the connector signs in with has expired on {moment}. Replace it now: nothing can be read once the last token ends."
    days = (expires_at - now).days
    left = "less than a day" if days < 1 else "1 day" if days == 1 else f"{days} days"
    return f"What the connector signs in with expires on {moment}, in {left}. Replace it before."
