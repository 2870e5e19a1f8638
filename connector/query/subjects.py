"""What a question can be about: principals, resources and entitlements, and how they are named for people."""

from __future__ import annotations

from typing import Final

import msgspec

PRINCIPALS: Final = ("account", "group", "enterprise_application")
"""Kinds that hold grants; the service principal of an enterprise application is the third kind of principal."""

RESOURCES: Final = ("group", "enterprise_application", "directory_role", "license", "entitlement")
"""Kinds that are held, and single entitlements of theirs."""

KINDS_IN_WORDS: Final = {
    "account": "an account",
    "group": "a group",
    "enterprise_application": "an enterprise application",
    "directory_role": "a directory role",
    "license": "a license",
    "entitlement": "an entitlement",
}


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One principal, resource or entitlement.

    Attributes:
        kind: a key of :data:`KINDS_IN_WORDS`.
        id: object id, role definition id, SKU id or entitlement id.
        name: display name; None where Graph gave none, and for what the snapshot does not hold.
        detail: what tells it from others of the same name: UPN, mail, app id, template id or part number.
    """

    kind: str
    id: str
    name: str | None = None
    detail: str | None = None

    @property
    def title(self) -> str:
        """The name for people, or the id where there is none."""
        return self.name or self.detail or self.id

    @property
    def kind_in_words(self) -> str:
        """The kind with its article."""
        return KINDS_IN_WORDS[self.kind]

    @property
    def question(self) -> str:
        """The command that this subject can be asked about with."""
        return "access" if self.kind in PRINCIPALS else "holders"


# One row for every subject but entitlements, whose table has all of this already. `keys` are the other names that it answers to.
SUBJECTS_SQL: Final = """
SELECT 'account' AS kind, id, display_name AS name, user_principal_name AS detail,
       [id, user_principal_name, mail] AS keys FROM accounts
UNION ALL SELECT 'group', id, display_name, mail, [id, mail] FROM groups
UNION ALL SELECT 'enterprise_application', id, display_name, app_id, [id, app_id] FROM enterprise_applications
UNION ALL SELECT 'directory_role', id, display_name, template_id, [id, template_id] FROM directory_roles
UNION ALL SELECT 'license', id, sku_part_number, NULL, [id, sku_part_number] FROM licenses
"""
