"""What a request looks like: the one source of how its JSON is read, and of how ``/api/openapi.json`` describes it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from connector.provisioning.asking.accepting import MOST_OPERATIONS
from connector.provisioning.entitlements import GUID, PATTERN
from connector.storage.records.operations import Action

_RIGHT = "right"  # where the annotation of a field keeps what it must be
LONGEST_JUSTIFICATION = 1_000  # characters; a thousand operations with one each stay within the longest request
LONGEST_TICKET = 100  # characters
LONGEST_PRINCIPAL = 256  # characters; a user principal name has 113 at most, one of a guest's own making may have more

_UPN = r"[!-?A-~]{1,128}@[A-Za-z0-9][A-Za-z0-9.-]{0,126}"  # printable ASCII before one @, a domain behind it
_GROUP = "8a4eb9f4-2c0d-4d9c-a1de-4f4c2f0f3c11"
_UNIT = "a2d4ff30-4e5a-4a0c-8f0b-5e5d83a2c7b9"


def described(meaning: str, right: str, example: Any = None, **limits: Any) -> Meta:
    """What is known of a field: ``meaning`` for readers, ``right``: what it must be, an example, and what checks it."""
    description = f"{meaning} Must be {right}."
    return Meta(description=description, examples=example and [example], extra={_RIGHT: right}, **limits)


def right_of(annotated: Any) -> str:
    """What a field of a type that was :func:`described` must be, in words, to follow 'must be'."""
    options = [annotated, *getattr(annotated, "__args__", ())]
    metas = (meta for option in options for meta in getattr(option, "__metadata__", ()))
    return next(str(meta.extra[_RIGHT]) for meta in metas if meta.extra)


PrincipalName = Annotated[
    str,
    described(
        "Who is to have it, or to have it no longer: an account, a group or a service principal.",
        "an object id, a user principal name, or the application (client) id of a service principal",
        "adele.vance@contoso.com",
        pattern=f"^(?:{GUID}|{_UPN})$",
        max_length=LONGEST_PRINCIPAL,
    ),
]


class OperationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One grant or revoke, as it is asked for."""

    action: Annotated[Action, described("Whether to give or to take away.", "`grant` or `revoke`", "grant")]
    entitlement: Annotated[
        str,
        described(
            "What is given or taken away.",
            "`group:{id}:member`, `group:{id}:owner`, `directory_role:{id}:assigned` or `directory_role:{id}:eligible`, with "
            "the id of the group or role definition",
            f"group:{_GROUP}:member",
            pattern=PATTERN,
            max_length=80,
        ),
    ]
    principal: PrincipalName
    justification: Annotated[
        str,
        described(
            "Why; recorded, and handed to Privileged Identity Management.",
            f"a text of 1 to {LONGEST_JUSTIFICATION:,} characters that is not blank",
            "Joins the finance team on Monday.",
            pattern=r"\S",
            min_length=1,
            max_length=LONGEST_JUSTIFICATION,
        ),
    ]
    ticket: (
        Annotated[
            str,
            described(
                "Number of the ticket that this is done for.",
                f"a number or name of 1 to {LONGEST_TICKET} characters without blanks",
                "CHG0031337",
                pattern=r"^[^\s\x00-\x1f\x7f]+$",
                min_length=1,
                max_length=LONGEST_TICKET,
            ),
        ]
        | None
    ) = None
    scope: Annotated[
        str,
        described(
            "Where a directory role holds. Groups have no other than `/`, the tenant.",
            "`/`, `/administrativeUnits/{id}`, or `/{id}` with the object id of an application",
            f"/administrativeUnits/{_UNIT}",
            pattern=f"^/(?:(?:administrativeUnits/)?{GUID})?$",
            max_length=60,
        ),
    ] = "/"
    starts_at: (
        Annotated[
            datetime,
            described(
                "When to begin; at once where it is left out or has passed.",
                "a time with an offset from UTC, as in RFC 3339, before the year 3000",
                "2031-03-03T08:00:00Z",
                tz=True,
            ),
        ]
        | None
    ) = None
    expires_at: (
        Annotated[
            datetime,
            described(
                "When what is granted ends; later than `starts_at`. It stays where this is left out.",
                "a time to come, with an offset from UTC, as in RFC 3339, before the year 3000",
                "2031-03-31T18:00:00+02:00",
                tz=True,
            ),
        ]
        | None
    ) = None
    dry_run: Annotated[bool, described("Only ask every guard, and say what would be done.", "`true` or `false`")] = (
        False
    )


RequestBody = OperationRequest | Annotated[list[OperationRequest], Meta(min_length=1, max_length=MOST_OPERATIONS)]
"""What a request has for a body: one operation, or a list of them."""
