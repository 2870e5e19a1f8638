"""What Entra ID's refusals say, and what to do about each."""

from __future__ import annotations

import pytest

from connector.credentials.aadsts import ADVICE, OF_PROOF, Said, advice, number, said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Authentication failed: AADSTS7000222: The provided client secret keys are expired. Trace ID: 1 Correlation ID: 2",
            Said(7000222, "The provided client secret keys are expired."),
        ),
        (
            "Microsoft Entra ID error '(invalid_client) AADSTS700027: No key.\r\nTrace ID: 1\r\nCorrelation ID: 2'",
            Said(700027, "No key."),
        ),
        ("Authentication failed: something else", Said(None, "something else")),
        ("AADSTS50034: ", Said(50034, "No reason given.")),
        ("", Said(None, "No reason given.")),
    ],
)
def test_its_number_and_its_sentence_are_found(text: str, expected: Said) -> None:
    assert said(text) == expected


def test_what_cannot_be_a_number_of_theirs_is_none() -> None:
    assert number("AADSTS" + "9" * 5000) is None


@pytest.mark.parametrize("code", [*ADVICE, 1, None])
def test_every_number_has_advice_about_what_was_used(code: int | None) -> None:
    told = advice(code, "connector in Key Vault contoso-kv.vault.azure.net")

    assert told.endswith(".")
    assert "{" not in told
    if code in OF_PROOF or code is None:
        assert "connector in Key Vault contoso-kv.vault.azure.net" in told
