"""``permissions``: what is to be granted, for whom it asks nothing, and a script that grants it with the Azure CLI."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess

import pytest

from connector.permissions import ALWAYS, FEATURES, PERMISSIONS, Feature, needed_for
from tests.support.snapshots import environment

APP = "11111111-2222-4333-8444-555555555555"
BASH = shutil.which("bash") or "bash"
STORAGE = "UseDevelopmentStorage=true"


def granted(result):
    """What a run says is to be granted."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["grant"]


def names(features):
    return [one.name for one in needed_for(features)]


def test_before_anything_is_configured_it_tells_what_reading_needs(run):
    shown = run("permissions")

    assert shown.exit_code == 0
    assert "settings are not complete" in shown.stderr
    lines = [line.split("\t") for line in shown.stdout.splitlines()]
    assert lines[0][:4] == ["feature", "permission", "why", "lost without it"]
    assert {line[0] for line in lines[1:]} == {one.value for one in ALWAYS}
    assert f"To be granted: {', '.join(names(ALWAYS))}." in shown.stderr


def test_the_settings_decide(run):
    switched = {
        "SIGN_IN_ACTIVITY": Feature.SIGN_IN_ACTIVITY,
        "MAILBOX_PURPOSE": Feature.MAILBOX_PURPOSE,
        "PROVISIONING_ENABLED": Feature.PROVISIONING_ROLES,
    }
    for setting, feature in switched.items():
        known = json.loads(run("permissions", "--format", "json", env=environment(STORAGE) | {setting: "true"}).stdout)
        assert feature.value in [one["name"] for one in known["features"]]
        others = {other.value for other in switched.values()} - {feature.value}
        assert not others & {one["name"] for one in known["features"]}


def test_features_are_named_as_people_write_them_and_bring_what_they_require(run):
    for name in ("sign-in-activity", "sign_in_activity", "Sign-In-Activity"):
        assert granted(run("permissions", "--feature", name, "--format", "json")) == names({Feature.SIGN_IN_ACTIVITY})
    everything = granted(run("permissions", "--feature", "provisioning", "--format", "json"))
    assert everything == names([one for one in FEATURES if one.startswith("provisioning")])


def test_an_unknown_feature_is_refused_with_those_that_there_are(run):
    refused = run("permissions", "--feature", "everything")

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "sign-in-activity" in " ".join(refused.stderr.split())


def test_all_tells_what_is_not_needed_either(run):
    known = json.loads(run("permissions", "--all", "--format", "json").stdout)

    assert {one["name"] for one in known["permissions"]} | {one["name"] for one in known["unneeded"]} == {
        one.name for one in PERMISSIONS
    }
    assert all(one["why"] for one in known["unneeded"])
    assert {"delegated", "app_roles"} <= known.keys()
    shown = run("permissions", "--all").stdout
    assert all(one.name in shown for one in PERMISSIONS)


def test_the_manifest_is_what_an_app_registration_takes(run):
    [resource] = json.loads(run("permissions", "--feature", "sync", "--format", "manifest").stdout)

    assert resource["resourceAppId"] == "00000003-0000-0000-c000-000000000000"
    ids = {one.name: one.id for one in PERMISSIONS}
    assert resource["resourceAccess"] == [{"id": ids[name], "type": "Role"} for name in sorted(names({Feature.SYNC}))]


def test_a_settings_file_that_is_none_is_an_error(run, tmp_path):
    (tmp_path / "none.json").write_text("[]")

    assert run("--settings", str(tmp_path / "none.json"), "permissions").exit_code == 2


AZ = """#!/bin/bash
printf '%s\\n' "$*" >> "$AZ_CALLS"
case "$*" in
  *"permission list"*) printf '%s\\n' "$AZ_HELD" ;;
  *"--query id "*) printf '99999999-0000-4000-8000-000000000000\\n' ;;
  *"cloud show"*) printf 'https://graph.microsoft.us/\\n' ;;
  *"--method GET"*) printf '%s\\n' "$AZ_HELD" ;;
  *"${AZ_FAILS:-nothing fails}"*) exit 1 ;;
esac
"""
"""Stands in for the Azure CLI: writes down what it was asked, and knows what is held."""


