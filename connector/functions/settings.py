"""Settings for a trigger: read at each invocation, and every problem logged at once."""

from __future__ import annotations

import logging

from connector.logs import log_event
from connector.settings import Settings, SettingsError


def load_settings(logger: logging.Logger) -> Settings:
    """The settings of this deployment.

    Raises:
        SettingsError: after each problem has been logged.
    """
    try:
        return Settings.load()
    except SettingsError as error:
        for problem in error.problems:
            log_event(logger, "setting_wrong", level=logging.ERROR, problem=problem)
        raise
