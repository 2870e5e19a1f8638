"""Every event that the connector logs is found in its source, and what it means is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.documents import TOP
from tools.log_events import LogEvent, log_events, meanings

QUERIES = sorted((TOP / "infra/queries").rglob("*.kql"))
_EVENT = re.compile(r'"([a-z]+(?:_[a-z]+)+)"')
_FACT = re.compile(r"\bline\.([a-z_]+)")


def test_each_event_has_a_meaning_and_no_meaning_is_left_over() -> None:
    assert set(meanings()) == set(log_events())
    assert [name for name, meaning in meanings().items() if not meaning.endswith(".")] == []


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.stem)
def test_queries_ask_for_events_and_facts_that_are_logged(query: Path) -> None:
    text = query.read_text()
    logged = log_events()
    asked = [logged[name] for name in _EVENT.findall(text) if name in logged]
    unknown = set(re.findall(r'line\.event == "(\w+)"', text)) - set(logged)
    facts = {fact for one in asked or logged.values() for fact in one.facts} | {"event"}

    assert not unknown
    assert "…" in facts or set(_FACT.findall(text)) <= facts


def test_what_the_source_says_in_many_ways(tmp_path: Path) -> None:
    (tmp_path / "some.py").write_text(
        """
def plain(log, other):
    log_event(log, "begun", level=logging.DEBUG, one=1, **asdict(other))

def worse(log, error, last):
    level = logging.ERROR if last else logging.INFO
    why = {"why": 1} if error else {}
    log_event(log, "ended", level=level, two=2, **why)
    log_event(log, "given_up" if last else "failed", level=logging.ERROR if last else logging.WARNING)

def handed_on(log, event):
    log_event(log, event, level=logging.ERROR)

def storage(log, error):
    refuse_storage(log, "not_stored", error)
    log_event(log, "begun", level=logging.WARNING, three=3)
"""
    )

    assert list(log_events(tmp_path).values()) == [
        LogEvent("begun", ("DEBUG", "WARNING"), ("one", "…", "three")),
        LogEvent("ended", ("INFO", "ERROR"), ("two", "why")),
        LogEvent("failed", ("WARNING",), ()),
        LogEvent("given_up", ("ERROR",), ()),
        LogEvent("not_stored", ("ERROR",), ("message", "advice")),
    ]


def test_an_event_without_a_name_of_its_own_is_refused(tmp_path: Path) -> None:
    (tmp_path / "some.py").write_text("def some(log):\n    log_event(log, 'a' + 'b')\n")

    with pytest.raises(ValueError, match="cannot be told"):
        log_events(tmp_path)
