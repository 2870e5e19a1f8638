"""Principals and resources are found by what people know of them."""

from __future__ import annotations

import pytest

from connector.query.errors import Ambiguous, NotFound
from connector.query.find import find, find_held, find_principal
from connector.query.snapshot import Snapshot
from tests.support.contoso import E5, GLOBAL_ADMINISTRATOR


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("a-anna", "account", "a-anna"),
        ("anna@contoso.com", "account", "a-anna"),
        ("ANNA@Contoso.COM", "account", "a-anna"),
        ("Anna Berg", "account", "a-berg"),
        ("anna a", "account", "a-anna"),
        ("bob@fabrikam.com", "account", "a-bob"),
        ("  Bob ", "account", "a-bob"),
        ("app-crm", "enterprise_application", "e-crm"),
        ("global admin", "directory_role", GLOBAL_ADMINISTRATOR),
        (GLOBAL_ADMINISTRATOR.upper(), "directory_role", GLOBAL_ADMINISTRATOR),
        ("spe_e5", "license", E5),
        ("group:g-sales:member", "entitlement", "group:g-sales:member"),
    ],
)
def test_by_id_name_or_beginning(contoso: Snapshot, text: str, kind: str, found: str) -> None:
    subject = find(contoso, text)

    assert (subject.kind, subject.id) == (kind, found)


def test_an_exact_name_wins_over_one_that_begins_so(contoso: Snapshot) -> None:
    assert find(contoso, "Sales").id == "g-sales"
    assert find(contoso, "sales").id == "g-sales"


def test_several_that_begin_so_are_listed(contoso: Snapshot) -> None:
    with pytest.raises(Ambiguous) as ambiguity:
        find_principal(contoso, "anna")

    assert [(one.kind, one.name, one.detail, one.id) for one in ambiguity.value.candidates] == [
        ("account", "Anna Andersson", "anna@contoso.com", "a-anna"),
        ("account", "Anna Berg", "anna.berg@contoso.com", "a-berg"),
    ]
    assert ambiguity.value.total == 2


@pytest.mark.parametrize("text", ["nobody", "", "   ", "%", "_nna", "' OR true --"])
def test_what_is_not_there_is_not_found(contoso: Snapshot, text: str) -> None:
    with pytest.raises(NotFound):
        find(contoso, text)


def test_a_resource_is_no_principal_and_the_error_says_whom_to_ask(contoso: Snapshot) -> None:
    with pytest.raises(NotFound, match="It is a directory role: ask `holders` instead"):
        find_principal(contoso, "Global Administrator")
    with pytest.raises(NotFound, match="It is an account: ask `access` instead"):
        find_held(contoso, "bob")


def test_entitlements_answer_to_their_ids_only(contoso: Snapshot) -> None:
    with pytest.raises(NotFound):
        find(contoso, "Owner")


def test_who_changes_something_has_to_name_it_in_full(contoso: Snapshot) -> None:
    assert find(contoso, "sales emea", ["group"], whole=True).id == "g-emea"
    with pytest.raises(NotFound, match=r"^No group is called 'Sales E'\. Did you mean 'Sales EMEA'\?"):
        find(contoso, "Sales E", ["group"], whole=True)
    with pytest.raises(NotFound, match="Give an id"):
        find(contoso, "Bob", ["group"], whole=True)
