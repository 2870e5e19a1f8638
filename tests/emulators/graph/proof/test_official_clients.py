"""Microsoft's own clients cannot tell the emulator from the real one: they are given its address and its CA, nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import import_module
from typing import Any, TypeVar

import httpx
import pytest
from azure.identity.aio import ClientSecretCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph.generated.directory_objects.get_by_ids.get_by_ids_post_request_body import GetByIdsPostRequestBody
from msgraph.generated.models.directory_role import DirectoryRole
from msgraph.generated.models.group import Group
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.service_principal import ServicePrincipal
from msgraph.generated.models.user import User
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory
from msgraph_core.tasks.page_iterator import PageIterator

from emulators.graph import Fault, GraphEmulator
from emulators.graph.tenant.state import Rel

Made = TypeVar("Made")
Talk = Callable[[GraphServiceClient], Awaitable[Made]]
UsersQuery = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters


@contextlib.asynccontextmanager
async def official(emulator: GraphEmulator) -> AsyncIterator[GraphServiceClient]:
    tls = ssl.create_default_context(cafile=emulator.ca_file)
    credential = ClientSecretCredential(
        emulator.tenant.id,
        emulator.client_id,
        emulator.client_secret,
        authority=emulator.authority,
        disable_instance_discovery=True,
        connection_verify=emulator.ca_file,
    )
    async with credential, httpx.AsyncClient(verify=tls) as plain:
        http = GraphClientFactory.create_with_default_middleware(client=plain)
        scopes = ["https://graph.microsoft.com/.default"]
        provider = AzureIdentityAuthenticationProvider(credential, scopes=scopes, allowed_hosts=["localhost"])
        adapter = GraphRequestAdapter(provider, client=http)
        adapter.base_url = emulator.base_url
        yield GraphServiceClient(request_adapter=adapter)


def talk(emulator: GraphEmulator, conversation: Talk[Made]) -> Made:
    async def run() -> Made:
        async with official(emulator) as client:
            return await conversation(client)

    return asyncio.run(run())


def living(emulator: GraphEmulator, type_name: str) -> set[str]:
    rows = emulator.tenant.db.execute("SELECT id FROM objects WHERE type = ? AND deleted IS NULL", (type_name,))
    return {identifier for (identifier,) in rows}


def test_models_and_the_page_iterator(emulator):
    async def read(client: GraphServiceClient) -> list[User]:
        query = UsersQuery(
            select=["id", "displayName", "accountEnabled", "createdDateTime", "licenseAssignmentStates"], top=7
        )
        first = await client.users.get(RequestConfiguration(query_parameters=query))
        found: list[User] = []

        def keep(user: User) -> bool:
            found.append(user)
            return True

        await PageIterator(first, client.request_adapter).iterate(keep)
        return found

    users = talk(emulator, read)
    assert {user.id for user in users} == living(emulator, "user")
    assert len(users) == len(living(emulator, "user"))
    assert all(isinstance(user.account_enabled, bool) for user in users)
    assert all(user.created_date_time and user.created_date_time.tzinfo for user in users)
    states = [state for user in users for state in user.license_assignment_states or ()]
    assert states
    assert all(state.sku_id and state.state for state in states)


def test_members_become_models_of_their_own_type(emulator):
    async def read(client: GraphServiceClient) -> dict[str, type]:
        groups = await client.groups.get()
        assert groups is not None
        found: dict[str, type] = {}
        for group in groups.value or ():
            members = await client.groups.by_group_id(group.id or "").members.get()
            assert members is not None
            found |= {member.id or "": type(member) for member in members.value or ()}
        return found

    kinds = talk(emulator, read)
    assert {User, Group, ServicePrincipal} <= set(kinds.values())
    assert {identifier for identifier, kind in kinds.items() if kind is User} <= living(emulator, "user")


def test_casts_counts_and_advanced_queries(emulator):
    async def read(client: GraphServiceClient) -> tuple[int | None, int | None, list[str]]:
        configuration = RequestConfiguration(
            query_parameters=UsersQuery(filter="startsWith(displayName,'A')", count=True, orderby=["displayName"])
        )
        configuration.headers.add("ConsistencyLevel", "eventual")
        page = await client.users.get(configuration)
        count = RequestConfiguration[Any]()
        count.headers.add("ConsistencyLevel", "eventual")
        assert page is not None
        names = [user.display_name or "" for user in page.value or ()]
        return await client.users.count.get(count), page.odata_count, names

    everyone, counted, names = talk(emulator, read)
    assert everyone == len(living(emulator, "user"))
    assert counted == len(names)
    assert names == sorted(names, key=str.casefold)
    assert all(name.startswith("A") for name in names)


def test_delta_rounds(emulator, tenant):
    async def begin(client: GraphServiceClient) -> tuple[set[str | None], str]:
        page = await client.users.delta.get()
        found: set[str | None] = set()
        while page is not None:
            found |= {user.id for user in page.value or ()}
            if page.odata_delta_link:
                return found, page.odata_delta_link
            page = await client.users.delta.with_url(page.odata_next_link or "").get()
        raise AssertionError("a round ends with a delta link")

    async def go_on(client: GraphServiceClient, link: str) -> list[User]:
        page = await client.users.delta.with_url(link).get()
        assert page is not None
        return list(page.value or ())

    everyone, link = talk(emulator, begin)
    assert everyone == living(emulator, "user")
    made = tenant.create_user("Newcomer")
    tenant.delete_user(made)
    kept = tenant.create_user("Successor")
    changed = {user.id: user for user in talk(emulator, lambda client: go_on(client, link))}
    assert changed[kept].display_name == "Successor"
    assert changed[made].additional_data["@removed"] == {"reason": "changed"}


def test_writing_and_reading_back(emulator):
    async def write(client: GraphServiceClient) -> tuple[User | None, Group | None, list[str | None], str]:
        profile = PasswordProfile(password="Correct-Horse-1", force_change_password_next_sign_in=True)
        domain = emulator.tenant.fact("domain")
        wanted = User(
            account_enabled=True,
            display_name="Grace",
            mail_nickname="grace",
            user_principal_name=f"grace@{domain}",
            password_profile=profile,
        )
        user = await client.users.post(wanted)
        group = await client.groups.post(
            Group(display_name="Navy", mail_enabled=False, mail_nickname="navy", security_enabled=True, group_types=[])
        )
        assert user is not None
        assert group is not None
        reference = ReferenceCreate(odata_id=f"https://graph.microsoft.com/v1.0/directoryObjects/{user.id}")
        members = client.groups.by_group_id(group.id or "").members
        await members.ref.post(reference)
        listed = await members.get()
        await client.users.by_user_id(user.id or "").patch(User(job_title="Admiral"))
        select = ["id", "jobTitle"]
        query = RequestConfiguration(query_parameters=UsersQuery(select=select))
        read = await client.users.by_user_id(user.id or "").get(query)  # type: ignore[arg-type]
        await members.by_directory_object_id(user.id or "").ref.delete()
        await client.users.by_user_id(user.id or "").delete()
        assert listed is not None
        return read, group, [member.id for member in listed.value or ()], user.id or ""

    user, group, members, identifier = talk(emulator, write)
    assert user is not None
    assert user.job_title == "Admiral"
    assert members == [identifier]
    assert group is not None
    group_key, tenant = emulator.tenant.find(group.id or "").key, emulator.tenant
    assert (
        tenant.db.execute("SELECT 1 FROM edges WHERE rel = ? AND source = ?", (Rel.MEMBER, group_key)).fetchall() == []
    )
    assert identifier not in living(emulator, "user")


def test_lookups_become_models(emulator):
    wanted = [sorted(living(emulator, kind))[0] for kind in ("user", "group", "servicePrincipal")]

    async def read(client: GraphServiceClient) -> tuple[list[type], list[DirectoryRole]]:
        found = await client.directory_objects.get_by_ids.post(GetByIdsPostRequestBody(ids=wanted))
        roles = await client.directory_roles.get()
        assert found is not None
        assert roles is not None
        return [type(one) for one in found.value or ()], list(roles.value or ())

    kinds, roles = talk(emulator, read)
    assert set(kinds) == {User, Group, ServicePrincipal}
    assert all(role.role_template_id for role in roles)


def test_refusals_become_errors_of_the_official_type(emulator):
    async def read(client: GraphServiceClient) -> None:
        await client.users.by_user_id("11111111-2222-3333-4444-555555555555").get()

    with pytest.raises(ODataError) as caught:
        talk(emulator, read)
    assert caught.value.response_status_code == 404
    error = caught.value.error
    assert error is not None
    assert error.code == "Request_ResourceNotFound"
    assert error.inner_error is not None
    assert error.inner_error.request_id


def test_the_official_middleware_waits_and_tries_again(emulator):
    emulator.fail(Fault(path="/organization", status=429, retry_after=1))

    async def read(client: GraphServiceClient) -> str | None:
        found = await client.organization.get()
        assert found is not None
        return (found.value or [])[0].id

    assert talk(emulator, read) == emulator.tenant.id
    assert emulator.faults.waiting() == []


def test_batches_of_the_official_client(emulator):
    pytest.importorskip("deprecated", reason="msgraph-core does not declare what its batch classes import")
    package = "msgraph_core.requests"
    builder = import_module(f"{package}.batch_request_builder").BatchRequestBuilder
    content_type = import_module(f"{package}.batch_request_content").BatchRequestContent
    item_type = import_module(f"{package}.batch_request_item").BatchRequestItem

    async def read(client: GraphServiceClient) -> dict[str, tuple[int | None, Any]]:
        adapter = client.request_adapter
        content = content_type()
        users, groups = client.users.to_get_request_information(), client.groups.to_get_request_information()
        missing = client.users.by_user_id("11111111-2222-3333-4444-555555555555").to_get_request_information()
        for identifier, information in (("users", users), ("groups", groups), ("missing", missing)):
            item = item_type(request_information=information)
            item.id = identifier
            content.add_request(identifier, item)
        answered = await builder(adapter).post(content)
        return {name: (one.status, one.body) for name, one in answered.responses.items()}

    answers = talk(emulator, read)
    assert {name: status for name, (status, _) in answers.items()} == {"users": 200, "groups": 200, "missing": 404}
