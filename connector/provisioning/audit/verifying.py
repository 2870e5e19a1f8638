"""Is the audit file whole? Every line's hash, the chain from line to line and from file to file, and what the records of operations say.

The chain alone tells what was altered, removed, inserted or put elsewhere in the middle. That lines are missing at the end is told by the
records: each says how many of its events are in the audit file. Whoever can rewrite all files and all records is not noticed here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta

from connector.provisioning.audit.chains import Chain
from connector.provisioning.audit.comparing import compare
from connector.provisioning.audit.lines import Written, decode_line
from connector.provisioning.audit.reports import Verification
from connector.storage import Store
from connector.storage.audit import day_of_audit_file
from connector.storage.errors import BlobMissing
from connector.storage.operation_ids import bundle_of, day_of, is_operation_id
from connector.storage.records.operations import Operation

_MOST_BUNDLES = 200
"""Bundles that are read at once."""


async def verify(store: Store, since: date | None = None) -> Verification:
    """Check the audit files, and compare them with the records of operations.

    Args:
        since: only files from the day before on, and operations that were accepted on this day or later; what came before is taken on
            trust. By default everything.

    Raises:
        StorageError: storage cannot be asked.
    """
    # Records first: what is written meanwhile is then in the files, and no record has promised it.
    operations = {one.id: one async for one in _operations(store, since)}
    begin = since - timedelta(days=1) if since else date.min
    files = await store.audit.files()
    chain = Chain(begins_anew=not any(day_of_audit_file(file) < begin for file in files))
    for file in files:
        if day_of_audit_file(file) >= begin:
            chain.follow(file, await _content(store, file))
    report = chain.report
    grown = await _grown(store, chain, operations, since.isoformat() if since else "")
    compare(report, chain.told, operations, {**operations, **grown}, since.isoformat() if since else "")
    return report


async def read_lines(store: Store, since: date | None = None) -> AsyncIterator[tuple[str, int, Written]]:
    """Every line of the files of a day and later, with its file and its place there; what is no line is left out."""
    for file in await store.audit.files():
        if since is None or day_of_audit_file(file) >= since:
            for place, data in enumerate((await _content(store, file)).splitlines(), 1):
                try:
                    yield file, place, decode_line(data)
                except ValueError:
                    continue


async def _content(store: Store, file: str) -> bytes:
    try:
        return await store.audit.read_all(file)
    except BlobMissing:
        return b""  # removed since it was listed: the chain tells


async def _operations(store: Store, since: date | None) -> AsyncIterator[Operation]:
    """Every operation that was accepted since, oldest first."""
    first = since.isoformat() if since else ""
    for day in sorted(await store.operations.days()):
        if day < first:
            continue
        bundles = sorted(await store.operations.bundles_of(day))
        for start in range(0, len(bundles), _MOST_BUNDLES):
            found = await store.operations.bundles(bundles[start : start + _MOST_BUNDLES])
            for bundle in sorted(found):
                for operation in found[bundle].record.operations:
                    yield operation


async def _grown(store: Store, chain: Chain, operations: Mapping[str, Operation], first: str) -> dict[str, Operation]:
    """Operations that lines tell more of than was known of them: they were accepted, or went on, while the files were read."""
    bundles = {
        bundle_of(id_)
        for id_, event in chain.told
        if is_operation_id(id_)
        and day_of(id_) >= first
        and (id_ not in operations or event > len(operations[id_].events))
    }
    found = await store.operations.bundles(bundles)
    return {one.id: one for held in found.values() for one in held.record.operations}
