"""What must never be sent: a DELETE that takes the object where only a reference to it was meant.

``DELETE /groups/{id}/members/{id}`` without ``/$ref`` deletes the member itself from the directory.
https://learn.microsoft.com/graph/api/group-delete-members
"""

from __future__ import annotations

from urllib.parse import unquote

_RELATIONSHIPS = ("members", "owners")


def check_deletion(method: str, path: str) -> None:
    """Check a request right before it is sent, alone or in a batch; every write passes here.

    Raises:
        ValueError: it would delete a member or owner itself.
    """
    if method.upper() != "DELETE":
        return
    segments = unquote(path).partition("?")[0].lower().strip("/").split("/")
    through = any(segment.startswith(_RELATIONSHIPS) for segment in segments)
    if through and segments[-1] != "$ref":
        raise ValueError(f"DELETE {path} would delete the object itself, not the reference to it")
