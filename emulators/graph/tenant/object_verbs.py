"""Verbs on directory objects: creating and changing them. Deleting is in ``deletion_verbs.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulators.graph.tenant.bodies import GROUP_KINDS, alias, group_body, user_body
from emulators.graph.tenant.errors import AlreadyExists, NotAllowed, Reason
from emulators.graph.tenant.state import State, to_json


class ObjectVerbs(State):
    """Creating and changing users, groups, devices, contacts and administrative units."""

    def create_user(
        self,
        display_name: str,
        *,
        user_principal_name: str | None = None,
        properties: Mapping[str, Any] | None = None,
        object_id: str | None = None,
    ) -> str:
        """Add a user: a cloud-only member who may sign in, unless ``properties`` say otherwise; returns the id.

        Args:
            display_name: name for people.
            user_principal_name: made from the name where None.
            properties: more properties, as Graph spells them; they win over the defaults.
            object_id: a new one where None.

        Raises:
            AlreadyExists: the sign-in name is taken.
        """
        with self.transaction():
            upn = user_principal_name or f"{alias(display_name)}@{self.fact('domain')}"
            self._check_sign_in_name(upn, None)
            return self.insert_object(
                "user", user_body(display_name, upn, self.now()) | dict(properties or {}), object_id
            ).id

    def create_group(
        self,
        display_name: str,
        *,
        kind: str = "security",
        membership_rule: str | None = None,
        role_assignable: bool = False,
        synced: bool = False,
        properties: Mapping[str, Any] | None = None,
        object_id: str | None = None,
    ) -> str:
        """Add a group; returns the id.

        Args:
            display_name: name for people.
            kind: ``security``, ``microsoft_365``, ``mail_enabled_security`` or ``distribution``.
            membership_rule: makes it dynamic.
            role_assignable: directory roles may be assigned to it.
            synced: it comes from Active Directory.
            properties: more properties, as Graph spells them; they win over the defaults.
            object_id: a new one where None.

        Raises:
            NotAllowed: a role-assignable group that is dynamic or not security-enabled, or an unknown kind.
        """
        if kind not in GROUP_KINDS:
            raise NotAllowed(Reason.INVALID_VALUE, f"{kind!r} is not a kind of group: {', '.join(GROUP_KINDS)}.")
        with self.transaction():
            body = group_body(display_name, kind, self.fact("domain"), self.now())
            if membership_rule is not None:
                body["groupTypes"].append("DynamicMembership")
                body |= {"membershipRule": membership_rule, "membershipRuleProcessingState": "On"}
            if role_assignable:
                body |= {"isAssignableToRole": True, "securityEnabled": True}
            if synced:
                body |= {"onPremisesSyncEnabled": True, "onPremisesLastSyncDateTime": self.now()}
            body |= dict(properties or {})
            if body["isAssignableToRole"] and "DynamicMembership" in body["groupTypes"]:
                raise NotAllowed(Reason.INVALID_VALUE, "A role-assignable group cannot be dynamic.")
            return self.insert_object("group", body, object_id).id

    def create_device(self, display_name: str, *, properties: Mapping[str, Any] | None = None) -> str:
        """Add a device; returns the id."""
        with self.transaction():
            body = {
                "displayName": display_name,
                "accountEnabled": True,
                "deviceId": self.new_id(),
                "trustType": "AzureAd",
            }
            return self.insert_object("device", body | dict(properties or {})).id

    def create_contact(self, display_name: str, *, properties: Mapping[str, Any] | None = None) -> str:
        """Add an organizational contact; returns the id."""
        with self.transaction():
            body = {"displayName": display_name, "mail": f"{alias(display_name)}@fabrikam.example"}
            return self.insert_object("orgContact", body | dict(properties or {})).id

    def create_administrative_unit(self, display_name: str, *, properties: Mapping[str, Any] | None = None) -> str:
        """Add an administrative unit; returns the id."""
        with self.transaction():
            body = {"displayName": display_name, "description": None, "visibility": None}
            return self.insert_object("administrativeUnit", body | dict(properties or {})).id

    def update_user(self, user_id: str, properties: Mapping[str, Any]) -> None:
        """Set properties of a user, as Graph spells them.

        Raises:
            NotFound: no such user.
            AlreadyExists: the new sign-in name is taken.
        """
        with self.transaction():
            user = self.find(user_id, "user")
            if "userPrincipalName" in properties:
                self._check_sign_in_name(properties["userPrincipalName"], user.key)
            self.update_object(user, properties)

    def update_group(self, group_id: str, properties: Mapping[str, Any]) -> None:
        """Set properties of a group, as Graph spells them.

        Raises:
            NotFound: no such group.
            NotAllowed: ``isAssignableToRole`` cannot be changed after creation.
        """
        with self.transaction():
            group = self.find(group_id, "group")
            if properties.get("isAssignableToRole", group.body.get("isAssignableToRole")) != group.body.get(
                "isAssignableToRole"
            ):
                raise NotAllowed(Reason.INVALID_VALUE, "isAssignableToRole is set at creation only.")
            self.update_object(group, properties)

    def update_administrative_unit(self, unit_id: str, properties: Mapping[str, Any]) -> None:
        """Set properties of an administrative unit, as Graph spells them.

        Raises:
            NotFound: no such unit.
        """
        with self.transaction():
            self.update_object(self.find(unit_id, "administrativeUnit"), properties)

    def set_sign_in_activity(self, user_id: str, activity: Mapping[str, Any] | None) -> None:
        """Set a user's ``signInActivity`` as Graph shows it; None: the property is absent.

        Raises:
            NotFound: no such user.
        """
        with self.transaction() as db:
            key = self.find(user_id, "user").key
            db.execute("DELETE FROM sign_in_activity WHERE user_key = ?", (key,))
            if activity is not None:
                db.execute("INSERT INTO sign_in_activity VALUES (?, ?)", (key, to_json(dict(activity))))

    def set_mailbox(self, user_id: str, purpose: str | None) -> None:
        """Set the purpose of a user's mailbox; None: the user has no mailbox.

        Raises:
            NotFound: no such user.
        """
        with self.transaction() as db:
            key = self.find(user_id, "user").key
            db.execute("DELETE FROM mailboxes WHERE user_key = ?", (key,))
            if purpose is not None:
                db.execute("INSERT INTO mailboxes VALUES (?, ?)", (key, purpose))

    def _check_sign_in_name(self, name: str, own_key: int | None) -> None:
        taken = self.db.execute(
            "SELECT 1 FROM objects WHERE type = 'user' AND deleted IS NULL "
            "AND json_extract(body, '$.userPrincipalName') = ? COLLATE NOCASE AND key IS NOT ?",
            (name, own_key),
        ).fetchone()
        if taken:
            raise AlreadyExists(f"A user with the sign-in name {name!r}")
