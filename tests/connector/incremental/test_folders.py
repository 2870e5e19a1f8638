"""The folder of a replica is its process's own, and whoever comes next removes it when that process was killed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from connector.incremental.folders import TemporaryFolder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="dead folders are found by POSIX locks")
TOP = Path(__file__).parents[3]
_HOLD = "from connector.incremental.folders import TemporaryFolder; f = TemporaryFolder(); print(f.path, flush=True); input()"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_a_killed_process_leaves_behind_is_removed_and_not_before(temporary: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD],
        cwd=TOP,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        theirs = Path(other.stdout.readline().strip())
        (theirs / "replica.duckdb").touch()
        ours = TemporaryFolder()
        assert theirs.is_dir()
        other.kill()
        other.wait()

    again = TemporaryFolder()

    assert not theirs.exists()
    assert ours.path.is_dir()  # one process may have several
    assert {one.path.stat().st_mode & 0o777 for one in (ours, again)} == {0o700}
    ours.remove()
    again.remove()
    assert list(temporary.iterdir()) == []


def test_a_folder_without_a_lock_stays_for_a_day(temporary: Path) -> None:
    young, old = temporary / "entra-replica-young", temporary / "entra-replica-old"
    for folder in (young, old):
        folder.mkdir()
    os.utime(old, (0, 0))

    TemporaryFolder().remove()

    assert (young.exists(), old.exists()) == (True, False)


def test_a_link_to_somewhere_else_is_not_followed(temporary: Path) -> None:
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "alive").touch()
    (temporary / "entra-replica-x").symlink_to(elsewhere)

    TemporaryFolder().remove()

    assert elsewhere.is_dir()
