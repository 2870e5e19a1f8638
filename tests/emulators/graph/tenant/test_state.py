"""The store under everything: transactions, the sequence, two threads at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from emulators.graph.tenant.errors import NotFound
from emulators.graph.tenant.tenant import Tenant


def test_a_transaction_is_all_or_nothing(tenant):
    before = "\n".join(tenant.db.iterdump())

    def fail_halfway() -> None:
        with tenant.transaction():
            tenant.create_user("Adele")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()

    assert "\n".join(tenant.db.iterdump()) == before


def test_every_change_has_a_number_of_its_own(tenant):
    first = tenant.next_seq()

    assert tenant.next_seq() == first + 1
    assert tenant.seq == first + 1


def test_threads_take_turns(tenant):
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda number: tenant.create_user(f"User {number}"), range(60)))

    assert len(set(made)) == 60
    assert tenant.db.execute("SELECT COUNT(*) FROM objects WHERE type = 'user'").fetchone() == (60,)


def test_the_same_calls_make_the_same_tenant():
    def made() -> str:
        tenant = Tenant.empty(seed=3)
        tenant.add_member(tenant.create_group("G"), tenant.create_user("U"))
        return "\n".join(tenant.db.iterdump())

    assert made() == made()


def test_facts(tenant):
    assert tenant.fact("entra_id_p2") == "true"
    tenant.set_fact("entra_id_p2", "false")
    assert tenant.fact("entra_id_p2") == "false"
    with pytest.raises(KeyError):
        tenant.fact("no such fact")


def test_ids_are_found_whatever_their_case(tenant):
    user = tenant.create_user("Adele")

    assert tenant.find(user.upper()).id == user
    with pytest.raises(NotFound):
        tenant.find(user, "group")
