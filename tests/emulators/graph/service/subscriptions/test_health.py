"""When an endpoint counts as slow, and when it is dropped, by the current and by the older rules."""

import pytest

from emulators.graph.service.subscriptions.health import PROFILES, Endpoint, State


def answered(profile, fast, slow, seconds, at=0.0):
    endpoint = Endpoint()
    for _ in range(fast):
        endpoint.answered(PROFILES[profile], at, 0.1)
    for _ in range(slow):
        endpoint.answered(PROFILES[profile], at, seconds)
    return endpoint


@pytest.mark.parametrize(
    ("profile", "fast", "slow", "seconds", "expected"),
    [
        ("current", 90, 10, 11, State.HEALTHY),
        ("current", 89, 11, 11, State.SLOW),
        ("current", 85, 15, 11, State.SLOW),
        ("current", 84, 16, 11, State.DROP),
        ("current", 0, 1, 11, State.DROP),
        ("current", 0, 9, 9, State.HEALTHY),
        ("older", 80, 19, 3, State.HEALTHY),
        ("older", 90, 11, 3, State.SLOW),
        ("older", 85, 15, 2.95, State.DROP),
        ("older", 0, 200, 2.8, State.HEALTHY),
    ],
)
def test_shares_of_slow_answers(profile, fast, slow, seconds, expected):
    assert answered(profile, fast, slow, seconds).state(PROFILES[profile], 1) is expected


def test_a_slow_endpoint_recovers_when_the_window_has_passed():
    endpoint, rules = answered("current", 8, 1, 11), PROFILES["current"]
    assert endpoint.state(rules, 599) is State.SLOW
    assert endpoint.state(rules, 600) is State.HEALTHY


def test_a_dropped_endpoint_is_tried_again_after_ten_minutes():
    endpoint, rules = answered("current", 0, 1, 11), PROFILES["current"]
    assert endpoint.state(rules, 599) is State.DROP
    assert endpoint.state(rules, 600) is State.HEALTHY
