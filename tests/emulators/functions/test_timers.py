"""Timer triggers of a hosted app."""

from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

import pytest

from emulators.functions import FunctionsHost

APP = """
@app.timer_trigger(schedule="%EVERY%", arg_name="timer", use_monitor=True)
async def every_second(timer: TimerRequest) -> None:
    logging.info("tick past_due=%s next=%s last=%s", timer.past_due, timer.schedule_status["Next"],
                 timer.schedule_status["Last"])

@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer", run_on_startup=True)
def at_startup(timer: TimerRequest) -> None:
    logging.info("started %s", timer.schedule["AdjustForDST"])

@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer")
def by_hand(timer: TimerRequest) -> None:
    logging.info("by hand")

@app.timer_trigger(schedule="* * * * * *", arg_name="timer")
def switched_off(timer: TimerRequest) -> None:
    logging.info("switched off")

@app.timer_trigger(schedule="* * * * * *", arg_name="timer")
def switched_off_without_dots(timer: TimerRequest) -> None:
    logging.info("switched off without dots")
"""

Eventually = Callable[[Callable[[], Any]], Any]


@pytest.fixture(scope="module")
def host(start_app: Callable[..., FunctionsHost]) -> FunctionsHost:
    off = {"AzureWebJobs.switched_off.Disabled": "1", "AzureWebJobs_switched_off_without_dots_Disabled": "true"}
    return start_app(APP, environment={"EVERY": "*/1 * * * * *", **off})


def lines_of(host: FunctionsHost, function: str) -> list[str]:
    return [line for line in host.logs() if f"[{function}]" in line]


def test_a_timer_fires_by_its_schedule_from_a_setting(host: FunctionsHost, eventually: Eventually) -> None:
    ticks = eventually(lambda: [line for line in lines_of(host, "every_second") if "tick" in line][2:])

    assert "past_due=False" in ticks[0]
    assert "+00:00" in ticks[0].split("next=")[1].split()[0]


def test_a_timer_can_fire_at_startup(host: FunctionsHost, eventually: Eventually) -> None:
    eventually(lambda: any("started True" in line for line in lines_of(host, "at_startup")))


def test_a_timer_fires_by_hand_through_the_admin_api(host: FunctionsHost, eventually: Eventually) -> None:
    assert lines_of(host, "by_hand") == []

    host.invoke_timer("by_hand")

    eventually(lambda: any("by hand" in line for line in lines_of(host, "by_hand")))


def test_an_unknown_timer_cannot_be_fired(host: FunctionsHost) -> None:
    with pytest.raises(HTTPError, match="404"):
        host.invoke_timer("unknown")


def test_a_disabled_timer_does_not_fire(host: FunctionsHost, eventually: Eventually) -> None:
    eventually(lambda: [line for line in lines_of(host, "every_second") if "tick" in line][2:])

    assert lines_of(host, "switched_off") == []
    assert lines_of(host, "switched_off_without_dots") == []


def test_the_ready_line_shows_the_resolved_schedule(host: FunctionsHost) -> None:
    facts = next(facts for facts in host.functions if facts["name"] == "every_second")

    assert facts == {"name": "every_second", "disabled": False, "trigger": "timer", "schedule": "*/1 * * * * *"}
