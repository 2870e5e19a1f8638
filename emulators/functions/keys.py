"""The keys that open HTTP functions and the admin API."""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Self

from emulators.functions.errors import HostRefused


class AuthLevel(StrEnum):
    """Who may call an HTTP function: anybody, a holder of one of the app's keys, or a holder of the master key."""

    ANONYMOUS = "anonymous"
    FUNCTION = "function"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Keys:
    """The master key, the host key (opens every function of level ``function``) and one key a function."""

    master: str = field(repr=False)
    host: str = field(repr=False)
    functions: Mapping[str, str] = field(repr=False)

    @classmethod
    def make(cls, function_names: Iterable[str]) -> Self:
        """Random keys."""
        return cls(_new(), _new(), {name: _new() for name in function_names})

    @classmethod
    def kept_in(cls, path: Path, function_names: Iterable[str]) -> Self:
        """The keys in a JSON file of ours; what it lacks is made up and added, readable by its owner only.

        Raises:
            HostRefused: the file cannot be read as keys.
        """
        try:
            known = json.loads(path.read_text()) if path.exists() else {}
            master, host = str(known.get("master") or _new()), str(known.get("host") or _new())
            of_functions = {str(name): str(key) for name, key in known.get("functions", {}).items()}
        except (OSError, ValueError, AttributeError) as error:
            raise HostRefused([f"The keys in {path} cannot be read: {error}"]) from error
        keys = cls(master, host, {name: _new() for name in function_names} | of_functions)
        keys._write(path)
        return keys

    def open(self, level: AuthLevel, function: str, given: str | None) -> bool:
        """Whether the key ``given`` by a caller is good enough for a function of this level."""
        if level is AuthLevel.ANONYMOUS:
            return True
        accepted = [self.master]
        if level is AuthLevel.FUNCTION:
            accepted += [self.host, *([self.functions[function]] if function in self.functions else [])]
        return given is not None and any(hmac.compare_digest(given.encode(), key.encode()) for key in accepted)

    def _write(self, path: Path) -> None:
        content = {"master": self.master, "host": self.host, "functions": dict(self.functions)}
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file, indent=2)


def _new() -> str:
    return secrets.token_urlsafe(40)
