"""The settings that pods get: known, not repeating what is the default anyway, no secret among them, and enough to start."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from connector.settings import Settings, SettingsError, known_settings
from connector.settings.aliases import ALIASES
from tools.kubernetes.functions import Function, setting_that_disables
from tools.kubernetes.kustomize import Object
from tools.kubernetes.overlay import Overlay, container, pod_labels

HOST_SETTINGS: Mapping[str, str] = {
    "AzureFunctionsWebHost__hostid": "under which the host keeps locks, the state of timers and keys; made up from the pod's name otherwise",
    "AzureWebJobsSecretStorageType": "where the host keeps keys",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "bytes of a request that the host takes in before the connector sees any",
}
"""Settings of the Functions host that each pod needs, and what they do
(https://learn.microsoft.com/azure/azure-functions/functions-app-settings)."""
FURTHER_HOST_SETTINGS = frozenset(
    {"APPLICATIONINSIGHTS_CONNECTION_STRING", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING"}
)
"""What an overlay may set besides."""
REPEATED: Mapping[str, str] = {
    "SYNC_SCHEDULE": "the host puts it into a trigger itself",
    "INCREMENTAL_SCHEDULE": "the host puts it into a trigger itself",
}
"""Settings that repeat their default, and why."""
_FROM_THE_PLATFORM: Mapping[str, str] = {
    "AZURE_CLIENT_ID": "11111111-1111-1111-1111-111111111111",
    "AZURE_FEDERATED_TOKEN_FILE": "/var/run/secrets/azure/tokens/azure-identity-token",
}
"""What the webhook of workload identity sets (https://azure.github.io/azure-workload-identity/docs/quick-start.html)."""
_GUID = "22222222-2222-2222-2222-222222222222"
_SECRET_VALUES: Mapping[str, str] = {
    "AzureWebJobsStorage": "DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey=AAAA;EndpointSuffix=core.windows.net"
}


def environment_problems(overlay: Overlay, functions: Sequence[Function]) -> Iterator[str]:
    """A sentence for each setting that is unknown, superfluous, out of place or missing."""
    for one in overlay.of("ConfigMap"):
        yield from (f"{one['metadata']['name']}: {problem}" for problem in _settings(one["data"], functions))
    for name, keys in overlay.secrets.items():
        for key in keys:
            if key not in _known():
                yield f"the example of the Secret {name}: {key} is no setting"
    for deployment in overlay.of("Deployment"):
        for problem in (*_asked_for(overlay, deployment, functions), *_starts(overlay, deployment)):
            yield f"{deployment['metadata']['name']}: {problem}"


def _known() -> set[str]:
    return {one.name for one in known_settings()} | {one.name for one in ALIASES}


def _settings(data: Mapping[str, str], functions: Sequence[Function]) -> Iterator[str]:
    settings = {one.name: one for one in known_settings()}
    switches = {setting_that_disables(one.name) for one in functions}
    for name, value in data.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            yield f"{name} is not a name that every shell hands on"
        elif name not in _known() | switches | set(HOST_SETTINGS) | FURTHER_HOST_SETTINGS:
            yield f"{name} is no setting of the connector, no function of the app and no setting of the host that is known here"
        setting = settings.get(name)
        if setting and setting.secret:
            yield f"{name} is a secret, and a ConfigMap is not"
        if setting and value == setting.default and name not in REPEATED:
            yield f"{name} is what it would be anyway"


def _asked_for(overlay: Overlay, deployment: Object, functions: Sequence[Function]) -> Iterator[str]:
    given = set(overlay.settings(deployment))
    for name in sorted({name for one in functions for name in one.asks_for} - given):
        yield f"{name} is missing: the host puts it into a trigger, and knows no default"
    for name in sorted(set(HOST_SETTINGS) - given):
        yield f"{name} is missing: {HOST_SETTINGS[name]}"


def _starts(overlay: Overlay, deployment: Object) -> Iterator[str]:
    """Whether what the pods get is enough for the connector, with any one of the optional Secrets there."""
    references = [one["secretRef"] for one in container(deployment).get("envFrom", ()) if "secretRef" in one]
    always = [one["name"] for one in references if not one.get("optional")]
    optional = [one["name"] for one in references if one.get("optional")]
    for there in [[*always, one] for one in optional] or [always]:
        try:
            Settings.load(_environment(overlay, deployment, there))
        except SettingsError as error:
            yield from (f"with the Secrets {', '.join(there) or 'none'}: {problem}" for problem in error.problems)


def _environment(overlay: Overlay, deployment: Object, secrets: Sequence[str]) -> dict[str, str]:
    environment = dict(overlay.settings(deployment))
    if pod_labels(deployment).get("azure.workload.identity/use") == "true":
        environment |= _FROM_THE_PLATFORM
    for name in secrets:
        environment |= {key: _SECRET_VALUES.get(key, _GUID) for key in overlay.secrets.get(name, ())}
    return environment
