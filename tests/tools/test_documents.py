"""The generated parts of the documents are current."""

from __future__ import annotations

import duckdb
import pytest

from connector.settings import known_settings
from tests.support.contoso import CONTOSO
from tests.support.snapshots import write_snapshot
from tools.documents import GENERATED, TOP, with_section


@pytest.mark.parametrize(("file", "name", "make"), GENERATED)
def test_generated_sections_are_current(file, name, make):
    text = (TOP / file).read_text()

    assert with_section(text, name, make()) == text, f"run `python3 dev.py docs`: {file} is out of date"


def test_the_readme_names_every_setting():
    readme = (TOP / "README.md").read_text()

    assert [setting.name for setting in known_settings() if f"`{setting.name}`" not in readme] == []


def test_the_query_in_the_readme_answers_from_a_snapshot(tmp_path, monkeypatch):
    query = (TOP / "README.md").read_text().partition("```sql\n")[2].partition("```")[0]
    monkeypatch.chdir(write_snapshot(tmp_path, CONTOSO))

    found = duckdb.sql(query)

    assert found is not None
    assert found.columns == ["user_principal_name", "role", "through_group_id"]
    assert "Guest" in query
    assert found.fetchall()


def test_a_document_without_the_section_is_refused():
    with pytest.raises(ValueError, match="no section 'settings'"):
        with_section("# Nothing here", "settings", "…")
