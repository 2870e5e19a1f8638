"""Answers to writes: what was created, or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from emulators.graph.service import listing
from emulators.graph.service.messages import Reply
from emulators.graph.service.operations import Call
from emulators.graph.service.resources.collection import Collection
from emulators.graph.tenant.tenant import Tenant


def tenant_of(call: Call) -> Tenant:
    """The tenant with its verbs; the dispatcher holds its lock."""
    return cast(Tenant, call.context.tenant)


def created(call: Call, collection: Collection, identifier: str, status: int = 201) -> Reply:
    """The object that was just made or changed, as a single read shows it."""
    plain = replace(call.request, method="GET", options=())
    shown = listing.single(call.context, plain, call.caller, collection, identifier)
    address = f"{call.request.base}/{collection.context}/{identifier}"
    return Reply(status, shown.body, {"Location": address})


def done() -> Reply:
    """204: done, and nothing to say."""
    return Reply(204)
