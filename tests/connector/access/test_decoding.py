"""A field that is not as documented costs that field, never the page."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.access.accounts import User, account, license_states
from connector.access.collections import Collection
from connector.access.decoding import NotJson, decode

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
field_names = st.sampled_from([field.encode_name for field in msgspec.structs.fields(User)])


@given(st.lists(st.dictionaries(field_names, json_values, max_size=5), max_size=4))
def test_whatever_users_look_like_those_with_an_id_are_kept_and_become_rows(users):
    page = decode(msgspec.json.encode({"value": users}), Collection[User])
    assert [user.id for user in page.value] == [user["id"] for user in users if isinstance(user.get("id"), str)]
    for user in page.value:
        msgspec.json.encode([account(user), *license_states(user)])


def test_what_is_as_documented_survives_beside_what_is_not():
    body = b'{"value": [{"id": "u", "accountEnabled": "yes", "department": "Sales", "manager": {"id": "m"}}]}'
    (user,) = decode(body, Collection[User]).value
    assert (user.account_enabled, user.department, user.manager and user.manager.id) == (None, "Sales", "m")


def test_new_fields_and_new_enum_values_do_not_matter():
    (user,) = decode(b'{"value": [{"id": "u", "userType": "Robot", "newField": {}}], "x": 1}', Collection[User]).value
    assert user.user_type == "Robot"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"x"', b"{", b"\xff\xfe"])
def test_what_is_no_object_is_refused(body):
    with pytest.raises(NotJson):
        decode(body, Collection[User])
