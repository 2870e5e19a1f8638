"""Settings that another connector's variables set: ``settings`` says which, and what means nothing here."""

from __future__ import annotations

import json
from collections.abc import Callable

from typer.testing import Result

from tests.support.baton import SECRET, STORAGE
from tests.support.snapshots import TENANT

Run = Callable[..., Result]


def test_the_command_line_shows_the_alias_as_the_source_and_no_secret(run: Run) -> None:
    result = run("settings", "--json", env=SECRET | STORAGE | {"SKIP_AD_GROUPS": "true"})

    shown = json.loads(result.stdout)
    rows = {row["name"]: row for row in shown["settings"]}
    assert (rows["ENTRA_TENANT_ID"]["value"], rows["ENTRA_TENANT_ID"]["source"]) == (
        TENANT,
        "alias BATON_ENTRA_TENANT_ID",
    )
    assert (rows["ENTRA_CLIENT_SECRET"]["value"], rows["ENTRA_CLIENT_SECRET"]["source"]) == (
        "(set)",
        "alias BATON_ENTRA_CLIENT_SECRET",
    )
    assert (rows["ENTRA_CLOUD"]["value"], rows["ENTRA_CLOUD"]["source"]) == (
        "us_government",
        "alias BATON_GRAPH_DOMAIN",
    )
    assert rows["SKIP_AD_GROUPS"]["source"] == "environment"
    assert "BATON_CLIENT_SECRET" in shown["hints"][-1]
    assert shown["problems"] == []
    assert result.exit_code == 0
    text = run("settings", env=SECRET | STORAGE)
    assert "mean nothing here" in text.stderr
    assert "not-a-real-secret" not in text.output + result.stdout
