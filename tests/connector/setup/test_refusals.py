"""Whoever may not, does not want to or says too little is told so in a sentence, with what to do; never with a stack trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.cli import setup as command
from emulators.graph.service.faults import Fault
from emulators.keyvault import Network

CODES = {
    "65004": ("authorization_declined", "Nothing was changed."),
    "70020": ("expired_token", "The code was not entered in time."),
    "53003": ("invalid_grant", "--use-azure-cli"),
    "90094": ("invalid_request", "Somebody who may consent"),
}


@pytest.mark.parametrize("number", CODES)
def test_nobody_signs_in(world, number):
    error, remedy = CODES[number]
    body = {
        "error": error,
        "error_description": f"AADSTS{number}: Not today. Trace ID: x",
        "error_codes": [int(number)],
    }
    world.graph.fail(Fault(path="/oauth2/v2.0/token", status=400, body=body))
    run = world.with_secret()
    assert run.code == 1
    assert f"AADSTS{number}: Not today." in run.err
    assert remedy in run.err
    assert "Traceback" not in run.err
    assert world.registrations() == []


def test_a_person_declines(world):
    approve = world.graph.devices.approve
    world.graph.devices.approve = lambda code, _who: world.graph.devices.decline(code)
    try:
        run = world.with_secret()
    finally:
        world.graph.devices.approve = approve
    assert run.code == 1
    assert "Nothing was changed." in run.err


def test_a_wrong_tenant_and_a_wrong_application(world):
    run = world.with_secret("--tenant", "00000000-0000-4000-8000-000000000000")
    assert run.code == 1
    assert "Check --tenant and --cloud" in run.err
    run = world.with_secret("--client-id", "00000000-0000-4000-8000-000000000000")
    assert run.code == 1
    assert "leave it out to have an app registration made" in run.err
    run = world.setup("--managed-identity", "00000000-0000-4000-8000-000000000000", "--yes")
    assert run.code == 1
    assert "its object (principal) id" in run.err


def test_who_may_not_register_applications(world):
    world.with_secret()
    world.graph.fail(Fault(method="PATCH", path="/applications/", status=403))
    run = world.with_secret("--api")
    assert run.code == 1
    assert "Application Administrator" in run.err


def test_a_policy_limits_how_long_secrets_live(world):
    from dataclasses import replace

    world.graph.variants = replace(world.graph.variants, longest_secret_days=90)
    run = world.with_secret()
    assert run.code == 1
    assert "give a shorter --valid-days" in run.err
    assert world.with_secret("--valid-days", "90").code == 0


def test_key_vault_is_looked_at_before_anything_is_made(world):
    before = world.registrations()
    world.vault.revoke(world.people["global"])
    run = world.with_secret()
    assert run.code == 1
    assert "Key Vault Secrets Officer" in run.err
    world.vault.network = Network.FIREWALL
    assert world.with_secret().code == 1
    assert world.registrations() == before == []


def test_a_secret_of_another_application_or_a_deleted_one_is_not_written_over(world):
    world.with_secret("--name", "First")
    run = world.with_secret("--name", "Second")
    assert run.code == 1
    assert "holds the client secret of another application" in run.err
    world.vault.vault.delete("entra-client-secret")
    run = world.with_secret("--name", "First")
    assert run.code == 1
    assert "Recover it" in run.err
    (registration,) = world.registrations("First")
    assert len(world.secrets(registration["appId"])) == 1, "what can be recovered stays good"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "give --yes, or --dry-run"),
        (("--yes",), "--credential"),
        (("--yes", "--credential", "secret"), "--key-vault"),
        (("--yes", "--credential", "secret", "--valid-days", "1000"), "--valid-days"),
        (("--yes", "--credential", "federated"), "--federated-issuer"),
        (("--yes", "--credential", "managed-identity"), "--managed-identity"),
        (("--yes", "--credential", "certificate"), "--certificate-file"),
        (("--yes", "--credential", "secret", "--secret-to-settings"), "--write-settings"),
        (("--yes", "--credential", "none", "--feature", "flying"), "flying"),
    ],
)
def test_what_is_missing_is_told_at_once(world, arguments, told):
    run = world.setup(*arguments, KEY_VAULT="")
    assert run.code == 2
    assert told in run.err
    assert "enter the code" not in run.err


def test_without_a_tenant(world):
    assert "ENTRA_TENANT_ID is not set" in world.setup("--yes", "--credential", "none", ENTRA_TENANT_ID="").err


def test_files_that_are_none(world):
    Path("broken.json").write_text("{")
    run = world.with_secret("--write-settings", "broken.json", "--secret-to-settings")
    assert run.code == 1
    assert "is not JSON" in run.err
    Path("no.pem").write_text("no certificate")
    assert "holds no certificate" in world.setup("--certificate-file", "no.pem", "--yes").err
    assert "cannot be read" in world.setup("--certificate-file", "nowhere.pem", "--yes").err


def test_questions(world, monkeypatch):
    monkeypatch.setattr(command, "is_interactive", lambda: True)
    before = world.state()
    run = world.setup(answers=f"secret\n{world.vault.url}\nn\n", KEY_VAULT="")
    assert run.code == 1
    assert "Do this?" in run.err
    assert "to do  Make the app registration" in run.out
    assert world.registrations() == []
    run = world.setup(answers=f"{world.tenant.id}\nsecret\n{world.vault.url}\ny\n", KEY_VAULT="", ENTRA_TENANT_ID="")
    assert run.code == 0, run.err
    assert len(world.registrations()) == 1
    assert world.state() != before


def test_what_does_not_sign_in_yet_is_left(world, monkeypatch):
    from connector.setup import proving

    monkeypatch.setattr(proving, "WAITS", (0.0,))
    world.with_secret()
    app_id = world.registrations()[0]["appId"]
    body = {
        "error": "invalid_client",
        "error_description": "AADSTS7000215: Invalid client secret provided.",
        "error_codes": [7000215],
    }
    world.graph.fail(Fault(path="/oauth2/v2.0/token", skip=2, status=401, times=20, body=body))
    run = world.with_secret("--new-secret", "--remove-old-secrets")
    assert run.code == 4
    assert "could not sign in" in run.out
    assert len(world.secrets(app_id)) == 2, "the old one stays until the new one has signed in"
    world.graph.faults.clear()
    assert world.with_secret("--remove-old-secrets").code == 0
    assert len(world.secrets(app_id)) == 1
