"""The host as a process: what it takes to start, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.storage.queue import QueueClient

from emulators.functions import FunctionsHost
from emulators.processes import ProcessFailed

REPOSITORY = Path(__file__).resolve().parents[3]
HELLO = """
@app.route(route="hello", auth_level=AuthLevel.FUNCTION)
def hello(req: HttpRequest) -> str:
    return os.environ.get("GREETING", "nothing")
"""

WriteApp = Callable[..., Path]
Eventually = Callable[[Callable[[], Any]], Any]


def command(app: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "emulators.functions", "--app", str(app), *options]


def test_an_app_that_uses_what_is_not_supported_is_refused_with_every_reason(write_app: WriteApp) -> None:
    app = write_app("""
    @app.blob_trigger(arg_name="blob", path="in/{name}", connection="AzureWebJobsStorage")
    def on_blob(blob: func.InputStream) -> None: ...

    @app.timer_trigger(schedule="%MISSING%", arg_name="timer")
    def on_time(timer: TimerRequest) -> None: ...
    """)

    with pytest.raises(ProcessFailed, match="exit code 1") as failed:
        FunctionsHost(app).start()

    assert "Function on_blob: binding 'blob': the in binding of type blobTrigger is not supported" in failed.value.log
    assert "Function on_time: binding 'timer': '%MISSING%' does not resolve" in failed.value.log


def test_an_app_that_cannot_be_imported_is_refused_with_its_stack_trace(write_app: WriteApp) -> None:
    with pytest.raises(ProcessFailed, match=r"cannot be loaded: (?s:.*)ZeroDivisionError"):
        FunctionsHost(write_app("1 / 0")).start()


def test_a_folder_that_is_no_app_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProcessFailed, match=r"holds no host\.json"):
        FunctionsHost(tmp_path).start()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBSITE_TIME_ZONE", "Europe/Vienna"),
        ("FUNCTIONS_WORKER_RUNTIME", "node"),
        ("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "lots"),
    ],
)
def test_platform_settings_that_cannot_be_honoured_are_refused(write_app: WriteApp, name: str, value: str) -> None:
    with pytest.raises(ProcessFailed, match=f"exit code 1(?s:.*){name}"):
        FunctionsHost(write_app(HELLO), {name: value}).start()


def test_a_port_that_is_taken_is_said(write_app: WriteApp) -> None:
    with FunctionsHost(write_app(HELLO)) as first:
        port = int(first.url.rsplit(":", 1)[1])

        with pytest.raises(ProcessFailed, match=f"Port {port} of 127.0.0.1 cannot be used"):
            FunctionsHost(write_app(HELLO), port=port).start()


def test_settings_come_from_the_file_and_the_environment_has_precedence(write_app: WriteApp, tmp_path: Path) -> None:
    settings = tmp_path / "s.json"
    settings.write_text('{"Values": {"GREETING": "from the file", "OTHER": "x"}}')
    app, keys = write_app(HELLO), tmp_path / "keys.json"

    with FunctionsHost(app, settings=settings, keys=keys) as host:
        key = host.key("hello")
        assert httpx.get(f"{host.url}/api/hello?code={key}").text == "from the file"
    with FunctionsHost(app, {"GREETING": "from the environment"}, settings=settings, keys=keys) as host:
        assert httpx.get(f"{host.url}/api/hello?code={key}").text == "from the environment"


def test_the_apps_own_local_settings_are_read_by_the_command(write_app: WriteApp) -> None:
    app = write_app(HELLO)
    app.joinpath("local.settings.json").write_text('{"Values": {"GREETING": "locally"}}')
    with subprocess.Popen(
        command(app), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=REPOSITORY
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        answer = httpx.get(ready["functions"][0]["url"], headers={"x-functions-key": ready["host_key"]})
        process.send_signal(signal.SIGINT)

        assert process.wait(20) == 0
    assert answer.text == "locally"


def test_what_an_app_prints_at_import_does_not_spoil_the_ready_line(write_app: WriteApp) -> None:
    with FunctionsHost(write_app('print("I am loaded")\n' + HELLO)) as host:
        assert "I am loaded" in host.logs()


def test_a_running_invocation_may_finish_when_the_host_stops(write_app: WriteApp, eventually: Eventually) -> None:
    app = write_app("""
    @app.route(route="finish")
    async def finish(req: HttpRequest) -> str:
        logging.info("begun")
        await asyncio.sleep(1)
        return "finished"
    """)
    with FunctionsHost(app) as host, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(httpx.get, f"{host.url}/api/finish", timeout=30)
        eventually(lambda: any("begun" in line for line in host.logs()))

        assert host.stop() == 0
        assert answer.result().text == "finished"


def test_a_synchronous_function_that_never_ends_does_not_keep_the_host(
    write_app: WriteApp, eventually: Eventually
) -> None:
    app = write_app("""
    @app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer", run_on_startup=True)
    def endless(timer: TimerRequest) -> None:
        logging.info("begun")
        while True:
            time.sleep(1)
    """)
    with FunctionsHost(app, grace_seconds=1) as host:
        eventually(lambda: any("begun" in line for line in host.logs()))

        assert host.stop() == 3


def test_a_timer_run_may_finish_when_the_host_stops(
    write_app: WriteApp, eventually: Eventually, tmp_path: Path
) -> None:
    app = write_app("""
    @app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer", run_on_startup=True)
    async def finish(timer: TimerRequest) -> None:
        logging.info("begun")
        await asyncio.sleep(1)
        open(os.environ["DONE"], "w").close()
    """)
    with FunctionsHost(app, {"DONE": str(tmp_path / "done")}) as host:
        eventually(lambda: any("begun" in line for line in host.logs()))

        assert host.stop() == 0
    assert (tmp_path / "done").exists()


def test_nothing_is_left_when_the_owner_of_a_host_is_killed(write_app: WriteApp) -> None:
    code = f"""
        import time
        from pathlib import Path
        from emulators.functions import FunctionsHost
        host = FunctionsHost(Path({str(write_app(HELLO))!r})).start()
        print(host.process_id, flush=True)
        time.sleep(600)
    """
    owner_command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(owner_command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.kill()

    waiting = f"import os,time\nfor _ in range(1000):\n os.kill({pid}, 0)\n time.sleep(.02)"
    assert subprocess.run([sys.executable, "-c", waiting], capture_output=True, check=False).returncode != 0


def test_a_killed_host_leaves_its_message_locked_and_another_host_takes_it_up(
    write_app: WriteApp, new_account: Callable[[], str], eventually: Eventually
) -> None:
    app = write_app("""
    @app.queue_trigger(arg_name="message", queue_name="work", connection="AzureWebJobsStorage")
    async def work(message: QueueMessage) -> None:
        logging.info("delivery %s", message.dequeue_count)
        if message.dequeue_count == 1:
            await asyncio.sleep(600)
    """)
    settings = {"AzureWebJobsStorage": new_account()}
    first = FunctionsHost(app, settings, max_polling_ms=100, queue_lock_seconds=2).start()
    QueueClient.from_connection_string(settings["AzureWebJobsStorage"], "work").send_message("eA==")
    eventually(lambda: any("delivery 1" in line for line in first.logs()))
    first.kill()

    with FunctionsHost(app, settings, max_polling_ms=100) as second:
        eventually(lambda: any("delivery 2" in line for line in second.logs()))


def test_stopping_twice_does_no_harm(write_app: WriteApp) -> None:
    host = FunctionsHost(write_app(HELLO)).start()
    pid = host.process_id
    assert pid is not None

    assert host.stop() == 0
    assert host.stop() is None
    assert "Host has stopped" in host.logs()[-1]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_help_explains_every_option() -> None:
    text = subprocess.run(command(Path(), "--help"), capture_output=True, text=True, check=True, cwd=REPOSITORY).stdout

    for option in ("--app", "--port", "--settings", "--keys", "--max-polling-ms", "--grace-seconds", "SIGTERM"):
        assert option in text
