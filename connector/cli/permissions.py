"""``permissions``: what must be granted in Microsoft Graph, what for, what is lost without it, and how to grant it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import typer

from connector.cli.help import help_text
from connector.cli.invocation import Invocation, invocation_of
from connector.cli.output import Output
from connector.cli.permission_script import script
from connector.permissions import (
    ALWAYS,
    APP_ROLES,
    DELEGATED,
    FEATURES,
    PERMISSIONS,
    PROVISIONING,
    Feature,
    Permission,
    Use,
    enabled_features,
    needed_for,
    required_resource_access,
    with_required,
)
from connector.settings import Settings, SettingsError

_ALL_PROVISIONING = "provisioning"
_NAMES = ", ".join(f"`{one.value.replace('_', '-')}`" for one in FEATURES)

HELP = help_text(
    "Which application permissions of Microsoft Graph the connector needs: why, what is lost without each, and which others do as well. "
    "Without options it tells what the settings switch on, or, before anything is set, what reading needs. Nothing is asked of Graph.\n\n"
    f"Features: {_NAMES}; `{_ALL_PROVISIONING}` is all that grants and revokes. What a feature does not work without is included.\n\n"
    "`--format manifest` prints `requiredResourceAccess` of an app registration (Manifest in the Entra admin center, or "
    "`az ad app update --id … --required-resource-accesses @file.json`); `--format script` a script for the Azure CLI that grants everything "
    "to an app registration or a managed identity, and explains itself; `--format json` everything there is to know.",
    [
        "permissions",
        "permissions --feature sync --feature sign-in-activity",
        "permissions --feature provisioning --format script > grant.sh",
        "permissions --all --format json",
    ],
    ("SIGN_IN_ACTIVITY", "MAILBOX_PURPOSE", "NOTIFICATION_URL", "PROVISIONING_ENABLED"),
)


class Format(StrEnum):
    """How the answer is written."""

    TEXT = "text"
    JSON = "json"
    MANIFEST = "manifest"
    SCRIPT = "script"


def permissions(
    ctx: typer.Context,
    feature: Annotated[
        list[str] | None,
        typer.Option("--feature", metavar="NAME", help="What the connector is to do; can be said several times."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every feature, and what is not needed although other lists ask for it.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TEXT,
) -> None:
    """Answer on stdout."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=form is not Format.TEXT)
    wanted = with_required(_wanted(invocation, feature or [], everything=everything))
    needed = needed_for(wanted)
    if form is Format.MANIFEST:
        output.document(required_resource_access(needed))
    elif form is Format.SCRIPT:
        for line in script(needed, wanted).splitlines():
            output.plain(line)
    elif form is Format.JSON:
        output.document(_document(wanted, needed, everything=everything))
    else:
        _tell(output, wanted, needed, everything=everything)


def _wanted(invocation: Invocation, named: Iterable[str], *, everything: bool) -> frozenset[Feature]:
    """What is asked about; where nothing is named, what the settings switch on.

    Raises:
        typer.BadParameter: there is no such feature.
        SettingsError: the settings file is no such file.
    """
    if everything:
        return frozenset(FEATURES)
    if found := frozenset(one for name in named for one in features_named(name)):
        return found
    environment = invocation.environment()
    try:
        return enabled_features(Settings.load(environment, signs_in=False))
    except SettingsError:
        invocation.output.tell(
            "The settings are not complete: this is what reading needs. --feature names more, --all tells everything."
        )
        return ALWAYS


def features_named(name: str) -> frozenset[Feature]:
    """The features that an option names; several, where it is the name of all that grants and revokes.

    Raises:
        typer.BadParameter: there is no such feature.
    """
    normal = name.strip().lower().replace("-", "_")
    if normal == _ALL_PROVISIONING:
        return PROVISIONING
    try:
        return frozenset({Feature(normal)})
    except ValueError:
        known = [one.value.replace("_", "-") for one in FEATURES]
        raise typer.BadParameter(
            f"there is no feature {name!r}; there are {', '.join(known)}, and {_ALL_PROVISIONING} for all that grants and revokes.",
            param_hint="--feature",
        ) from None


def _tell(output: Output, wanted: frozenset[Feature], needed: tuple[Permission, ...], *, everything: bool) -> None:
    rows = [
        (one.value, permission.name, use.why, use.lost, ", ".join(use.alternatives), _remark(use, needed))
        for one in FEATURES
        if one in wanted
        for permission in PERMISSIONS
        for use in permission.uses
        if use.feature is one
    ]
    if everything:
        rows += [
            ("not needed", one.name, one.unneeded.why, "", ", ".join(one.unneeded.instead), "")
            for one in PERMISSIONS
            if one.unneeded
        ]
    columns = ("feature", "permission", "why", "lost without it", "these do as well", "remark")
    output.grouped(columns, rows)
    output.tell(f"To be granted: {', '.join(one.name for one in needed)}.")
    for one, facts in FEATURES.items():
        if one in wanted and facts.license_needed:
            output.tell(f"{one.value} needs a license in the tenant: {facts.license_needed.title}.")


def _remark(use: Use, needed: Iterable[Permission]) -> str:
    if use.only_if_refused:
        return "grant it only if Graph refuses without it"
    included = [one.name for one in needed if one.name in use.comes_with]
    if included:
        return f"{included[0]} does it"
    facts = FEATURES[use.feature]
    return "may be left out" if facts.always and not facts.essential else ""


def _document(wanted: frozenset[Feature], needed: tuple[Permission, ...], *, everything: bool) -> dict[str, Any]:
    """The answer as JSON: ``grant`` names what is to be granted."""
    about: dict[str, Any] = {
        "features": [
            {**msgspec.to_builtins(facts), "license": facts.license_needed}
            for name, facts in FEATURES.items()
            if name in wanted
        ],
        "grant": [one.name for one in needed],
        "permissions": [
            _permission(one, [use for use in one.uses if use.feature in wanted])
            for one in PERMISSIONS
            if one.features & wanted
        ],
    }
    if everything:
        about |= {
            "unneeded": [_permission(one, []) for one in PERMISSIONS if one.unneeded],
            "delegated": DELEGATED,
            "app_roles": APP_ROLES,
        }
    return about


def _permission(one: Permission, uses: list[Use]) -> dict[str, Any]:
    told: dict[str, Any] = {"name": one.name, "id": one.id, "title": one.title, "source": one.source}
    return told | ({"uses": uses} if uses else msgspec.to_builtins(one.unneeded))
