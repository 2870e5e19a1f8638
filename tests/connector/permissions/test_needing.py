"""Which permissions a set of features needs, and what is missing of them: supersets count where Graph lets them."""

from __future__ import annotations

import pytest

from connector.permissions import (
    ALWAYS,
    FEATURES,
    PROVISIONING,
    Feature,
    enabled_features,
    missing,
    needed_for,
    with_required,
)
from connector.settings import Settings
from tests.support.snapshots import environment


def names(features):
    return [one.name for one in needed_for(features)]


def lost(granted, features):
    return {(one.feature, one.permission.name) for one in missing(granted, features)}


def test_nothing_is_missing_of_what_is_needed():
    for feature in Feature:
        assert missing(names({feature}), {feature}) == ()
    assert missing(names(FEATURES), FEATURES) == ()


@pytest.mark.parametrize("feature", Feature)
def test_each_needed_one_is_missed(feature):
    """But for reading where something is written as well: whoever takes writing away again goes on reading."""
    needed, reading = set(names({feature})), set(names({Feature.SYNC}))
    for name in needed - reading if feature in PROVISIONING else needed:
        assert missing(needed - {name}, {feature})


def test_reading_privileged_identity_management_comes_with_reading_roles():
    assert names({Feature.PIM}) == names({Feature.SYNC})
    assert not missing(names({Feature.SYNC}), {Feature.PIM})


def test_members_come_with_owners():
    assert "GroupMember.ReadWrite.All" in names({Feature.PROVISIONING_GROUPS})
    both = names({Feature.PROVISIONING_GROUPS, Feature.PROVISIONING_GROUP_OWNERS})
    assert "Group.ReadWrite.All" in both
    assert "GroupMember.ReadWrite.All" not in both
    assert not missing(both, {Feature.PROVISIONING_GROUPS})


def test_requests_of_privileged_identity_management_are_asked_for_in_their_own_right():
    asked = names({Feature.PROVISIONING_PIM, Feature.PROVISIONING_ROLES})
    assert {"RoleAssignmentSchedule.ReadWrite.Directory", "RoleEligibilitySchedule.ReadWrite.Directory"} <= set(asked)


def test_what_writes_replaces_what_reads_but_not_for_notifications():
    held = set(names({Feature.SYNC})) - {"Group.Read.All"} | {"Group.ReadWrite.All"}

    assert not missing(held, {Feature.SYNC})
    assert lost(held, {Feature.NOTIFICATIONS}) == {(Feature.NOTIFICATIONS, "Group.Read.All")}


def test_reading_the_directory_is_enough_for_much_and_not_for_all():
    assert {feature for feature, _ in lost({"Directory.Read.All"}, ALWAYS)} == {
        Feature.PIM,
        Feature.APPLICATION_PROVISIONING,
        Feature.HIDDEN_MEMBERSHIP,
    }


def test_what_only_looks_alike_is_not_enough():
    assert lost({"user.read.all", "User.Read", "User.ReadBasic.All"}, {Feature.NOTIFICATIONS}) >= {
        (Feature.SYNC, "User.Read.All"),
        (Feature.NOTIFICATIONS, "User.Read.All"),
    }


def test_what_is_granted_only_where_graph_insists_is_never_missed():
    for one in ("Application.ReadWrite.All", "User.ReadWrite.All"):
        assert one not in names(FEATURES)
        assert one not in {name for _, name in lost((), FEATURES)}


def test_each_loss_is_told_in_a_sentence():
    for one in missing((), FEATURES):
        assert one.lost.endswith(".")
        assert one.feature in FEATURES


def test_what_a_feature_requires_is_needed_with_it():
    assert with_required({Feature.PROVISIONING_ROLE_ASSIGNABLE_GROUPS}) == {
        Feature.PROVISIONING_ROLE_ASSIGNABLE_GROUPS,
        Feature.PROVISIONING_GROUPS,
        Feature.PROVISIONING_GROUP_OWNERS,
        Feature.SYNC,
    }
    assert with_required(()) == frozenset()


@pytest.mark.parametrize(
    ("switches", "features"),
    [
        ({}, frozenset()),
        ({"SIGN_IN_ACTIVITY": "true"}, {Feature.SIGN_IN_ACTIVITY}),
        ({"MAILBOX_PURPOSE": "true"}, {Feature.MAILBOX_PURPOSE}),
        ({"NOTIFICATION_URL": "https://contoso.example"}, {Feature.NOTIFICATIONS}),
        ({"PROVISIONING_ENABLED": "true"}, PROVISIONING),
    ],
)
def test_the_settings_switch_features_on(switches, features):
    settings = Settings.load(environment("UseDevelopmentStorage=true") | switches)

    assert enabled_features(settings) == ALWAYS | features


def test_every_setting_that_switches_a_feature_is_one():
    everything = {
        facts.setting: "https://contoso.example" if facts.setting == "NOTIFICATION_URL" else "true"
        for facts in FEATURES.values()
        if facts.setting
    }

    assert enabled_features(Settings.load(environment("UseDevelopmentStorage=true") | everything)) == frozenset(Feature)
