"""Where the evidence leaves more than one behaviour of Microsoft Graph, a switch for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """Behaviour that differs between documents, or between documents and captures of the live service.

    Attributes:
        members_hide_service_principals: v1.0 ``/groups/{id}/members`` leaves out service principals (documented known issue).
        delta_includes_service_principals: ``groups/delta`` reports service principals as members and owners.
        delta_reports_purged_members: ``groups/delta`` reports that a member is gone once the member itself is gone for good.
        delta_initial_removed: the first round of a delta query reports soft-deleted objects as removed.
        delta_replays: so many of the changes before a delta link are reported once more.
        delta_repeats: objects appear more than once in a round, their relationship rows divided among the appearances.
        delta_shuffled: the objects of a page come in no particular order.
        delta_reset_code: code of the 410 that follows a reset of the synchronization state (no capture names it).
        delta_page_size: objects on a page of a delta query (not documented; 200 was named by the service's makers).
        delta_slice_size: relationship rows on a page of a delta query; a larger group is spread over several pages.
        role_assignments_require_filter: ``roleAssignments`` cannot be listed without ``$filter`` (documents until 2022).
        pim_enums_as_schema: PIM answers ``assigned`` and ``direct``, as the schema spells them; samples say ``Assigned``.
        sign_in_page_size: most users on a page with ``signInActivity``: 120 (2023) or 500 (2026).
        sign_in_top_is_error: a larger ``$top`` is refused, as in early 2023; otherwise it is lowered.
        empty_first_page: lists begin with an empty page that has a next link, which is legal anywhere.
        empty_pages: every second page of a list is empty and has a next link.
        empty_last_page: the last items of a list come with a next link, which leads to an empty page.
        short_pages: pages of lists hold half of what was asked for, and have a next link.
        page_token_seconds: how long next links of lists live; 0: for ever (no lifetime is documented).
        next_link_needs_header: next links of advanced queries fail without ``ConsistencyLevel``, which they do not carry.
        federation_refusal_says_why: whether the refusal of another identity provider's token says what differs, as since 2024.
        throttle_body: body of 429: ``documented``, ``directory`` (names the category) or ``unknown_error`` (as PIM sends it).
        reports_limit: lists with ``signInActivity`` count against the limit of reports, 5 in 10 s.
        pim_refusal_names_scopes: 403 of PIM is an ``UnknownError`` that names the permissions, as since 2025.
        batch_reversed: the answers of a batch come in another order than its requests.
        batch_text_as_base64: answers that are not JSON, such as those of ``/$count``, are base64 inside a batch.
        read_lag_changes: reads lag behind writes by at most so many changes; 0: not at all.
        read_lag_seconds: no longer than so many seconds, on the emulator's clock; 0: until something settles it.
        subscriptions_refuse_duplicates: a second subscription for the same changes of the same resource is 409 (since 2023).
        notification_profile: rules for slow endpoints: ``current``, or ``older`` (3 s to answer, judged after 100 answers).
        notifications_carry_members: notifications of groups hold ``members@delta`` (captured, not documented).
        pim_provisioning_seconds: a schedule request is PendingProvisioning for so long before it is Provisioned.
        pim_schedules_ahead: what begins later is listed among the schedules at once; otherwise its request is Granted until then.
        refusal_wording: ``current``, or ``older``: other messages, codes and statuses of refused writes (captured 2016-2021).
        consent_refusal: what an administrator who cancels sends to version 1: ``documented``, or ``captured`` (2019).
        device_code_interval: seconds between two questions whether a code was entered.
        device_code_slow_down: whoever asks sooner is told to slow down (RFC 8628; Entra ID's documents do not mention it).
        users_register_applications: people without a directory role may register applications (the default of tenants).
        new_object_seconds: writes that name an application or service principal younger than that, and its sign-in, do not find it.
        longest_secret_days: the longest life that the tenant's policy lets a secret of an application have; 0: any.
        retry_after: throttled answers carry ``Retry-After``; some services of Graph leave it out.
    """

    members_hide_service_principals: bool = True
    delta_includes_service_principals: bool = True
    delta_reports_purged_members: bool = False
    delta_initial_removed: bool = False
    delta_replays: int = 0
    delta_repeats: bool = False
    delta_shuffled: bool = False
    delta_reset_code: str = "resyncRequired"
    delta_page_size: int = 200
    delta_slice_size: int = 1000
    role_assignments_require_filter: bool = False
    pim_enums_as_schema: bool = False
    sign_in_page_size: int = 500
    sign_in_top_is_error: bool = False
    empty_first_page: bool = False
    empty_pages: bool = False
    empty_last_page: bool = False
    short_pages: bool = False
    page_token_seconds: int = 0
    next_link_needs_header: bool = True
    batch_reversed: bool = False
    batch_text_as_base64: bool = False
    read_lag_changes: int = 0
    read_lag_seconds: float = 0
    subscriptions_refuse_duplicates: bool = True
    notification_profile: Literal["current", "older"] = "current"
    notifications_carry_members: bool = True
    pim_provisioning_seconds: float = 0
    pim_schedules_ahead: bool = False
    refusal_wording: Literal["current", "older"] = "current"
    consent_refusal: Literal["documented", "captured"] = "documented"
    device_code_interval: int = 5
    device_code_slow_down: bool = False
    users_register_applications: bool = True
    new_object_seconds: float = 0
    longest_secret_days: int = 0
    retry_after: bool = True
    federation_refusal_says_why: bool = True
    throttle_body: str = "documented"
    reports_limit: bool = False
    pim_refusal_names_scopes: bool = False
