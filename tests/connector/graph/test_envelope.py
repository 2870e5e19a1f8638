"""Errors arrive in many shapes; reading one never fails."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.graph.envelope import ErrorBody, parse_error
from connector.graph.errors import PremiumLicenseRequired, RequestRefused, refusal

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "code", "message", "innerError", "innererror", "value", "request-id", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(json_values | st.binary(max_size=40))
def test_nothing_that_can_be_sent_breaks_the_reading(body):
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    found = parse_error(raw)
    assert all(isinstance(text, str) for text in (found.code, found.message, found.request_id))
    error = refusal(400, found, "/users?$top=1")
    assert isinstance(error, RequestRefused)
    assert error.advice
    assert str(error)


@pytest.mark.parametrize("inner", ["innerError", "innererror"])
def test_both_spellings_of_the_inner_error(inner):
    body = {"error": {"code": "C", "message": "M", inner: {"request-id": "r"}}}
    assert parse_error(msgspec.json.encode(body)) == ErrorBody("C", "M", "r")


def test_a_message_may_be_an_object():
    assert parse_error({"error": {"code": "C", "message": {"lang": "en", "value": "M"}}}).message == "M"


def test_the_reporting_service_has_an_envelope_of_its_own():
    body = b'{"@odata.context": "x", "value": "Cannot query data for more than 120 users at a time."}'
    assert parse_error(body).message == "Cannot query data for more than 120 users at a time."


@pytest.mark.parametrize(
    ("code", "message", "premium"),
    [
        ("AadPremiumLicenseRequired", "", True),
        ("BadRequest", "The tenant needs an AAD Premium 2 license.", True),
        (
            "BadRequest",
            "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
            True,
        ),
        ("BadRequest", "The filter is not supported for this resource.", False),
        ("RoleAssignmentExists", "Microsoft Entra ID P2", False),
    ],
)
def test_a_missing_license_is_told_by_code_or_message(code, message, premium):
    assert isinstance(refusal(400, ErrorBody(code, message), "/x"), PremiumLicenseRequired) is premium


def test_headers_supply_the_request_id_that_the_body_lacks():
    assert parse_error(b"", {"Request-Id": "r"}) == ErrorBody(request_id="r")


def test_a_page_of_html_does_not_end_up_in_a_message():
    assert len(parse_error({"error": {"code": "C", "message": "x" * 100_000}}).message) <= 1000
