"""Every setting: name, type, default, meaning. The README's table and ``--help`` are made from it.

Settings are environment variables, because that is what Azure Functions turns application settings into. They are read
once, checked together, and every problem is reported in one go, so that nobody fixes a deployment one error at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from connector.settings.aliases import with_aliases
from connector.settings.choosing import choose, missing
from connector.settings.clouds import ENDPOINTS, Cloud
from connector.settings.following import FollowingSettings
from connector.settings.provisioning import ProvisioningSettings
from connector.settings.reading import InheritedGrants, ReadingSettings
from connector.settings.setting import Setting, SettingsError
from connector.settings.signing_in import Auth, SigningInSettings
from connector.settings.storage import StorageSettings
from connector.settings.values import Wrong, without_secrets

__all__ = ["Auth", "Cloud", "InheritedGrants", "Setting", "Settings", "SettingsError", "known_settings"]


# The last base comes first in the docs: dataclasses collect fields from the end.
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ProvisioningSettings, FollowingSettings, ReadingSettings, StorageSettings, SigningInSettings):
    """The settings of one deployment, parsed. Made by :meth:`load`.

    What follows from other settings is filled in: ``auth`` is what is signed in with (AUTO only where nothing is configured),
    ``authority`` and ``graph_endpoint`` are those of the cloud, and the addresses of storage those of the account.
    """

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, *, signs_in: bool = True) -> Self:
        """Read and check every setting in ``environ`` (default: the process's environment), aliases included.

        Args:
            environ: the environment.
            signs_in: whether something to sign in with must be there. What only reads storage does without.

        Raises:
            SettingsError: with one sentence for each setting that is missing or malformed, under the name that was set.
        """
        aliased = with_aliases(os.environ if environ is None else environ)
        environ, given_as = aliased.environ, aliased.given_as
        problems = list(aliased.problems)
        values: dict[str, Any] = {}
        for known in fields(cls):
            setting: Setting = known.metadata["setting"]
            text = environ.get(setting.name, "").strip() or setting.default
            name = given_as.get(setting.name, setting.name)
            if text is None:
                problems.append(f"{setting.name} is not set. {setting.meaning}")
            elif not text:
                values[known.name] = setting.nothing
            else:
                try:
                    values[known.name] = setting.parse(text)
                except Wrong as wrong:
                    given = "what is set is not" if setting.secret else f"it is {without_secrets(text)!r}"
                    problems.append(wrong.sentence(name, given))
        _follow_cloud(values)
        if not any("AzureWebJobsStorage" in problem for problem in problems):
            problems += _storage_problems(values)
        values["auth"] = choose(values, environ)
        if signs_in:
            known_wrong = {problem.split(" ", 1)[0] for problem in problems}
            known_wrong |= {ours for ours, alias in given_as.items() if alias in known_wrong}
            problems += [
                one for one in missing(values["auth"], values, known_wrong) if one.split(" ", 1)[0] not in known_wrong
            ]
        if problems:
            raise SettingsError(problems)
        return cls(**values)


def _follow_cloud(values: dict[str, Any]) -> None:
    endpoints = ENDPOINTS[values.get("cloud", Cloud.PUBLIC)]
    values["authority"] = values.get("authority") or endpoints.authority
    values["graph_endpoint"] = values.get("graph_endpoint") or endpoints.graph
    account = values.get("storage_account")
    if account:
        for field, service in (("blob_service_uri", "blob"), ("queue_service_uri", "queue")):
            values[field] = values.get(field) or f"https://{account}.{service}.{endpoints.storage_suffix}"


def _storage_problems(values: Mapping[str, Any]) -> Iterator[str]:
    if values.get("storage"):
        return
    for field in ("blob_service_uri", "queue_service_uri"):
        if not values.get(field):
            name = (
                "AzureWebJobsStorage__blobServiceUri"
                if field.startswith("blob")
                else "AzureWebJobsStorage__queueServiceUri"
            )
            yield (
                f"{name} is not set, and neither is AzureWebJobsStorage. Set AzureWebJobsStorage__accountName, both service URIs, or the "
                "connection string."
            )


def known_settings() -> tuple[Setting, ...]:
    """Every setting, in the order in which the docs show them."""
    return tuple(known.metadata["setting"] for known in fields(Settings))
