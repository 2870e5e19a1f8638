"""Private networking is all or nothing: with it, nobody reaches storage or Key Vault from outside; without it, everything is reached.

The app itself stays public, because Microsoft Graph calls it.
"""

from __future__ import annotations

from collections.abc import Iterator

from tools.infra.declarations import Kind
from tools.infra.evaluating import evaluate
from tools.infra.findings import Finding
from tools.infra.policies.tree import Deployed, Tree
from tools.infra.resources import full_type
from tools.infra.syntax import parts, text, value_of, walk

_PRIVATE = ("Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults")
_SERVICES = {"blob": "privatelink.blob.", "queue": "privatelink.queue.", "vault": "privatelink"}
_LINKS = "microsoft.network/privatednszones/virtualnetworklinks"
_AS_WRITTEN: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("microsoft.network/privatednszones", ("location",), "'global'"),
    ("microsoft.network/privatednszones/virtualnetworklinks", ("location",), "'global'"),
    ("microsoft.network/privateendpoints", ("properties", "subnet", "id"), "endpointSubnet.id"),
)
_DELEGATED_TO = "Microsoft.App/environments"


def check(tree: Tree) -> Iterator[Finding]:
    """``network``."""
    for type_ in _PRIVATE:
        for one in tree.resources(type_):
            yield from _follows_switch(tree, one)
    for site in tree.resources("Microsoft.Web/sites"):
        if evaluate(value_of(site.declared.value, "properties", "publicNetworkAccess"), site.template) != "Enabled":
            yield site.finding("network", "Microsoft Graph has to reach the app: publicNetworkAccess is Enabled.")
    for network in tree.resources("Microsoft.Network/virtualNetworks"):
        yield from _subnets(network)
        yield from _links(network)
        yield from _endpoints(network)
        yield from _reaches_everything(network)
    for module in tree.main.of(Kind.MODULE):
        if module.reference.endswith("network.bicep") and "privateNetworking" not in text(
            module.condition or module.symbol
        ):
            yield tree.main.source.finding(module.symbol, "network", "It is deployed with privateNetworking only.")


def _follows_switch(tree: Tree, one: Deployed) -> Iterator[Finding]:
    """Public access has to follow ``isPublic``, and that to be the contrary of ``privateNetworking``."""
    for path, wanted in (
        (("publicNetworkAccess",), "isPublic ? 'Enabled' : 'Disabled'"),
        (("networkAcls", "defaultAction"), "isPublic ? 'Allow' : 'Deny'"),
    ):
        written = value_of(one.declared.value, "properties", *path)
        if written is None or " ".join(text(written).split()) != wanted:
            yield one.finding("network", f"{'.'.join(path)} has to be {wanted}.")
    for user, module in tree.users(one.template):
        given = value_of(module.value, "params", "isPublic")
        if given is None or text(given) != "!privateNetworking":
            yield user.source.finding(module.symbol, "network", "isPublic has to be !privateNetworking.")


def _subnets(network: Deployed) -> Iterator[Finding]:
    """They are apart, and that of the app reaches out: Microsoft Graph and sign-in are outside."""
    listed = value_of(network.declared.value, "properties", "subnets")
    subnets = parts(listed) if listed is not None else []
    prefixes = [text(one) for one in (value_of(one, "properties", "addressPrefix") for one in subnets) if one]
    if len(set(prefixes)) < len(subnets):
        yield network.finding("network", "Subnets overlap, or one has no addressPrefix.")
    for one in subnets:
        outward = value_of(one, "properties", "defaultOutboundAccess")
        if value_of(one, "properties", "delegations") and evaluate(outward, network.template) is not True:
            yield network.finding("network", "The app has to reach Microsoft Graph: defaultOutboundAccess is true.")


def _links(network: Deployed) -> Iterator[Finding]:
    for link in network.template.of(Kind.RESOURCE):
        linked = value_of(link.value, "properties", "virtualNetwork", "id")
        there = linked is not None and text(linked) == f"{network.declared.name}.id"
        if link.reference.lower().startswith(_LINKS) and not there:
            yield network.finding("network", "The zones have to be linked to it, or nobody finds the endpoints.")


def _endpoints(network: Deployed) -> Iterator[Finding]:
    """Each is to the service that its zone is for, and somewhere that resources of its type can be."""
    for one in network.template.of(Kind.RESOURCE):
        for type_, path, wanted in _AS_WRITTEN:
            found = value_of(one.value, *path) if full_type(one)[0].lower() == type_ else None
            if full_type(one)[0].lower() == type_ and (found is None or text(found) != wanted):
                yield network.template.source.finding(one.symbol, "network", f"{path[-1]} has to be {wanted}.")
    for one in network.template.of(Kind.RESOURCE):
        configs = value_of(one.value, "properties", "privateDnsZoneConfigs")
        for config in parts(configs) if configs is not None else ():
            zone = value_of(config, "properties", "privateDnsZoneId")
            if zone is None or text(zone) != "zones[i].id":
                yield network.template.source.finding(one.symbol, "network", "Each endpoint is told in its own zone.")
        connections = value_of(one.value, "properties", "privateLinkServiceConnections")
        for connection in parts(connections) if connections is not None else ():
            services = value_of(connection, "properties", "groupIds")
            if services is None or text(services) != "[endpoint.service]":
                yield network.template.source.finding(one.symbol, "network", "groupIds has to be [endpoint.service].")


def _reaches_everything(network: Deployed) -> Iterator[Finding]:
    """There is an endpoint with its zone for each service, and a subnet that the app may use."""
    declared = network.template.find("endpoints", Kind.VAR)
    endpoints = evaluate(declared.value, network.template) if declared else []
    zones = {one["service"]: str(one["zone"]) for one in endpoints if isinstance(one, dict) and "service" in one}
    for service, begins in _SERVICES.items():
        if not zones.get(service, "").startswith(begins):
            yield network.finding("network", f"The private endpoint of {service} or its zone is missing.")
    if not any(text(node).strip("'") == _DELEGATED_TO for node in walk(network.declared.node)):
        yield network.finding("network", f"The subnet of the app has to be delegated to {_DELEGATED_TO}.")
