"""Route templates, and which paths they fit."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.functions.routes import Route


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("sync", "sync", {}),
        ("sync", "SYNC/", {}),
        ("sync", "sync/now", None),
        ("accounts/{id}", "accounts/42", {"id": "42"}),
        ("accounts/{id}", "accounts", None),
        ("accounts/{id?}", "accounts", {}),
        ("accounts/{id?}", "accounts/42", {"id": "42"}),
        ("accounts/{id=me}", "accounts", {"id": "me"}),
        ("files/{*path}", "files/a/b/c", {"path": "a/b/c"}),
        ("files/{*path}", "files", {}),
        ("files/{*path}", "files/a%2Fb", {"path": "a/b"}),
        ("report.{format}", "report.csv", {"format": "csv"}),
        ("{from}-{to}", "1-2", {"from": "1", "to": "2"}),
        ("a/{id}", "a/x%20y", {"id": "x y"}),
        ("", "", {}),
        ("", "x", None),
        ("x/{id:int}", "x/-7", {"id": "-7"}),
        ("x/{id:int}", "x/2147483648", None),
        ("x/{id:long}", "x/2147483648", {"id": "2147483648"}),
        ("x/{id:int}", "x/seven", None),
        ("x/{id:guid}", "x/d0f1b1f6-8a0f-4c2e-9a51-6a2d9d6d5d5e", {"id": "d0f1b1f6-8a0f-4c2e-9a51-6a2d9d6d5d5e"}),
        ("x/{id:guid}", "x/1", None),
        ("x/{id:bool}", "x/True", {"id": "True"}),
        ("x/{id:alpha:maxlength(3)}", "x/abc", {"id": "abc"}),
        ("x/{id:alpha:maxlength(3)}", "x/abcd", None),
        ("x/{id:length(2,3)}", "x/a", None),
        ("x/{id:length(2)}", "x/ab", {"id": "ab"}),
        ("x/{id:minlength(2)}", "x/a", None),
        ("x/{id:range(1,9)}", "x/9", {"id": "9"}),
        ("x/{id:range(1,9)}", "x/10", None),
        ("x/{id:min(5)}", "x/4", None),
        ("x/{id:max(5)?}", "x", {}),
    ],
)
def test_which_paths_fit(template: str, path: str, expected: dict[str, str] | None) -> None:
    assert Route.parse(template).match(path) == expected


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("a/{id", "is not a parameter that is supported"),
        ("a//b", "empty segment"),
        ("{id}/{id}", "names a parameter twice"),
        ("{*rest}/x", "must come last"),
        ("a/{id?}/x", "optional parameter must come last"),
        ("x{*rest}", "segment of its own"),
        ("{a}{b}", "need text between them"),
        ("{id:float}", "constraint 'float' is not supported"),
        ("{id:length(x)}", "constraint 'length' is not supported"),
    ],
)
def test_what_is_wrong_with_a_template_is_said(template: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Route.parse(template)


def test_the_more_specific_route_comes_first() -> None:
    templates = ["{*rest}", "x/{id}", "x/{id:int}", "x/new", "x/report-{id}"]

    ordered = sorted((Route.parse(template) for template in templates), key=lambda route: route.precedence)

    assert [route.template for route in ordered] == ["x/new", "x/report-{id}", "x/{id:int}", "x/{id}", "{*rest}"]


@given(st.text(min_size=1).filter(lambda text: "\x00" not in text))
def test_any_text_comes_through_a_parameter_unharmed(text: str) -> None:
    assert Route.parse("items/{name}/edit").match(f"items/{quote(text, safe='')}/edit") == {"name": text}


@given(st.lists(st.text("abc/.-", min_size=1, max_size=5)))
def test_a_rest_parameter_takes_every_path_below(parts: list[str]) -> None:
    path = "/".join(parts).strip("/")

    assert Route.parse("files/{*path}").match(f"files/{path}") == ({"path": path} if path else {})
