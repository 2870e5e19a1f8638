"""Refusals of writes, as Graph words them now and as it did before."""

import pytest

from emulators.graph import Variants

ADDRESS = "https://graph.microsoft.com/v1.0/directoryObjects/"
ELSEWHERE = "objects that have originated within an external service."


def refused(writer, group, member):
    return writer.error(f"/groups/{group}/members/$ref", "POST", json={"@odata.id": ADDRESS + member})


@pytest.mark.parametrize(
    ("properties", "now"),
    [
        ({"onPremisesSyncEnabled": True}, "currently undergoing migration."),
        ({"mailEnabled": True, "mail": "sales@contoso.com"}, "mail-enabled security groups and or distribution list."),
    ],
)
def test_a_group_that_is_mastered_elsewhere(properties, now, writer, tenant):
    ada = tenant.create_user("Ada")
    group = tenant.create_group("Sales", properties=properties)
    assert refused(writer, group, ada)[:2] == (400, "Request_BadRequest")
    assert refused(writer, group, ada)[2].endswith(now)

    writer.emulator.variants = Variants(refusal_wording="older")

    assert refused(writer, group, ada)[:2] == (400, "Request_BadRequest")
    assert refused(writer, group, ada)[2].endswith(ELSEWHERE)


def test_a_conflict(writer, tenant):
    ada, unit = tenant.create_user("Ada"), tenant.create_administrative_unit("Norway")
    path, body = f"/directory/administrativeUnits/{unit}/members/$ref", {"@odata.id": ADDRESS + ada}
    assert writer.send(path, "POST", json=body).status_code == 204
    assert writer.error(path, "POST", json=body)[:2] == (400, "Request_BadRequest")

    writer.emulator.variants = Variants(refusal_wording="older")

    assert writer.error(path, "POST", json=body)[:2] == (409, "Request_MultipleObjectsWithSameKeyValue")


def test_what_was_always_worded_alike_stays(writer, tenant):
    group = tenant.create_group("Sales")
    before = refused(writer, group, tenant.id)

    writer.emulator.variants = Variants(refusal_wording="older")

    assert refused(writer, group, tenant.id) == before
