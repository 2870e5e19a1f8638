"""States: what is signed here comes back whole, for one tenant and browser, for ten minutes; nothing else ever counts."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.consent.states import (
    LIFETIME,
    StateExpired,
    StateForged,
    StateOfAnotherBrowser,
    StateOfAnotherTenant,
    StateRefused,
    States,
)

KEY = "0123456789abcdef0123456789abcdef"
TENANT = "0785ef7c-2d7a-4542-b048-95bcab406e0b"
OTHER_TENANT = "1c5ff1d1-3d0f-4f0e-8a4e-6e5a7a4b7b10"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
STATES = States(KEY, TENANT)
SIGNED = STATES.sign("browser", NOON)


def test_what_is_signed_comes_back() -> None:
    state = STATES.read(SIGNED, "browser", NOON)

    assert state.expires_at == NOON + LIFETIME
    assert len(bytes.fromhex(state.nonce)) == 18


def test_each_is_another_and_none_shows_its_browser() -> None:
    nonces = {STATES.read(STATES.sign("browser", NOON), "browser", NOON).nonce for _ in range(20)}

    assert len(nonces) == 20
    assert b"browser" not in base64.urlsafe_b64decode(SIGNED)


def test_it_counts_to_the_last_moment_and_no_longer() -> None:
    STATES.read(SIGNED, "browser", NOON + LIFETIME - timedelta(microseconds=1))

    with pytest.raises(StateExpired):
        STATES.read(SIGNED, "browser", NOON + LIFETIME)


@pytest.mark.parametrize("browser", ["", "another", "Browser", "browser ", "\ud800"])
def test_another_browser_cannot_bring_it(browser: str) -> None:
    with pytest.raises(StateOfAnotherBrowser):
        STATES.read(SIGNED, browser, NOON)


def test_a_deployment_of_another_tenant_with_the_same_key_refuses_it() -> None:
    with pytest.raises(StateOfAnotherTenant):
        States(KEY, OTHER_TENANT).read(SIGNED, "browser", NOON)


def test_another_key_does_not_know_it() -> None:
    with pytest.raises(StateForged):
        States(KEY + "!", TENANT).read(SIGNED, "browser", NOON)


def test_the_key_itself_signs_nothing() -> None:
    """Who gets something else signed with the setting has no state by that."""
    import hashlib
    import hmac

    signed = base64.urlsafe_b64decode(SIGNED)[:-32]
    forged = base64.urlsafe_b64encode(signed + hmac.digest(KEY.encode(), signed, hashlib.sha256)).decode()

    with pytest.raises(StateForged):
        STATES.read(forged, "browser", NOON)


@pytest.mark.parametrize("place", range(0, len(SIGNED), 7))
def test_one_changed_character_is_enough(place: int) -> None:
    other = "A" if SIGNED[place] != "A" else "B"

    with pytest.raises(StateForged):
        STATES.read(SIGNED[:place] + other + SIGNED[place + 1 :], "browser", NOON)


@pytest.mark.parametrize(
    "text", ["", "=", SIGNED[:-1], SIGNED + "=", SIGNED + "A", SIGNED + "\n", f"{SIGNED},{SIGNED}", " " + SIGNED[1:]]
)
def test_what_is_cut_or_longer_is_none(text: str) -> None:
    with pytest.raises(StateForged):
        STATES.read(text, "browser", NOON)


@given(
    st.one_of(
        st.text(),
        st.binary().map(lambda data: data.decode("latin-1")),
        st.binary(min_size=108, max_size=108).map(lambda data: base64.urlsafe_b64encode(data).decode()),
        st.text("-_AZaz09+/= ", min_size=144, max_size=144),
    ),
    st.text(),
)
def test_nothing_that_was_not_signed_ever_counts(text: str, browser: str) -> None:
    with pytest.raises(StateRefused):
        STATES.read(text, browser, NOON)


@given(st.integers(0, 107), st.integers(1, 255), st.text())
def test_no_byte_can_be_another(place: int, difference: int, browser: str) -> None:
    data = bytearray(base64.urlsafe_b64decode(SIGNED))
    data[place] ^= difference

    with pytest.raises(StateForged):
        STATES.read(base64.urlsafe_b64encode(data).decode(), browser, NOON)
