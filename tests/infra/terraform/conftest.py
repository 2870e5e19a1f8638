"""The configuration, and copies in which one line is spoilt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.terraform.configuration import Configuration, configure, read_texts

TOP = Path(__file__).resolve().parents[3]
FOLDER = TOP / "infra" / "terraform"


@pytest.fixture(scope="session")
def texts() -> dict[Path, str]:
    """Every file."""
    return read_texts(FOLDER)


@pytest.fixture(scope="session")
def configuration(texts: dict[Path, str]) -> Configuration:
    """The configuration as it is."""
    return configure(FOLDER, texts)


@pytest.fixture(scope="session")
def spoilt(texts: dict[Path, str]) -> Callable[[str, str, str], Configuration]:
    """The configuration with ``right`` in ``file`` replaced."""

    def spoil(file: str, right: str, wrong: str) -> Configuration:
        text = texts[FOLDER / file]
        assert text.count(right) == 1, f"{right!r} stands {text.count(right)} times in {file}"
        return configure(FOLDER, {**texts, FOLDER / file: text.replace(right, wrong)})

    return spoil