@pytest.fixture
def grant(run, tmp_path):
    """Run the script that ``permissions`` makes; gives what it said and what it asked ``az`` for."""
    (tmp_path / "bin").mkdir()
    az = tmp_path / "bin" / "az"
    az.write_text(AZ)
    az.chmod(az.stat().st_mode | stat.S_IEXEC)
    made = tmp_path / "grant.sh"
    made.write_text(run("permissions", "--feature", "sync", "--format", "script").stdout)

    def invoke(*arguments, held=(), **variables):
        calls = tmp_path / "calls"
        calls.write_text("")
        done = subprocess.run(
            [BASH, made, *arguments],
            env={
                "PATH": f"{az.parent}:{os.environ['PATH']}",
                "AZ_CALLS": str(calls),
                "AZ_HELD": "\n".join(held),
                **variables,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done, calls.read_text().splitlines()

    return invoke


def changes(calls):
    return [call for call in calls if any(word in call for word in (" add ", " create ", "admin-consent", "POST"))]


IDS = [one.id for one in needed_for({Feature.SYNC})]


def test_the_script_is_sound_shell_and_explains_itself(run, tmp_path):
    for feature in FEATURES:
        text = run("permissions", "--feature", feature.value, "--format", "script").stdout
        made = tmp_path / "grant.sh"
        made.write_text(text)
        assert subprocess.run([BASH, "-n", made], check=False).returncode == 0
        for one in needed_for({feature}):
            assert f"{one.id} {one.name}" in text
            assert f"#   {one.name}: " in text


def test_it_asks_for_and_consents_to_what_an_app_registration_lacks(grant):
    done, calls = grant("app", APP, held=IDS[:2])

    assert done.returncode == 0, done.stderr
    asked = [call for call in calls if "permission add" in call]
    assert [call.split()[-1] for call in asked] == [f"{one}=Role" for one in IDS[2:]]
    assert changes(calls)[-1] == f"ad app permission admin-consent --id {APP}"


def test_it_assigns_to_a_managed_identity_what_that_lacks(grant):
    done, calls = grant("managed-identity", APP, held=IDS[1:])

    assert done.returncode == 0, done.stderr
    [call] = changes(calls)
    assert f"--url https://graph.microsoft.us/v1.0/servicePrincipals/{APP}/appRoleAssignments " in call
    assert json.loads(call.partition("--body ")[2]) == {
        "principalId": APP,
        "resourceId": "99999999-0000-4000-8000-000000000000",
        "appRoleId": IDS[0],
    }


@pytest.mark.parametrize("kind", ["app", "managed-identity"])
def test_a_dry_run_changes_nothing(grant, kind):
    done, calls = grant(kind, APP, DRY_RUN="1")

    assert (done.returncode, changes(calls)) == (0, [])
    assert done.stdout.count("would run: az") >= len(IDS)


@pytest.mark.parametrize(
    "arguments", [[], ["app"], ["app", "contoso"], ["user", APP], ["app", f"{APP}; touch owned"], ["app", f"{APP}\nx"]]
)
def test_what_makes_no_sense_reaches_nobody(grant, arguments):
    done, calls = grant(*arguments)

    assert (done.returncode, calls) == (2, [])
    assert done.stderr


def test_a_refusal_ends_it_with_what_to_do(grant):
    done, calls = grant("app", APP, AZ_FAILS="admin-consent")
    assert done.returncode == 2
    assert "Wait a minute" in done.stderr

    done, calls = grant("managed-identity", APP, AZ_FAILS="--method POST")
    assert done.returncode != 0
    assert len(changes(calls)) == 1
    assert "Done" not in done.stdout


def test_the_help_teaches_every_feature(run):
    shown = "".join(run("permissions", "--help").stdout.split())

    assert all(one.value.replace("_", "-") in shown for one in FEATURES)
