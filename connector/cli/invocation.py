"""What one run of the command line was given: where settings come from, and how to speak."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, cast

import typer

from connector.cli.output import Output
from connector.settings import Settings, SettingsError

DEFAULT_SETTINGS_FILE = Path("local.settings.json")

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else; messages go to stderr.")
]


@dataclass(slots=True)
class Invocation:
    """One run. ``settings_file`` is None where none was named; then the default one counts if it is there."""

    settings_file: Path | None = None
    debug: bool = False
    output: Output = field(default_factory=Output)

    def speaking(self, *, as_json: bool) -> Output:
        """The output, once a command knows whether JSON is wanted."""
        self.output.as_json = as_json
        return self.output

    def settings(self, *, signs_in: bool = True) -> Settings:
        """The settings, parsed; with ``signs_in``, something to sign in with must be there.

        Raises:
            SettingsError: with a sentence for each problem.
        """
        return Settings.load(self.environment(), signs_in=signs_in)

    def environment(self) -> Mapping[str, str]:
        """The environment; what it does not set comes from the settings file."""
        set_here = {name: value for name, value in os.environ.items() if value.strip()}
        return {**self.file_values(), **set_here}

    def file_values(self) -> Mapping[str, str]:
        """The ``Values`` of the settings file.

        Raises:
            SettingsError: it is not a ``local.settings.json``.
        """
        path = self.settings_file or DEFAULT_SETTINGS_FILE
        if self.settings_file is None and not path.is_file():
            return {}
        try:
            values = json.loads(path.read_text(encoding="utf-8-sig"))["Values"]
        except OSError as error:
            raise SettingsError([f"The settings file {path} cannot be read: {error.strerror}."]) from None
        except (ValueError, KeyError, TypeError):
            raise SettingsError([f"The settings file {path} is not JSON with an object `Values`."]) from None
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise SettingsError([f"In the settings file {path}, `Values` must map names to texts."])
        return values


def invocation_of(ctx: typer.Context) -> Invocation:
    """The run that a command belongs to."""
    return cast(Invocation, ctx.obj)
