"""The Dockerfile: small, pinned, not root, in agreement with the manifests; mistakes in it are found."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import pytest

from tools.kubernetes.check import TOP
from tools.kubernetes.context import ignored, parse, sent
from tools.kubernetes.functions import Function
from tools.kubernetes.image import image_problems
from tools.kubernetes.overlay import Overlay

MISTAKES = {
    "root": ("USER 10001:10001", "USER root", "USER must be two numbers"),
    "another user than the manifests'": ("USER 10001:10001", "USER 1000:1000", "and the image is made for [('1000', '1000')]"),
    "a port that only root may open": ("EXPOSE 8080", "EXPOSE 80", "it exposes {80}, listens on {8080}"),
    "another Python": ("python3.13", "python3.11", "it must begin with mcr.microsoft.com"),
    "packages of anybody's": ("--require-hashes", "", "without their hashes"),
    "a health check that needs a key": ("/api/live", "/api/changes", "HEALTHCHECK asks for no route"),
    "a place that cannot be written": ("/azure-functions-host/Secrets", "/azure-functions-host", "is not made writable"),
    "what hadolint refuses": ("WORKDIR ", "RUN cd ", "DL3003"),
}  # fmt: skip
"""What is written, what somebody writes instead, and what is said of it."""


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository of next to nothing, with the Dockerfile."""
    for name in ("Dockerfile", ".dockerignore", "host.json", "function_app.py", "requirements.txt"):
        shutil.copy(TOP / name, tmp_path / name)
    for name in ("connector/__init__.py", "tests/test_x.py", "local.settings.json", ".git/config", "connector/x/a.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(
    mistake: str, top: Path, built: Mapping[str, Overlay], functions: Sequence[Function]
) -> None:
    old, new, expected = MISTAKES[mistake]
    text = (top / "Dockerfile").read_text()
    assert old in text
    (top / "Dockerfile").write_text(text.replace(old, new))

    found = image_problems(top, list(built.values()), functions, "api")

    assert any(expected in problem for problem in found), found


def test_only_the_app_is_sent_to_the_builder(
    top: Path, built: Mapping[str, Overlay], functions: Sequence[Function]
) -> None:
    assert [str(one) for one in sent(top)] == [
        "function_app.py",
        "host.json",
        "requirements.txt",
        "connector/__init__.py",
    ]
    assert image_problems(top, list(built.values()), functions, "api") == []


def test_what_is_sent_besides_is_found(top: Path, built: Mapping[str, Overlay], functions: Sequence[Function]) -> None:
    with (top / ".dockerignore").open("a") as file:
        file.write("!local.settings.json\n!tests\n")

    found = image_problems(top, list(built.values()), functions, "api")

    assert [problem.split(" is sent")[0] for problem in found] == [
        ".dockerignore: local.settings.json",
        ".dockerignore: tests/test_x.py",
    ]


def test_what_is_not_sent_is_found(top: Path, built: Mapping[str, Overlay], functions: Sequence[Function]) -> None:
    (top / ".dockerignore").write_text("*\n!connector\n!host.json\n!function_app.py\n**/*.pyc\n")

    assert image_problems(top, list(built.values()), functions, "api") == [
        ".dockerignore: requirements.txt is not sent to the builder"
    ]


@pytest.mark.parametrize(
    ("path", "out"),
    [
        ("a", True),
        ("kept", False),
        ("kept/b/c.py", False),
        ("kept/b/c.pyc", True),
        ("kept/__pycache__/d.py", True),
        ("other/kept/d", True),
    ],
)
def test_the_last_pattern_that_fits_counts(path: str, out: bool) -> None:
    rules = parse("# nothing\n*\n!kept\n**/*.pyc\n**/__pycache__\n")

    assert ignored(PurePosixPath(path), rules) is out
