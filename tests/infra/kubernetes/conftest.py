"""The manifests, and copies of them to make mistakes in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tools.kubernetes.check import TOP
from tools.kubernetes.functions import Function, app_functions
from tools.kubernetes.overlay import Overlay, overlays

MANIFESTS = TOP / "infra" / "kubernetes"
Edit = Callable[[str, str, str], None]


@pytest.fixture(scope="session")
def functions() -> Sequence[Function]:
    """What the app registers."""
    return app_functions()


@pytest.fixture(scope="session")
def built() -> dict[str, Overlay]:
    """Every overlay by name."""
    return {one.name: one for one in overlays(MANIFESTS)}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The manifests, to be changed."""
    return Path(shutil.copytree(MANIFESTS, tmp_path / "infra" / "kubernetes"))


@pytest.fixture
def edit(copy: Path) -> Edit:
    """Put one text in the place of another in a file of the copy."""

    def replace(file: str, old: str, new: str) -> None:
        text = (copy / file).read_text()
        assert old in text, f"{file} has no {old!r}"
        (copy / file).write_text(text.replace(old, new))

    return replace
