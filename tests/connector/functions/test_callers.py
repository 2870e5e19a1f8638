"""Whom the platform lets call: a key, unless the platform itself says that it authenticates callers."""

from __future__ import annotations

import pytest

from connector.functions.callers import platform_authenticates


@pytest.mark.parametrize("said", ["True", "true", " TRUE "])
def test_the_platform_says_that_it_authenticates(said: str) -> None:
    assert platform_authenticates({"WEBSITE_AUTH_ENABLED": said})


@pytest.mark.parametrize("said", ["", "False", "1", "yes", "maybe"])
def test_whatever_else_it_says_a_key_is_asked_for(said: str) -> None:
    assert not platform_authenticates({"WEBSITE_AUTH_ENABLED": said})
    assert not platform_authenticates({"X_MS_CLIENT_PRINCIPAL": said, "WEBSITE_AUTH_V2_CONFIG_JSON": "{}"})
