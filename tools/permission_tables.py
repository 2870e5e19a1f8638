"""The generated parts of the documents that tell permissions."""

from __future__ import annotations

from collections.abc import Iterable

from connector.permissions import (
    ALWAYS,
    APP_ROLES,
    DELEGATED,
    FEATURES,
    LICENSES,
    PERMISSIONS,
    PROVISIONING,
    Feature,
    Permission,
    Use,
    needed_for,
)


def reading_table() -> str:
    """What reading needs, one line a permission."""
    switched = frozenset(FEATURES) - PROVISIONING - ALWAYS
    rows = ["| permission | for | needed |", "| --- | --- | --- |"]
    for one in needed_for(ALWAYS | switched):
        uses = [use for use in one.uses if use.feature not in PROVISIONING]
        rows.append(f"| `{one.name}` | {' '.join(use.why for use in uses)} | {_needed(uses)} |")
    return "\n".join(rows)


def provisioning_table() -> str:
    """What granting and revoking needs beside reading, one line a use."""
    rows = ["| for | permission | also enough | what is done with it |", "| --- | --- | --- | --- |"]
    rows += [
        f"| {FEATURES[use.feature].title} | `{one.name}`{_insisting(use)} | {_names(use.alternatives)} | {use.why} |"
        for one, use in _by_feature(PROVISIONING)
    ]
    return "\n".join(rows)


def uses_page() -> str:
    """Every feature with what it needs, what is lost without and what does as well."""
    parts: list[str] = []
    for feature, facts in FEATURES.items():
        parts += [f"### {feature.value}", "", f"{facts.title}. {_when(feature)}", ""]
        parts += ["| permission | why | lost without it | also enough |", "| --- | --- | --- | --- |"]
        parts += [
            f"| [`{one.name}`]({one.source}){_insisting(use)} | {use.why} ([source]({use.source})) | {use.lost} | "
            f"{_names(use.alternatives)} |"
            for one, use in _by_feature({feature})
        ]
        parts.append("")
    return "\n".join(parts).rstrip()


def unneeded_table() -> str:
    """What other lists ask for and this connector does not need."""
    rows = ["| permission | why it is not needed | what does instead |", "| --- | --- | --- |"]
    rows += [
        f"| [`{one.name}`]({one.source}) | {one.unneeded.why}{_unless(one)} | {_names(one.unneeded.instead)} |"
        for one in sorted(PERMISSIONS, key=lambda one: one.name)
        if one.unneeded is not None
    ]
    return "\n".join(rows)


def ids_table() -> str:
    """Every permission with its id."""
    rows = ["| permission | id of the app role | Microsoft calls it |", "| --- | --- | --- |"]
    rows += [f"| `{one.name}` | `{one.id}` | {one.title} |" for one in sorted(PERMISSIONS, key=lambda one: one.name)]
    return "\n".join(rows)


def delegated_table() -> str:
    """What setting up takes of an administrator."""
    rows = ["| scope | id | why | without it |", "| --- | --- | --- | --- |"]
    return "\n".join([*rows, *(f"| `{one.name}` | `{one.id}` | {one.why} | {one.lost} |" for one in DELEGATED)])


def app_roles_table() -> str:
    """The app roles of the operations API."""
    rows = ["| app role | id | lets its holder |", "| --- | --- | --- |"]
    return "\n".join([*rows, *(f"| `{one.value}` | `{one.id}` | {_lower(one.meaning)} |" for one in APP_ROLES)])


def licenses_table() -> str:
    """Which license of Entra ID a feature takes."""
    rows = ["| for | license | service plan in `/subscribedSkus` |", "| --- | --- | --- |"]
    for license_ in LICENSES.values():
        features = [facts.title for facts in FEATURES.values() if facts.license == license_.name]
        rows.append(
            f"| {'; '.join(features)} | [{license_.title}]({license_.source}) | {_names(license_.service_plans)} |"
        )
    return "\n".join(rows)


def _by_feature(features: Iterable[Feature]) -> list[tuple[Permission, Use]]:
    return [
        (one, use)
        for feature in FEATURES
        if feature in frozenset(features)
        for one in PERMISSIONS
        for use in one.uses
        if use.feature is feature
    ]


def _needed(uses: Iterable[Use]) -> str:
    """When a permission for reading is needed."""
    features = {use.feature for use in uses}
    if any(FEATURES[one].essential for one in features):
        return "always"
    settings = [FEATURES[one].setting for one in FEATURES if one in features and FEATURES[one].setting]
    return f"for `{settings[0]}`" if settings else "optional"


def _when(feature: Feature) -> str:
    facts = FEATURES[feature]
    switched = f"Switched on by `{facts.setting}`." if facts.setting else "Always on."
    if facts.always and not facts.essential:
        switched += " Without its permissions a sync leaves that part out, and says so."
    license_ = facts.license_needed
    return switched + (f" The tenant needs {license_.title}." if license_ else "")


def _insisting(use: Use) -> str:
    if use.only_if_refused:
        return " (only if Graph refuses without it)"
    return f" (comes with {_names(use.comes_with)})" if use.comes_with else ""


def _unless(one: Permission) -> str:
    return "".join(f" {use.why}" for use in one.uses if use.only_if_refused)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")
