"""Pages: whole documents that show what they are given as text, and let nothing run."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from connector.consent.pages import Listing, Page

HOSTILE = """</p><script>alert(1)</script><img src=x onerror=alert(1)>'"&`$title${body}"""


class Reading(HTMLParser):
    """The elements and the text of a document."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.text = ""
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes |= {f"{tag}.{name}": value for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def page(**changed: object) -> Page:
    values: dict[str, object] = {"name": "n", "status": 200, "title": "Title", "says": ("One `code` here.",)}
    return Page(**(values | changed))  # type: ignore[arg-type]


def test_a_page_says_its_language_and_title_and_has_one_heading() -> None:
    read = Reading(page().html)

    assert page().html.startswith("<!DOCTYPE html>")
    assert read.attributes["html.lang"] == "en"
    assert read.attributes["meta.content"] == "width=device-width, initial-scale=1"
    assert [read.elements.count(one) for one in ("title", "main", "h1", "code", "script")] == [1, 1, 1, 1, 0]


def test_the_style_is_the_only_thing_that_the_policy_allows() -> None:
    style = re.search("<style>(.*?)</style>", page().html, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = dict(one.strip().split(" ", 1) for one in page().headers["Content-Security-Policy"].split(";"))

    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


def test_nobody_keeps_frames_or_guesses_a_page() -> None:
    headers = page().headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert "Retry-After" not in headers
    assert page(retry_after=7).headers["Retry-After"] == "7"


def test_what_others_say_is_text_and_never_code() -> None:
    read = Reading(page(quoted="`x` " + HOSTILE).html)

    assert read.elements.count("code") == 1  # our own
    assert HOSTILE in read.text


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_whatever_is_put_anywhere_adds_no_element(text: str) -> None:
    hostile = text + HOSTILE
    filled = page(
        title=hostile,
        says=(hostile.replace("`", ""),),
        quoted=hostile,
        listings=(Listing(hostile.replace("`", ""), (hostile.replace("`", ""),)),),
        again=hostile,
    )
    harmless = page(title="x", says=("x",), quoted="x", listings=(Listing("x", ("x",)),), again="x")

    assert Reading(filled.html).elements == Reading(harmless.html).elements
    assert set(Reading(filled.html).attributes) == set(Reading(harmless.html).attributes)


def test_a_list_of_nothing_is_left_out() -> None:
    assert "Heading" not in page(listings=(Listing("Heading", ()),)).html
