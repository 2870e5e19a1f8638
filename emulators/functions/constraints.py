"""The constraints of route parameters, ``{id:int}`` and the like, as ASP.NET defines them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

Constraint = Callable[[str], bool]

SUPPORTED = (
    "int, long, guid, bool, alpha, required, length(n), length(a,b), minlength(n), maxlength(n), min(n), max(n), "
    "range(a,b)"
)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)


def parse_constraint(name: str, argument: str) -> Constraint:
    """The test that a constraint puts a value to.

    Raises:
        ValueError: it is not one of ``SUPPORTED``.
    """
    if not argument and name in _SIMPLE:
        return _SIMPLE[name]
    bounds = [text.strip() for text in argument.split(",")]
    if all(_INTEGER.fullmatch(bound) for bound in bounds) and (name, len(bounds)) in _BOUNDED:
        return _BOUNDED[name, len(bounds)](*(int(bound) for bound in bounds))
    raise ValueError(f"constraint {name!r} is not supported; supported are {SUPPORTED}")


def _is_integer(value: str, bits: int) -> bool:
    return bool(_INTEGER.fullmatch(value)) and -(2 ** (bits - 1)) <= int(value) < 2 ** (bits - 1)


def _is_guid(value: str) -> bool:
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True


def _is_between(low: float, high: float) -> Constraint:
    return lambda value: _is_integer(value, 64) and low <= int(value) <= high


def _is_long(low: float, high: float) -> Constraint:
    return lambda value: low <= len(value) <= high


_SIMPLE: dict[str, Constraint] = {
    "int": lambda value: _is_integer(value, 32),
    "long": lambda value: _is_integer(value, 64),
    "guid": _is_guid,
    "bool": lambda value: value.lower() in {"true", "false"},
    "alpha": lambda value: value.isascii() and value.isalpha(),
    "required": lambda value: bool(value.strip()),
}
_BOUNDED: dict[tuple[str, int], Callable[..., Constraint]] = {
    ("length", 1): lambda exact: _is_long(exact, exact),
    ("length", 2): _is_long,
    ("minlength", 1): lambda low: _is_long(low, float("inf")),
    ("maxlength", 1): lambda high: _is_long(0, high),
    ("min", 1): lambda low: _is_between(low, float("inf")),
    ("max", 1): lambda high: _is_between(float("-inf"), high),
    ("range", 2): _is_between,
}
