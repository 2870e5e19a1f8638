"""The settings of a baton-microsoft-entra deployment, taken for ours, so that its Secret can be mounted unchanged.

What that connector calls its settings is documented in "Set up a Microsoft Entra ID connector"
(https://www.conductorone.com/docs/baton/microsoft-entra); how it writes booleans follows from Go's ``strconv.ParseBool``, with which
such connectors read them. Ours win wherever both are set.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from connector.settings.clouds import ENDPOINTS
from connector.settings.values import without_secrets

PREFIX = "BATON_"
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.IGNORECASE)
_CLOUD_OF_DOMAIN = {endpoints.graph.partition("//")[2]: cloud for cloud, endpoints in ENDPOINTS.items()}
_GO_BOOLEANS = {"t": "true", "f": "false"}


class NotTaken(ValueError):
    """The text after 'must be' of a problem."""


@dataclass(frozen=True, slots=True)
class Alias:
    """One of their settings.

    Attributes:
        name: their environment variable.
        stands_for: ours, first the one that it usually sets; empty where it sets none.
        meaning: how it is taken, for the docs.
        convert: our settings and their values from the value of theirs. Raises :class:`NotTaken`.
        yields_to: settings of ours beside which it does not count, as they say the same in another way.
    """

    name: str
    stands_for: tuple[str, ...]
    meaning: str
    convert: Callable[[str], Mapping[str, str]]
    yields_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Aliased:
    """An environment in which aliases are replaced.

    Attributes:
        environ: the environment, with our names.
        given_as: by our name, the alias that set it.
        problems: a sentence for each alias whose value cannot be taken.
        hints: sentences on what is set and does not do what one may think. Nothing that is wrong.
    """

    environ: Mapping[str, str]
    given_as: Mapping[str, str]
    problems: tuple[str, ...]
    hints: tuple[str, ...]


def _same(name: str) -> Callable[[str], Mapping[str, str]]:
    return lambda value: {name: value}


def _switch(name: str) -> Callable[[str], Mapping[str, str]]:
    return lambda value: {name: _GO_BOOLEANS.get(value.lower(), value)}


def _graph(value: str) -> Mapping[str, str]:
    """A domain of Microsoft's is that of a cloud, which decides the sign-in endpoint as well; any other is only Graph's address."""
    if not _DOMAIN.fullmatch(value):
        raise NotTaken("a domain without https:// or a path, such as graph.microsoft.us")
    cloud = _CLOUD_OF_DOMAIN.get(value.lower())
    return {"ENTRA_CLOUD": cloud.value} if cloud else {"GRAPH_ENDPOINT": f"https://{value.lower()}"}


def _on_premises_members(value: str) -> Mapping[str, str]:
    if value.lower() not in {"true", "false", "1", "0", "t", "f"}:
        raise NotTaken("true or false")
    return {}


_ON_PREMISES_MEMBERS = "BATON_INCLUDE_ON_PREM_GROUP_MEMBERS"

ALIASES = (
    Alias(
        "BATON_ENTRA_TENANT_ID",
        ("ENTRA_TENANT_ID",),
        "The same.",
        _same("ENTRA_TENANT_ID"),
    ),
    Alias(
        "BATON_ENTRA_CLIENT_ID",
        ("ENTRA_CLIENT_ID",),
        "The same.",
        _same("ENTRA_CLIENT_ID"),
    ),
    Alias(
        "BATON_ENTRA_CLIENT_SECRET",
        ("ENTRA_CLIENT_SECRET",),
        "The same. It does not count where `ENTRA_CLIENT_SECRET_NAME` is set, so that a secret in Key Vault can take its place.",
        _same("ENTRA_CLIENT_SECRET"),
        yields_to=("ENTRA_CLIENT_SECRET_NAME",),
    ),
    Alias(
        "BATON_PROVISIONING",
        ("PROVISIONING_ENABLED",),
        "The same.",
        _switch("PROVISIONING_ENABLED"),
    ),
    Alias(
        "BATON_SKIP_AD_GROUPS",
        ("SKIP_AD_GROUPS",),
        "The same.",
        _switch("SKIP_AD_GROUPS"),
    ),
    Alias(
        _ON_PREMISES_MEMBERS,
        (),
        "Nothing: the members of groups from an on-premises Active Directory are always read, as `true` asks for. `false` cannot be "
        "followed, and `settings` says so: who is a member has the access. To leave those groups out with their members, set "
        "`SKIP_AD_GROUPS=true`.",
        _on_premises_members,
    ),
    Alias(
        "BATON_SKIP_UNASSIGNED_APPS",
        ("SKIP_UNASSIGNED_APPS",),
        "The same.",
        _switch("SKIP_UNASSIGNED_APPS"),
    ),
    Alias(
        "BATON_SIGN_IN_ACTIVITY",
        ("SIGN_IN_ACTIVITY",),
        "The same.",
        _switch("SIGN_IN_ACTIVITY"),
    ),
    Alias(
        "BATON_GRAPH_DOMAIN",
        ("ENTRA_CLOUD", "GRAPH_ENDPOINT"),
        "A domain without `https://`. Microsoft's own choose `ENTRA_CLOUD`, and with it where to sign in (`graph.microsoft.us`: "
        "`us_government`); any other becomes `GRAPH_ENDPOINT`. It does not count where either is set.",
        _graph,
    ),
)
"""Every alias, in the order in which the docs show them."""


def with_aliases(environ: Mapping[str, str]) -> Aliased:
    """``environ`` with what the aliases in it set, under our names; what is set under ours stays."""
    result, given_as = dict(environ), {}
    problems: list[str] = []
    hints: list[str] = []
    for alias in ALIASES:
        value = environ.get(alias.name, "").strip()
        if not value:
            continue
        try:
            converted = alias.convert(value)
        except NotTaken as wrong:
            problems.append(f"{alias.name} must be {wrong}; it is {without_secrets(value)!r}.")
            continue
        ours = [name for name in (*alias.stands_for, *alias.yields_to) if environ.get(name, "").strip()]
        if ours:
            hints += _contradiction(alias, converted, ours, environ)
            continue
        result.update(converted)
        given_as.update(dict.fromkeys(converted, alias.name))
    hints += _on_premises_hint(result)
    hints += _unknown(environ)
    return Aliased(result, given_as, tuple(problems), tuple(hints))


def _contradiction(
    alias: Alias, converted: Mapping[str, str], ours: list[str], environ: Mapping[str, str]
) -> Iterator[str]:
    """That ours wins; nothing where both say the same."""
    if all(environ.get(name, "").strip().lower() == value.lower() for name, value in converted.items()):
        return
    yield f"{alias.name} does not count: {' and '.join(ours)} is set as well, and says something else."


def _on_premises_hint(environ: Mapping[str, str]) -> Iterator[str]:
    included = environ.get(_ON_PREMISES_MEMBERS, "").strip().lower()
    if included in {"false", "0", "f"}:
        yield (
            f"{_ON_PREMISES_MEMBERS} is false, which cannot be followed: the members of groups from an on-premises Active Directory are "
            "always read. To leave those groups out with their members, set SKIP_AD_GROUPS=true."
        )
    skipped = environ.get("SKIP_AD_GROUPS", "").strip().lower() in {"true", "1", "yes", "on"}
    if included in {"true", "1", "t"} and skipped:
        yield (
            f"{_ON_PREMISES_MEMBERS} has no effect: groups from an on-premises Active Directory are left out (SKIP_AD_GROUPS), and their "
            "members with them."
        )


def _unknown(environ: Mapping[str, str]) -> Iterator[str]:
    known = {alias.name for alias in ALIASES}
    others = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    if others:
        yield f"{', '.join(others)}: settings of another connector that mean nothing here."
