"""What ``docs/consent.md`` says of each page is what the pages say, and its numbers are the code's."""

from __future__ import annotations

import re
from pathlib import Path

from connector.consent import said
from connector.consent.answers import Reason, Refusal
from connector.consent.pages import Page
from connector.consent.proving import WAITS, Proof
from connector.consent.states import LIFETIME
from connector.consent.using import MOST_A_MINUTE
from connector.permissions import enabled_features, missing
from connector.settings import Settings
from tests.support.consent import environment

DOCUMENT = (Path(__file__).parents[3] / "docs" / "consent.md").read_text()
SETTINGS = Settings.load(environment())


def every_page() -> list[Page]:
    """One of each."""
    some = frozenset({"User.Read.All"})
    lacking = missing(some, enabled_features(SETTINGS))
    proofs = [
        Proof(None, "", ()),
        Proof(frozenset(), "", lacking),
        Proof(some, "", lacking),
        Proof(some, "", ()),
    ]
    alone = (
        said.another_tenant,
        said.nothing_came,
        said.forged,
        said.expired,
        said.another_browser,
        said.consent_elsewhere,
        said.already_used,
        said.storage_failed,
        said.not_arrived,
        said.unreachable,
    )
    return [
        said.settings_wrong(),
        said.not_set_up(["Set it."]),
        said.too_many(3),
        said.cannot_sign_in(SETTINGS, 7000215),
        *(page(SETTINGS) for page in alone),
        *(said.refused(Refusal(reason, None, ""), SETTINGS, trusted=True) for reason in Reason),
        *(said.proved(proof, SETTINGS) for proof in proofs),
    ]


def test_every_page_is_explained_with_its_status() -> None:
    rows = re.findall(r"^\| ([^|]+?) \| (\d{3}) \|", DOCUMENT, re.MULTILINE)

    assert sorted(rows) == sorted((page.title, str(page.status)) for page in every_page())


def test_all_functions_that_make_pages_are_tried_here() -> None:
    makers = {name for name, one in vars(said).items() if getattr(one, "__annotations__", {}).get("return") == "Page"}

    assert len(makers) == 16
    assert len(every_page()) == len(makers) + 2 + 3  # refused is three pages, proved is four


def test_its_numbers_are_those_of_the_code() -> None:
    assert LIFETIME.total_seconds() == 600
    assert "Ten minutes, because" in DOCUMENT
    assert MOST_A_MINUTE == 6
    assert "six times a minute" in DOCUMENT
    assert len(WAITS) + 1 == 4
    assert "up to four tokens" in DOCUMENT
