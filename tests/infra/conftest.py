"""Copies of the templates, in which mistakes can be made."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.seeds import Seed

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture
def seeded(tmp_path: Path) -> Callable[[Seed], Path]:
    """Copies everything that is checked, and makes one mistake in it; the top of the copy."""

    def plant(seed: Seed) -> Path:
        shutil.copytree(
            TOP / "infra", tmp_path / "infra", ignore=shutil.ignore_patterns("facts", "terraform", "kubernetes")
        )
        (tmp_path / "infra" / "facts").symlink_to(TOP / "infra" / "facts")
        for name in ("azure.yaml", ".funcignore"):
            shutil.copy(TOP / name, tmp_path / name)
        file = tmp_path / seed.file
        text = file.read_text()
        assert seed.before in text, f"{seed.file} no longer holds {seed.before!r}"
        file.write_text(text.replace(seed.before, seed.after, 1))
        return tmp_path

    return plant
