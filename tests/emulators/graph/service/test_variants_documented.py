"""The table of variants tells all of them, and what they are without being asked for."""

import re
from dataclasses import fields
from pathlib import Path

from emulators.graph import Variants

DOCUMENT = Path(__file__).parents[4] / "docs" / "graph-emulator.md"


def test_every_variant_is_in_the_table_with_its_default():
    rows = re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert dict(rows) == {field.name: str(field.default) for field in fields(Variants)}
