"""The connector signs in with whatever is configured, and says what is wrong where it cannot."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.credentials import SignIn, open_credential
from connector.credentials.errors import (
    CertificatePasswordWrong,
    CertificateUnreadable,
    CredentialProblem,
    ManagedIdentityUnavailable,
    SignInRefused,
    SignInUnreachable,
    TokenFileUnreadable,
)
from connector.credentials.tls import trust
from connector.graph.tokens import graph_scope, told_by
from connector.settings import Auth, Settings
from emulators.graph import Fault, GraphEmulator
from emulators.graph.external_issuer import ExternalIssuer
from emulators.graph.service.audiences import version_2_issuer
from tests.connector.credentials.conftest import Load, new_identity
from tests.support.certificates import Made

SUBJECT = "system:serviceaccount:access:connector"


def using(settings: Settings, work: Callable[[SignIn], Any]) -> Any:
    """What ``work`` makes of the credential of these settings."""

    async def run() -> Any:
        async with open_credential(settings, trust(settings.ca_file)) as credential:
            return await work(credential)

    return asyncio.run(run())


def sign_in(settings: Settings) -> tuple[SignIn, str]:
    """The credential after signing in, and its token."""

    async def work(credential: SignIn) -> tuple[SignIn, str]:
        return credential, (await credential.get_token(graph_scope(settings))).token

    return using(settings, work)  # type: ignore[no-any-return]


def problem_of(settings: Settings) -> CredentialProblem:
    with pytest.raises(CredentialProblem) as raised:
        sign_in(settings)
    assert raised.value.advice
    return raised.value


def reads(graph: GraphEmulator, token: str) -> bool:
    return told_by(token).tenant_id == graph.tenant.id and told_by(token).permissions is not None


# --- secrets


def test_a_secret_of_a_setting(graph: GraphEmulator, load: Load) -> None:
    credential, token = sign_in(load(ENTRA_CLIENT_SECRET=graph.client_secret))

    assert reads(graph, token)
    assert credential.auth is Auth.CLIENT_SECRET
    assert credential.described == "client secret from ENTRA_CLIENT_SECRET"
    assert credential.expires_at is None


@pytest.mark.parametrize(
    ("given", "code", "advice"),
    [
        ({"ENTRA_CLIENT_SECRET": "some-wrong-secret"}, 7000215, "into ENTRA_CLIENT_SECRET"),
        ({"ENTRA_CLIENT_ID": "8b6bcd9f-6a2b-4d59-a0f2-5f5c8e1b9a11"}, 700016, "No application with ENTRA_CLIENT_ID"),
        ({"ENTRA_TENANT_ID": "1b6bcd9f-6a2b-4d59-a0f2-5f5c8e1b9a11"}, 90002, "There is no tenant ENTRA_TENANT_ID"),
    ],
)
def test_a_wrong_setting_is_named(
    graph: GraphEmulator, load: Load, given: dict[str, str], code: int, advice: str
) -> None:
    problem = problem_of(load({"ENTRA_CLIENT_SECRET": graph.client_secret}, **given))

    assert isinstance(problem, SignInRefused)
    assert problem.code == code
    assert advice in problem.advice
    assert "some-wrong-secret" not in str(problem)
    assert graph.client_secret not in str(problem)
    assert "Trace ID" not in str(problem)


def test_an_expired_secret(graph: GraphEmulator, load: Load) -> None:
    over = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    graph.tenant.add_client_secret("old", ends_at=over)

    problem = problem_of(load(ENTRA_CLIENT_SECRET="old"))

    assert isinstance(problem, SignInRefused)
    assert problem.code == 7000222
    assert "has expired. Make a new one in the app registration and put its value into ENTRA_CLIENT_SECRET" in str(
        problem
    )


@pytest.mark.usefixtures("impatient")
def test_an_endpoint_that_is_not_there(load: Load) -> None:
    problem = problem_of(load(ENTRA_CLIENT_SECRET="x", ENTRA_AUTHORITY="https://127.0.0.1:9"))

    assert isinstance(problem, SignInUnreachable)
    assert problem.transient


def test_tokens_are_kept_and_whoever_comes_meanwhile_waits_for_the_same(graph: GraphEmulator, load: Load) -> None:
    settings = load(ENTRA_CLIENT_SECRET=graph.client_secret)
    graph.fail(Fault(path="/oauth2/v2.0/token", delay_seconds=0.1))
    graph.fail(Fault(path="/oauth2/v2.0/token", skip=1, status=400, times=1000))

    async def work(credential: SignIn) -> set[str]:
        scope = graph_scope(settings)
        at_once = await asyncio.gather(*(credential.get_token(scope, enable_cae=True) for _ in range(20)))
        later = await credential.get_token(scope, enable_cae=True)
        return {one.token for one in (*at_once, later)}

    try:
        assert len(using(settings, work)) == 1
    finally:
        graph.faults.clear()


def test_those_whose_token_is_refused_together_get_one_new_token(graph: GraphEmulator, load: Load) -> None:
    """By continuous access evaluation, which tells each of them so. Microsoft Entra ID locks out who asks for the same again and again."""
    settings = load(ENTRA_CLIENT_SECRET=graph.client_secret)
    claims = '{"access_token": {"nbf": {"essential": true, "value": "1"}}}'

    async def work(credential: SignIn) -> None:
        scope = graph_scope(settings)
        await credential.get_token(scope, enable_cae=True)
        graph.fail(Fault(path="/oauth2/v2.0/token", skip=1, status=400, times=1000))
        await asyncio.gather(*(credential.get_token(scope, claims=claims, enable_cae=True) for _ in range(20)))
        with pytest.raises(CredentialProblem):  # refused again, later: what is kept is that very token
            await credential.get_token(scope, claims=claims, enable_cae=True)

    try:
        using(settings, work)
    finally:
        graph.faults.clear()


def test_what_was_refused_is_replaced_by_a_new_token(graph: GraphEmulator, load: Load) -> None:
    settings = load(ENTRA_CLIENT_SECRET=graph.client_secret)

    async def work(credential: SignIn) -> set[str]:
        scope = graph_scope(settings)
        first = await credential.get_token(scope)
        graph.clock.advance(2)  # tokens of the same second are alike
        same = await credential.get_token(scope)
        await credential.renew()
        renewed = await credential.get_token(scope)
        assert first == same
        return {first.token, renewed.token}

    assert len(using(settings, work)) == 2


# --- certificates


@pytest.fixture
def registered(graph: GraphEmulator) -> Made:
    made = Made(1)
    graph.tenant.add_certificate(made.public.decode())
    return made


def test_a_certificate_of_a_file(graph: GraphEmulator, load: Load, registered: Made, tmp_path: Path) -> None:
    file = tmp_path / "connector.pfx"
    file.write_bytes(registered.pfx("correct horse"))

    credential, token = sign_in(load(ENTRA_CERTIFICATE_FILE=str(file), ENTRA_CERTIFICATE_PASSWORD="correct horse"))

    assert reads(graph, token)
    assert credential.auth is Auth.CERTIFICATE
    assert credential.described == f"certificate from the file {file}"
    assert credential.expires_at is not None
    assert abs(credential.expires_at - datetime.now(UTC) - registered.ends) < timedelta(minutes=1)


@pytest.mark.parametrize("form", ["pem", "base64"])
def test_a_certificate_of_a_setting(graph: GraphEmulator, load: Load, registered: Made, form: str) -> None:
    text = registered.pem().decode() if form == "pem" else registered.base64()

    assert reads(graph, sign_in(load(ENTRA_CERTIFICATE=text))[1])


def test_a_certificate_comes_before_a_secret(graph: GraphEmulator, load: Load, registered: Made) -> None:
    both = load(ENTRA_CERTIFICATE=registered.base64(), ENTRA_CLIENT_SECRET="wrong")

    assert sign_in(both)[0].auth is Auth.CERTIFICATE


def test_a_certificate_that_nobody_registered(load: Load) -> None:
    problem = problem_of(load(ENTRA_CERTIFICATE=Made(3).base64()))

    assert isinstance(problem, SignInRefused)
    assert problem.code == 700027
    assert "Upload the public part of the one in ENTRA_CERTIFICATE" in problem.advice


def test_a_certificate_that_cannot_be_opened(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "connector.pem"
    assert isinstance(problem_of(load(ENTRA_CERTIFICATE_FILE=str(file))), CertificateUnreadable)
    file.write_bytes(Made(1).pem("correct horse"))
    assert isinstance(problem_of(load(ENTRA_CERTIFICATE_FILE=str(file))), CertificatePasswordWrong)


def test_a_file_that_was_replaced_is_read_again_once_the_old_certificate_is_refused(
    graph: GraphEmulator, load: Load, tmp_path: Path
) -> None:
    old, new = Made(1), Made(2)
    number = graph.tenant.add_certificate(old.public.decode())
    file = tmp_path / "connector.pem"
    file.write_bytes(old.pem())
    settings = load(ENTRA_CERTIFICATE_FILE=str(file))

    async def work(credential: SignIn) -> None:
        await credential.get_token(graph_scope(settings))
        graph.tenant.remove_credential(number)
        graph.tenant.add_certificate(new.public.decode())
        file.write_bytes(new.pem())
        await credential.get_token(graph_scope(settings), claims='{"access_token": {}}')

    using(settings, work)


# --- identities


@pytest.fixture
def token_file(graph: GraphEmulator, tmp_path: Path) -> tuple[Path, ExternalIssuer]:
    issuer = ExternalIssuer()
    graph.tenant.set_issuer_keys(issuer.url, issuer.key_set())
    graph.tenant.add_federated_credential(issuer.url, SUBJECT)
    path = tmp_path / "token"
    path.write_text(issuer.token(SUBJECT), encoding="ascii")
    return path, issuer


def test_a_federated_token_is_read_again_for_each_token(
    graph: GraphEmulator, load: Load, token_file: tuple[Path, ExternalIssuer]
) -> None:
    path, issuer = token_file
    settings = load(AZURE_FEDERATED_TOKEN_FILE=str(path))
    assert settings.auth is Auth.WORKLOAD_IDENTITY

    async def work(credential: SignIn) -> CredentialProblem:
        assert reads(graph, (await credential.get_token(graph_scope(settings))).token)
        path.write_text(issuer.token("somebody else"), encoding="ascii")
        await credential.renew()
        with pytest.raises(SignInRefused) as refused:
            await credential.get_token(graph_scope(settings))
        path.write_text(issuer.token(SUBJECT), encoding="ascii")
        await credential.get_token(graph_scope(settings))
        return refused.value

    problem = using(settings, work)
    assert "federated credential" in problem.advice
    assert path.read_text() not in str(problem)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), (b"", "it is empty"), (b"\xff\xfe", "it holds no token")]
)
def test_a_token_file_that_holds_none(load: Load, tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)

    problem = problem_of(load(AZURE_FEDERATED_TOKEN_FILE=str(path)))

    assert isinstance(problem, TokenFileUnreadable)
    assert words in problem.sentence
    assert str(path) in problem.sentence


def test_a_managed_identity_signs_in_itself(graph: GraphEmulator, load: Load, app: Callable[..., Any]) -> None:
    identity = new_identity(graph, permissions=["User.Read.All"])
    app(identity)
    client_id = graph.tenant.managed_identity(identity).client_id

    credential, token = sign_in(load(AZURE_CLIENT_ID=client_id, ENTRA_AUTH="managed_identity"))

    assert told_by(token).object_id == identity
    assert credential.described == f"managed identity {client_id}"


def test_a_managed_identity_that_is_not_there(graph: GraphEmulator, load: Load, app: Callable[..., Any]) -> None:
    app(new_identity(graph))

    system = problem_of(load(ENTRA_AUTH="managed_identity"))
    other = problem_of(load(ENTRA_AUTH="managed_identity", AZURE_CLIENT_ID="8b6bcd9f-6a2b-4d59-a0f2-5f5c8e1b9a11"))

    assert isinstance(system, ManagedIdentityUnavailable)
    assert "system-assigned" in system.sentence
    assert isinstance(other, ManagedIdentityUnavailable)
    assert "8b6bcd9f-6a2b-4d59-a0f2-5f5c8e1b9a11 is not available here: No User Assigned" in other.sentence


def test_an_app_registration_that_trusts_a_managed_identity(
    graph: GraphEmulator, load: Load, app: Callable[..., Any]
) -> None:
    identity = new_identity(graph)
    app(identity)
    graph.tenant.add_federated_credential(version_2_issuer(graph.tenant.id), identity)
    client_id = graph.tenant.managed_identity(identity).client_id

    credential, token = sign_in(load(ENTRA_AUTH="workload_identity", AZURE_CLIENT_ID=client_id))

    assert told_by(token).permissions == frozenset({"User.Read.All", "Group.Read.All"})
    assert told_by(token).object_id != identity
    assert credential.described == f"workload identity with a token of the managed identity {client_id}"


# --- logs


def test_what_was_taken_is_logged_once_and_that_it_ends_soon_as_well(
    graph: GraphEmulator, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    made = Made(1, ends=timedelta(days=12, hours=1))
    graph.tenant.add_certificate(made.public.decode())
    settings = load(ENTRA_CERTIFICATE=made.base64())

    async def work(credential: SignIn) -> None:
        for _ in range(3):
            await credential.get_token(graph_scope(settings))
            await credential.renew()

    with caplog.at_level(logging.INFO, logger="connector.credentials"):
        using(settings, work)

    lines = [json.loads(record.message) for record in caplog.records if record.name.startswith("connector")]
    assert [line["event"] for line in lines] == ["signed_in", "credential_expiring"]
    assert lines[0]["credential"] == "certificate from ENTRA_CERTIFICATE"
    assert (lines[1]["expired"], "in 12 days" in lines[1]["message"]) == (False, True)
    assert "BEGIN" not in caplog.text
    assert made.base64()[:40] not in caplog.text
