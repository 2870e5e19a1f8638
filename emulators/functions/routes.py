"""HTTP routes, as ASP.NET writes them: ``accounts/{id:guid}/{verb?}``, ``files/{*path}``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from emulators.functions.constraints import Constraint, parse_constraint

_PARAMETER = re.compile(
    r"\{(?P<rest>\*{1,2})?(?P<name>[A-Za-z_][A-Za-z0-9_-]*)(?P<constraints>(?::[a-z]+(?:\([^()]*\))?)*)"
    r"(?:=(?P<default>[^{}?]*))?(?P<optional>\?)?\}"
)
_CONSTRAINT = re.compile(r":([a-z]+)(?:\(([^()]*)\))?")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One ``{…}`` of a route."""

    name: str
    rest: bool
    optional: bool
    default: str | None
    constraints: tuple[Constraint, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """What stands between two slashes: a pattern with groups ``p0``, ``p1``, … for its parameters."""

    pattern: re.Pattern[str]
    parameters: tuple[Parameter, ...]

    @property
    def may_be_missing(self) -> bool:
        """Whether a path that ends before this segment still fits."""
        return len(self.parameters) == 1 and (
            self.parameters[0].optional or self.parameters[0].rest or self.parameters[0].default is not None
        )


@dataclass(frozen=True, slots=True)
class Route:
    """A route template, ready to match paths. Made by ``parse``."""

    template: str
    segments: tuple[Segment, ...]

    @classmethod
    def parse(cls, template: str) -> Route:
        """Read a template.

        Raises:
            ValueError: it is malformed, or a constraint in it is not supported.
        """
        text = template.strip("/")
        segments = tuple(_segment(part, template) for part in text.split("/")) if text else ()
        names = [parameter.name.lower() for segment in segments for parameter in segment.parameters]
        if len(set(names)) < len(names):
            raise ValueError(f"route {template!r} names a parameter twice")
        for position, segment in enumerate(segments):
            last = position == len(segments) - 1
            if any(parameter.rest for parameter in segment.parameters) and not last:
                raise ValueError(f"route {template!r}: {{*…}} must come last")
            if segment.may_be_missing and any(not later.may_be_missing for later in segments[position:]):
                raise ValueError(f"route {template!r}: an optional parameter must come last")
        return cls(template, segments)

    def match(self, path: str) -> Mapping[str, str] | None:
        """The parameters by name if ``path`` (still percent-encoded, without a query) fits, else None."""
        parts = path.strip("/").split("/") if path.strip("/") else []
        if self._ends_in_rest and len(parts) > len(self.segments):
            keep = len(self.segments) - 1
            parts = [*parts[:keep], "/".join(parts[keep:])]
        if len(parts) > len(self.segments):
            return None
        found: dict[str, str] = {}
        for position, segment in enumerate(self.segments):
            if position >= len(parts):
                if not segment.may_be_missing:
                    return None
                found.update({p.name: p.default for p in segment.parameters if p.default is not None})
            elif not _fill(found, segment, unquote(parts[position])):
                return None
        return found

    @property
    def precedence(self) -> tuple[int, ...]:
        """Sorts routes as ASP.NET tries them: literal before constrained before free before rest, from the left."""
        return tuple(_rank(segment) for segment in self.segments)

    @property
    def _ends_in_rest(self) -> bool:
        return bool(self.segments) and any(parameter.rest for parameter in self.segments[-1].parameters)


def _fill(found: dict[str, str], segment: Segment, text: str) -> bool:
    match = segment.pattern.fullmatch(text)
    if match is None:
        return False
    for position, parameter in enumerate(segment.parameters):
        value = match[f"p{position}"]
        if not all(constraint(value) for constraint in parameter.constraints):
            return False
        found[parameter.name] = value
    return True


def _rank(segment: Segment) -> int:
    if not segment.parameters:
        return 1
    if any(parameter.rest for parameter in segment.parameters):
        return 5
    constrained = any(parameter.constraints for parameter in segment.parameters)
    literal_too = len(segment.parameters) > 1 or segment.pattern.pattern != "(?P<p0>.+)"
    return 2 if literal_too else 3 if constrained else 4


def _segment(text: str, template: str) -> Segment:
    if not text:
        raise ValueError(f"route {template!r} has an empty segment")
    pattern, end = "", 0
    parameters: list[Parameter] = []
    for match in _PARAMETER.finditer(text):
        pattern += _literal(text[end : match.start()], template)
        if parameters and end == match.start():
            raise ValueError(f"route {template!r}: two parameters need text between them")
        if match["rest"] and match[0] != text:
            raise ValueError(f"route {template!r}: {{*…}} must be a segment of its own")
        pattern += f"(?P<p{len(parameters)}>.+)"
        constraints = _constraints(match["constraints"], template)
        parameters.append(
            Parameter(match["name"], bool(match["rest"]), bool(match["optional"]), match["default"], constraints)
        )
        end = match.end()
    pattern += _literal(text[end:], template)
    return Segment(re.compile(pattern, re.IGNORECASE | re.DOTALL), tuple(parameters))


def _literal(text: str, template: str) -> str:
    if "{" in text or "}" in text:
        raise ValueError(f"route {template!r}: {text!r} is not a parameter that is supported")
    return re.escape(text)


def _constraints(text: str, template: str) -> tuple[Constraint, ...]:
    try:
        return tuple(parse_constraint(found[1], found[2] or "") for found in _CONSTRAINT.finditer(text))
    except ValueError as error:
        raise ValueError(f"route {template!r}: {error}") from error
