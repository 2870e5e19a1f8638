"""dev.py, as a contributor calls it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

DEV = Path(__file__).parent.parent / "dev.py"


def dev(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(DEV), *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def test_alone_it_lists_the_tasks_from_any_directory(tmp_path):
    done = dev(cwd=tmp_path)

    assert done.returncode == 0
    for task in ("demo", "test", "check", "graph", "start"):
        assert f"\n  {task} " in done.stdout


def test_an_unknown_task_is_refused_with_the_known_ones(tmp_path):
    done = dev("deploy", cwd=tmp_path)

    assert done.returncode == 2
    assert "demo" in done.stderr


def test_it_needs_nothing_but_the_standard_library():
    isolated = subprocess.run([sys.executable, "-S", "-E", str(DEV)], capture_output=True, text=True, check=False)

    assert isolated.returncode == 0, isolated.stderr


@pytest.fixture
def development() -> ModuleType:
    """dev.py as a module."""
    spec = importlib.util.spec_from_file_location("dev", DEV)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def machine(folder: Path, monkeypatch: pytest.MonkeyPatch, *, uid: int = 0, **programs: str) -> None:
    """A machine that has nothing but a shell and these programs."""
    for name, script in {"sh": 'exec /bin/sh "$@"', **programs}.items():
        program = folder / name.replace("_", "-")
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(os, "geteuid", lambda: uid, raising=False)


def test_a_browser_that_is_there_is_left_alone(development, tmp_path, monkeypatch, capfd):
    machine(tmp_path, monkeypatch, google_chrome="", apt_get="echo apt was asked >&2")

    development.install_browser()

    assert capfd.readouterr() == ("", "")


def test_a_browser_is_installed_once_where_apt_may_do_so(development, tmp_path, monkeypatch, capfd):
    log, chromium = tmp_path / "log", tmp_path / "chromium"
    script = f'echo "$@" >> {log}; if [ "$1" = install ]; then echo > {chromium}; /bin/chmod +x {chromium}; fi; echo noise; echo noise >&2'
    machine(tmp_path, monkeypatch, apt_get=script)

    development.install_browser()
    development.install_browser()

    assert [line.split()[0] for line in log.read_text().splitlines()] == ["update", "install"]
    assert log.read_text().endswith(" --yes --no-install-recommends chromium\n")
    out, said = capfd.readouterr()
    assert out == ""
    assert said.count("\n") == 1
    assert said.startswith("Installing Chromium")


def test_a_browser_that_cannot_be_installed_is_only_said(development, tmp_path, monkeypatch, capfd):
    machine(tmp_path, monkeypatch, apt_get='echo "Reading lists" >&2; echo "E: no network" >&2; exit 100')

    development.install_browser()

    assert "tests in a browser are skipped. apt says: E: no network\n" in capfd.readouterr().err


@pytest.mark.parametrize("has", [{"uid": 1000, "apt_get": "exit 1"}, {"uid": 0}])
def test_without_apt_or_the_right_to_use_it_nothing_is_tried(development, tmp_path, monkeypatch, capfd, has):
    machine(tmp_path, monkeypatch, **has)

    development.install_browser()

    assert capfd.readouterr().err == (
        "No browser on this machine, so tests in a browser are skipped. Install Chromium to run them.\n"
    )
