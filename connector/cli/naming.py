"""What a person calls an entitlement or a principal, made into what an operation is asked for with: ids.

Ids and sign-in names are taken as they are, because Graph knows of objects that the picture has not seen yet. Display names are looked
up in the picture, in full and only where nothing else is called so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import typer

from connector.cli.invocation import Invocation
from connector.cli.picture import open_picture
from connector.provisioning.entitlements import GUID, Entitlement
from connector.query.subjects import PRINCIPALS, Subject

if TYPE_CHECKING:
    from connector.query.opening import Opened

_KINDS = {"group": ("member", "owner"), "directory_role": ("assigned", "eligible")}
"""What can be held on each kind of resource; the first is meant where nothing is said."""

_ALMOST = re.compile(rf"(?:{'|'.join(_KINDS)}):{GUID}[:/].*", re.IGNORECASE)
"""What is meant to be an entitlement's own id, and is none that can be granted: nothing is called so."""

_TAKEN_AS_IT_IS = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\S+@\S+")


class Naming:
    """Looks names up; opens the picture when the first one has to be. A context manager: leaving it closes the picture."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._opened: Opened | None = None

    def __enter__(self) -> Naming:
        return self

    def __exit__(self, *_: object) -> None:
        if self._opened is not None:
            self._opened.snapshot.close()

    def entitlement(self, text: str) -> str:
        """The entitlement that ``text`` names: its id, or a group or role, and behind a colon what of it.

        Raises:
            BadParameter: it has an id, and is nothing that can be granted.
            NotFound, Ambiguous: no group or role is called so in full, or several are.
            NothingSynced, StorageError: there is no picture to look the name up in.
        """
        try:
            return Entitlement.parse(text).text
        except ValueError as error:
            if _ALMOST.fullmatch(text):
                raise typer.BadParameter(f"must be {error}", param_hint="ENTITLEMENT") from None
            kinds, name, slug = _parts(text)
        found = self._find(name, kinds)
        return f"{found.kind}:{found.id}:{slug or _KINDS[found.kind][0]}"

    def principal(self, text: str) -> str:
        """The id or sign-in name of the account, group or service principal that ``text`` names. Raises as :meth:`entitlement`."""
        return text if _TAKEN_AS_IT_IS.fullmatch(text) else self._find(text, PRINCIPALS).id

    def _find(self, name: str, kinds: tuple[str, ...]) -> Subject:
        from connector.query.find import find
        from connector.query.names import NAMED_IN

        if self._opened is None:
            self._opened = open_picture(self._invocation, NAMED_IN)
        found = find(self._opened.snapshot, name, kinds, whole=True)
        self._invocation.output.tell(f"{name!r} is {found.kind_in_words}: {found.title}, {found.id}")
        return found


def _parts(text: str) -> tuple[tuple[str, ...], str, str]:
    """The kinds that are meant, the name, and what of it; empty where that is not said. Names may have colons in them."""
    kinds, name, slug = tuple(_KINDS), text, ""
    before, colon, after = text.partition(":")
    if colon and before.lower() in _KINDS:
        kinds, name = (before.lower(),), after
    before, colon, after = name.rpartition(":")
    meant = tuple(kind for kind in kinds if after.lower() in _KINDS[kind])
    if colon and meant:
        kinds, name, slug = meant, before, after.lower()
    return kinds, name, slug
