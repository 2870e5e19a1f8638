"""What is pinned, and how."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
PINNED = sorted(TOP.glob("requirements*.txt"))


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.name)
def test_every_requirement_is_pinned_with_hashes(path):
    logical = path.read_text().replace("\\\n", " ")
    lines = [line for line in logical.splitlines() if line.strip() and not line.startswith("#")]

    assert lines
    assert [line for line in lines if not re.match(r"[a-z0-9._-]+==\S+ .*--hash=sha256:", line)] == []


@pytest.mark.parametrize("path", [*PINNED, TOP / "package-lock.json"], ids=lambda path: path.name)
def test_no_registry_is_named(path):
    assert not re.search(r"https?://[^\s\"]*(pypi|pythonhosted|npmjs|/simple/|registry)", path.read_text())
    assert "--index-url" not in path.read_text()


def test_azure_deploys_what_the_product_names():
    named = {
        line.split("[")[0].strip() for line in (TOP / "requirements.in").read_text().splitlines() if line[:1].isalpha()
    }
    pinned = set(re.findall(r"^([a-z0-9._-]+)==", (TOP / "requirements.txt").read_text(), re.MULTILINE))

    assert named <= pinned


def test_azd_finds_requirements_txt_and_nothing_it_would_prefer():
    """azd installs a function app from pyproject.toml where there is one, and would then ignore requirements.txt."""
    assert (TOP / "requirements.txt").exists()
    assert not (TOP / "pyproject.toml").exists()


def test_azurite_is_pinned_to_one_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+", json.loads((TOP / "package.json").read_text())["dependencies"]["azurite"])
