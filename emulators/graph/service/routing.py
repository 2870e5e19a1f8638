"""From method and path to an operation. Paths are matched without regard to case, as Graph does."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from emulators.graph.service import operations as ops
from emulators.graph.service.delta import answer as delta
from emulators.graph.service.errors import GraphError, method_not_allowed, unknown_segment
from emulators.graph.service.lookups import add_lookups
from emulators.graph.service.resources import directory, roles, tables
from emulators.graph.service.resources.collection import Collection
from emulators.graph.service.writes import federation
from emulators.graph.service.writes.routes import add_writes

_ID = re.compile(r"[^/()]+")
_FUNCTION = re.compile(r"^(?:microsoft\.graph\.)?(?P<name>delta)(?:\(\))?$", re.IGNORECASE)
_GET_BY_IDS = re.compile(r"^(?:microsoft\.graph\.)?getByIds$", re.IGNORECASE)
_KEYED = re.compile(r"^(?P<set>[A-Za-z0-9]+)\((?:id=)?'(?P<id>[^']+)'\)$")
_ALTERNATE = re.compile(r"^(?P<set>[A-Za-z0-9]+)\((?P<key>[A-Za-z]+='[^']+')\)$")
_OLD_ALTERNATE = re.compile(r"^(?P<name>[A-Za-z]+)=(?P<value>[^'()]+)$")


@dataclass(frozen=True, slots=True)
class Route:
    """A matched path: its template, what it answers, and the values of ``{id}``."""

    template: str
    operation: ops.Operation
    ids: tuple[str, ...]


class Router:
    """Every path that the service knows."""

    def __init__(self, *more: Callable[[_Add], None]) -> None:
        """``more``: registers further paths."""
        self._routes: dict[tuple[str, str], ops.Operation] = {}
        self._patterns: list[tuple[tuple[str, ...], str]] = []
        for add in (_add_directory, _add_relationships, _add_roles, _add_tables, _add_delta, add_writes, add_lookups):
            add(self._add)
        for register in more:
            register(self._add)

    def _add(self, method: str, template: str, operation: ops.Operation) -> None:
        self._routes[method, template] = operation
        pattern = tuple(template.lower().split("/"))
        if (pattern, template) not in self._patterns:
            self._patterns.append((pattern, template))

    def operations(self) -> tuple[str, ...]:
        """Every operation that is served: method and path template."""
        return tuple(f"{method} {template}" for method, template in self._routes)

    def find(self, method: str, path: str) -> Route:
        """The route of a request.

        Raises:
            GraphError: 400 for unknown paths, 405 for methods that a path does not have.
        """
        segments = _normal(path)
        best: tuple[str, tuple[str, ...]] | None = None
        for pattern, template in self._patterns:
            ids = _match(pattern, segments)
            if ids is not None and (best is None or len(ids) < len(best[1])):
                best = template, ids
        if best is None:
            raise self._unknown(segments)
        operation = self._routes.get((method, best[0]))
        if operation is None:
            raise method_not_allowed()
        return Route(best[0], operation, best[1])

    def _unknown(self, segments: tuple[str, ...]) -> GraphError:
        """Names the first segment that leads nowhere."""
        for end in range(1, len(segments) + 1):
            if not any(_match(pattern[:end], segments[:end]) is not None for pattern, _ in self._patterns):
                return unknown_segment(segments[end - 1])
        return unknown_segment(segments[-1])


_Add = Callable[[str, str, ops.Operation], None]


def _normal(path: str) -> tuple[str, ...]:
    """Segments with functions by their short name, and keys as segments of their own.

    ``users('id')`` becomes two; so does ``applications(appId='…')``, whose key keeps its name. ``roleTemplateId=…`` is the old
    spelling of the latter.
    """
    segments: list[str] = []
    for part in path.split("/"):
        function, keyed = _FUNCTION.match(part), _KEYED.match(part)
        alternate, old = _ALTERNATE.match(part), _OLD_ALTERNATE.match(part)
        if function:
            segments.append("delta")
        elif _GET_BY_IDS.match(part):
            segments.append("getByIds")
        elif keyed:
            segments += [keyed["set"], keyed["id"]]
        elif alternate:
            segments += [alternate["set"], alternate["key"]]
        elif old:
            segments.append(f"{old['name']}='{old['value']}'")
        else:
            segments.append(part)
    return tuple(segments)


def _match(pattern: tuple[str, ...], segments: tuple[str, ...]) -> tuple[str, ...] | None:
    if len(pattern) != len(segments):
        return None
    ids: list[str] = []
    for wanted, given in zip(pattern, segments, strict=True):
        if wanted == "{id}" and _ID.fullmatch(given) and given != "$count" and not given.startswith("microsoft.graph."):
            ids.append(given)
        elif wanted == "{type}" and given.startswith("microsoft.graph."):
            continue
        elif wanted != given.lower():
            return None
    return tuple(ids)


def _add_directory(add: _Add) -> None:
    for entity_set in directory.TYPE_OF_SET:
        _add_collection(add, entity_set, _always(directory.whole_type(entity_set)))
    add("GET", "me", ops.me)
    add("GET", "directoryObjects/{id}", ops.reads(_always(directory.any_object())))
    add("POST", "directoryObjects/getByIds", ops.get_by_ids)
    add("GET", "directory/deletedItems/{id}", ops.reads(_always(directory.any_deleted())))
    for type_name in directory.RESTORABLE:
        path = f"directory/deletedItems/microsoft.graph.{type_name}"
        _add_collection(add, path, _always(directory.deleted_items(type_name)))


def _add_relationships(add: _Add) -> None:
    for entity_set, name, rel, forward in (
        ("groups", "members", 1, True),
        ("groups", "owners", 2, True),
        ("groups", "memberOf", 1, False),
        ("users", "memberOf", 1, False),
        ("users", "ownedObjects", 2, False),
        ("users", "directReports", 3, False),
        ("devices", "memberOf", 1, False),
        ("contacts", "memberOf", 1, False),
        ("servicePrincipals", "owners", 2, True),
        ("servicePrincipals", "memberOf", 1, False),
        ("servicePrincipals", "ownedObjects", 2, False),
        ("applications", "owners", 2, True),
        ("directoryRoles", "members", 1, True),
        ("administrativeUnits", "members", 1, True),
        ("directory/administrativeUnits", "members", 1, True),
    ):
        _add_related(add, entity_set, name, ops.edges(entity_set, name, rel, forward=forward))
    for entity_set, name, forward in (
        ("groups", "transitiveMembers", True),
        ("groups", "transitiveMemberOf", False),
        ("users", "transitiveMemberOf", False),
        ("servicePrincipals", "transitiveMemberOf", False),
    ):
        _add_related(add, entity_set, name, ops.transitive(entity_set, forward=forward))
    federated = "applications/{id}/federatedIdentityCredentials"
    add("GET", federated, federation.list_all)
    add("GET", f"{federated}/{{id}}", federation.read)
    for entity_set, name in (
        ("users", "appRoleAssignments"),
        ("groups", "appRoleAssignments"),
        ("servicePrincipals", "appRoleAssignments"),
        ("servicePrincipals", "appRoleAssignedTo"),
    ):
        template = f"{entity_set}/{{id}}/{name}"
        add("GET", template, ops.lists(ops.assignments(entity_set, name)))
        add("GET", f"{template}/{{id}}", ops.reads(ops.assignments(entity_set, name)))


def _add_related(add: _Add, entity_set: str, name: str, find: ops.Find) -> None:
    template = f"{entity_set}/{{id}}/{name}"
    add("GET", template, ops.lists(find))
    add("GET", f"{template}/$count", ops.counts(find))
    add("GET", f"{template}/{{type}}", ops.lists(ops.cast_of(find)))
    add("GET", f"{template}/{{type}}/$count", ops.counts(ops.cast_of(find)))
    if name in ("members", "owners"):
        add("GET", f"{template}/$ref", ops.refers(find))


def _add_roles(add: _Add) -> None:
    base = "roleManagement/directory"
    _add_collection(add, f"{base}/roleDefinitions", _always(roles.role_definitions()), countable=False)
    _add_collection(add, f"{base}/roleAssignments", ops.role_assignments, countable=False)
    for kind in ("assignment", "eligibility"):
        name = f"{base}/role{kind.capitalize()}Schedule"
        _add_collection(add, f"{name}s", ops.premium(_always(roles.schedules(kind))), countable=False)
        _add_collection(add, f"{name}Instances", ops.premium(_always(roles.instances(kind))), countable=False)


def _add_tables(add: _Add) -> None:
    _add_collection(add, "subscribedSkus", ops.subscribed_skus, countable=False)
    _add_collection(add, "oauth2PermissionGrants", _always(tables.oauth2_permission_grants()), countable=False)
    _add_collection(add, "directoryRoleTemplates", _always(tables.directory_role_templates()), countable=False)
    _add_collection(add, "organization", _always(tables.organization()), countable=False)
    add("GET", "users/{id}/licenseDetails", ops.lists(ops.license_details))
    add("GET", "users/{id}/manager", ops.manager)
    add("GET", "users/{id}/mailboxSettings", ops.mailbox_settings)
    add("GET", "users/{id}/mailboxSettings/userPurpose", ops.user_purpose)
    jobs = "servicePrincipals/{id}/synchronization/jobs"
    add("GET", jobs, ops.lists(ops.jobs))
    add("GET", f"{jobs}/{{id}}", ops.reads(ops.jobs))


def _add_delta(add: _Add) -> None:
    for entity_set in (*directory.TYPE_OF_SET, "oauth2PermissionGrants", "directoryObjects"):
        add("GET", f"{entity_set}/delta", delta.operation(entity_set))


def _add_collection(add: _Add, path: str, find: ops.Find, *, countable: bool = True) -> None:
    add("GET", path, ops.lists(find))
    add("GET", f"{path}/{{id}}", ops.reads(find))
    if countable:
        add("GET", f"{path}/$count", ops.counts(find))


def _always(collection: Collection) -> ops.Find:
    def find(_call: ops.Call) -> Collection:
        return collection

    return find
