"""Functions that Bicep has, and what they give; of objects, what is read here.

https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions
"""

from __future__ import annotations

from tools.infra.kinds import ANYTHING, ARRAY, BOOL, INT, OBJECT, STRING, ListOf, Member, Shape, Type


def _shape(name: str, /, **members: Type) -> Shape:
    return Shape(name, {key: Member(of) for key, of in members.items()})


_ENVIRONMENT = _shape(
    "environment",
    name=STRING,
    portal=STRING,
    resourceManager=STRING,
    graph=STRING,
    graphAudience=STRING,
    gallery=STRING,
    batch=STRING,
    media=STRING,
    authentication=_shape("authentication", audiences=ListOf(STRING), identityProvider=STRING, loginEndpoint=STRING, tenant=STRING),
    suffixes=_shape(
        "suffixes",
        acrLoginServer=STRING,
        azureDatalakeAnalyticsCatalogAndJob=STRING,
        azureDatalakeStoreFileSystem=STRING,
        azureFrontDoorEndpointSuffix=STRING,
        keyvaultDns=STRING,
        sqlServerHostname=STRING,
        storage=STRING,
    ),
)  # fmt: skip

_GIVES: tuple[tuple[Type, str], ...] = (
    (
        STRING,
        """base64 base64ToString cidrHost cidrSubnet dataUri dataUriToString dateTimeAdd dateTimeFromEpoch extensionResourceId format
        guid join loadFileAsBase64 loadTextContent managementGroupResourceId newGuid padLeft readEnvironmentVariable replace resourceId
        string subscriptionResourceId substring tenantResourceId toLower toUpper trim uniqueString uri uriComponent
        uriComponentToString utcNow""",
    ),
    (INT, "dateTimeToEpoch indexOf int lastIndexOf length"),
    (BOOL, "bool contains empty endsWith startsWith"),
    (ARRAY, "array createArray filter flatten items map mapValues objectKeys pickZones range sort split"),
    (OBJECT, "groupBy managementGroup parseCidr shallowMerge toObject"),
    (
        ANYTHING,
        """any coalesce concat deployment first getSecret intersection json last list listKeys loadJsonContent loadYamlContent max min nameof reduce
        reference skip take union""",
    ),
)

FUNCTIONS: dict[str, Type] = {name: gives for gives, names in _GIVES for name in names.split()} | {
    "environment": _ENVIRONMENT,
    "subscription": _shape("subscription", id=STRING, subscriptionId=STRING, tenantId=STRING, displayName=STRING),
    "tenant": _shape("tenant", tenantId=STRING, countryCode=STRING, displayName=STRING),
    "resourceGroup": _shape("resourceGroup", id=STRING, name=STRING, type=STRING, location=STRING, managedBy=STRING, tags=OBJECT, properties=ANYTHING),
    "deployer": _shape("deployer", objectId=STRING, tenantId=STRING, userPrincipalName=STRING),
}  # fmt: skip
"""What each function gives."""

DECORATORS = frozenset(
    {
        "allowed",
        "batchSize",
        "description",
        "discriminator",
        "export",
        "maxLength",
        "maxValue",
        "metadata",
        "minLength",
        "minValue",
    }
    | {"sealed", "secure"}
)
NAMESPACES = frozenset({"az", "sys"})
