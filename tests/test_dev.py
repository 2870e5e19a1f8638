"""dev.py, as a contributor calls it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
