"""Lines of the log: one a thing, whatever it tells of."""

from __future__ import annotations

import json
import logging

import pytest

from connector.logs import log_event

NAMES = [
    "Qualitätssicherung 研究開発",
    "two\r\nlines",
    "\x1b[31mred",
    "\x9b31mred",
    "\x7f",
    "left\u202eright",
    "a\u2028b",
]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_a_name_from_outside_neither_breaks_a_line_nor_steers_a_terminal(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        log_event(logging.getLogger("a log"), "something_happened", name=name)

    (line,) = caplog.messages
    assert all(character.isprintable() for character in line)
    assert json.loads(line) == {"event": "something_happened", "name": name}


def test_names_can_be_read(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log_event(logging.getLogger("a log"), "something_happened", name=NAMES[0])

    assert NAMES[0] in caplog.text
