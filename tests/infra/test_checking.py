"""The templates are right, and whoever makes a mistake in them is told."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.infra.seeds import LANGUAGE, POLICIES, QUERIES, Seed
from tools.infra.check import findings, language_findings, policy_findings
from tools.infra.queries import check_queries

TOP = Path(__file__).resolve().parents[2]


def test_nothing_is_wrong_with_the_templates_and_queries_as_they_are() -> None:
    assert [one.told(TOP) for one in findings(TOP)] == []


def name(seed: Seed) -> str:
    return f"{seed.found}: {seed.after.strip()[:40]}"


@pytest.mark.parametrize("seed", LANGUAGE, ids=name)
def test_what_does_not_compile_is_found_by_the_check_that_is_for_it(seed: Seed, seeded) -> None:
    found = language_findings(seeded(seed))

    assert seed.found in {one.code for one in found}, [one.told(TOP) for one in found]


@pytest.mark.parametrize("seed", POLICIES, ids=name)
def test_what_we_would_not_have_deployed_is_found_by_its_policy(seed: Seed, seeded) -> None:
    found = policy_findings(seeded(seed))

    assert seed.found in {one.code for one in found}, [one.told(TOP) for one in found]


def test_a_mistake_is_told_with_its_place_and_what_was_meant(seeded) -> None:
    top = seeded(Seed("", "infra/modules/storage.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAcess: false"))
    line = (top / "infra/modules/storage.bicep").read_text().splitlines().index("    allowSharedKeyAcess: false") + 1

    told = [one.told(top.resolve()) for one in language_findings(top) if one.code == "unknown-property"]

    said = (
        f"infra/modules/storage.bicep:{line}:5: unknown-property: StorageAccountPropertiesCreateParametersOrStorageAccountProperties "
        "has no property allowSharedKeyAcess. Did you mean allowSharedKeyAccess?"
    )
    assert told == [said]


def test_policies_are_not_asked_where_nobody_can_tell_what_is_deployed(seeded) -> None:
    top = seeded(
        Seed(
            "",
            "infra/modules/storage.bicep",
            "resource account 'Microsoft.Storage/storageAccounts@",
            "resource account 'Storage@",
        )
    )
    shutil.rmtree(top / "infra/queries/alerts")

    assert {one.code for one in findings(top)} == {"unknown-type", "missing-file"}


def test_mistakes_in_queries_are_found_by_microsofts_parser_and_told_with_their_place(tmp_path) -> None:
    (tmp_path / "tables.json").symlink_to(TOP / "infra/queries/tables.json")
    right = (TOP / "infra/queries/alerts/drift.kql").read_text()
    for number, seed in enumerate(QUERIES):
        (tmp_path / f"{number}.kql").write_text(right.replace(seed.before, seed.after, 1))
    (tmp_path / "unexplained.kql").write_text("AppTraces\n| where Mesage == ''\n")

    found = {(one.path.name, one.code, one.line, one.column) for one in check_queries(tmp_path)}

    assert {file for file, *_ in found} == {*(f"{number}.kql" for number in range(len(QUERIES))), "unexplained.kql"}
    assert {one for one in found if one[0] == "unexplained.kql"} == {
        ("unexplained.kql", "query-unexplained", 0, 0),
        ("unexplained.kql", "query", 2, 9),
    }


def test_what_is_said_before_the_first_full_sync_raises_no_alarm() -> None:
    query = (TOP / "infra/queries/alerts/rounds-failing.kql").read_text()
    [silent] = re.findall(r'why !startswith "([^"]+)"', query)

    assert f'"{silent}' in (TOP / "connector/incremental/round.py").read_text()
