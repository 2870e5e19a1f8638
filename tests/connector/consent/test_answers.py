"""What Microsoft Entra ID says: a refusal counts first, whatever else stands beside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.consent.answers import Consented, NoAnswer, Reason, Refusal, read_answer

TENANT = "0785ef7c-2d7a-4542-b048-95bcab406e0b"
DECLINED = (
    "AADSTS65004: The resource owner or authorization server denied the request.\r\n"
    "Trace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333\r\nCorrelation ID: x\r\nTimestamp: 2019-09-24 18:34:26Z"
)


def test_consent_names_a_tenant() -> None:
    assert read_answer({"admin_consent": "True", "tenant": TENANT, "state": "s"}) == Consented(TENANT)


def test_the_newer_endpoint_refuses_beside_its_yes() -> None:
    answer = read_answer({"admin_consent": "True", "error": "consent_required", "error_description": DECLINED})

    said = "AADSTS65004: The resource owner or authorization server denied the request."
    assert answer == Refusal(Reason.CANCELLED, 65004, said)


@pytest.mark.parametrize(
    "params",
    [
        {"error": "permission_denied", "error_description": "The admin canceled the request"},
        {"error": "access_denied", "error_subcode": "cancel"},
    ],
)
def test_the_older_endpoint_refuses_in_words_of_its_own(params: dict[str, str]) -> None:
    answer = read_answer(params | {"tenant": TENANT, "admin_consent": "True"})

    assert isinstance(answer, Refusal)
    assert (answer.reason, answer.code) == (Reason.CANCELLED, None)


@pytest.mark.parametrize("code", [90093, 90094])
def test_who_is_no_administrator_is_told_so(code: int) -> None:
    answer = read_answer({"error": "access_denied", "error_description": f"AADSTS{code}: no."})

    assert answer == Refusal(Reason.NOT_ADMINISTRATOR, code, f"AADSTS{code}: no.")


@pytest.mark.parametrize(
    "params",
    [
        {"error": "server_error", "error_description": "AADSTS90033: A transient error has occurred."},
        {"error": ""},
        {"error_description": "x"},
        {"error_subcode": "cancel"},
    ],
)
def test_any_other_error_is_a_refusal_too(params: dict[str, str]) -> None:
    answer = read_answer({"admin_consent": "True", "tenant": TENANT} | params)

    assert isinstance(answer, Refusal)
    assert answer.reason is Reason.OTHER


@pytest.mark.parametrize(
    "params",
    [{}, {"state": "s"}, {"admin_consent": "True"}, {"admin_consent": "False", "tenant": TENANT}, {"tenant": TENANT}],
)
def test_without_either_nothing_was_said(params: dict[str, str]) -> None:
    assert read_answer(params) == NoAnswer()


@given(st.text(), st.text())
def test_whatever_is_said_is_short_and_steers_nothing(error: str, description: str) -> None:
    answer = read_answer({"error": error, "error_description": description})

    assert isinstance(answer, Refusal)
    assert len(answer.stated) <= 500
    assert answer.stated.isprintable()
