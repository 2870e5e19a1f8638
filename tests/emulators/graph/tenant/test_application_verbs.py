"""Applications: roles, consents, provisioning, and the table of verbs."""

from __future__ import annotations

import inspect
import json

import pytest

from emulators.graph.tenant.errors import AlreadyExists, NotAllowed, NotFound
from emulators.graph.tenant.verbs import VERBS

ROLE = "11111111-2222-3333-4444-555555555555"


def test_an_app_role_is_given_once_and_taken_back(tenant):
    user = tenant.create_user("Adele")
    app = tenant.create_service_principal("App", properties={"appRoles": [{"id": ROLE, "value": "Reader"}]})

    assignment = tenant.assign_app_role(user, app, ROLE)
    with pytest.raises(AlreadyExists):
        tenant.assign_app_role(user, app, ROLE)
    tenant.remove_app_role_assignment(assignment)
    with pytest.raises(NotFound):
        tenant.remove_app_role_assignment(assignment)


def test_a_role_that_is_not_declared_cannot_be_given(tenant):
    with pytest.raises(NotAllowed):
        tenant.assign_app_role(tenant.create_user("Adele"), tenant.create_service_principal("App"), ROLE)


def test_the_connector_is_registered_and_may_read_everything(tenant):
    rows = tenant.db.execute(
        "SELECT a.app_role_id FROM app_role_assignments a JOIN objects p ON p.key = a.principal "
        "JOIN objects r ON r.key = a.resource WHERE json_extract(p.body, '$.appId') = ? "
        "AND json_extract(r.body, '$.appId') = '00000003-0000-0000-c000-000000000000'",
        (tenant.client_id,),
    ).fetchall()

    assert ("df021288-bdef-4463-88db-98f22de89214",) in rows  # User.Read.All
    assert tenant.seq == 1


def test_permissions_of_graph_are_granted_by_name(tenant):
    app = tenant.create_service_principal("App")

    tenant.grant_permissions(app, ["Mail.Send"])

    with pytest.raises(NotFound):
        tenant.grant_permissions(app, ["No.Such.Permission"])


def test_consents_come_and_go(tenant):
    app, graph = tenant.create_service_principal("App"), tenant.create_service_principal("API")

    grant = tenant.create_oauth2_grant(app, graph, "User.Read")
    body = json.loads(tenant.db.execute("SELECT body FROM oauth2_permission_grants").fetchone()[0])
    assert (body["consentType"], body["principalId"]) == ("AllPrincipals", None)

    tenant.delete_oauth2_grant(grant)
    with pytest.raises(NotFound):
        tenant.delete_oauth2_grant(grant)


def test_verbs_take_and_give_json(tenant):
    user = VERBS["create_user"](tenant, display_name="Adele", properties={"department": "IT"})
    group = VERBS["create_group"](tenant, display_name="Sales")

    assert VERBS["add_member"](tenant, group_id=group, member_id=user) is None
    assert json.loads(json.dumps([user, group])) == [user, group]


def test_verbs_can_be_called_by_keyword_alone():
    for name, verb in VERBS.items():
        kinds = {parameter.kind for parameter in inspect.signature(verb).parameters.values()}
        assert kinds <= {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}, name
        assert inspect.getdoc(verb), name
