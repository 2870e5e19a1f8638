"""What lines tell of operations, compared with what the records of operations say."""

from __future__ import annotations

from collections.abc import Mapping

from connector.provisioning.audit.lines import content_of, line_of
from connector.provisioning.audit.reports import MOST_PROBLEMS, Verification
from connector.storage.operation_ids import day_of
from connector.storage.records.operations import Operation


def compare(
    report: Verification,
    told: Mapping[tuple[str, int], bytes],
    promised: Mapping[str, Operation],
    operations: Mapping[str, Operation],
    first: str,
) -> None:
    """Add what does not fit together to ``report``.

    Args:
        told: a digest of what was told of each event, by operation and number.
        promised: records as they were before any line was read: every event of which they say that it is written must have been told.
        operations: the same records and others, as they were after that.
        first: the day from which on there are records to compare with.
    """
    report.operations, report.events = len(operations), len(told)
    for operation in promised.values():
        for number, event in enumerate(operation.events, 1):
            if (operation.id, number) in told:
                continue
            if number > operation.audited:
                report.unwritten += 1
                continue
            what = f"Its record says that event {number} ({event.kind.value}) is in the audit file, and no line tells of it."
            report.add(what, operation=operation.id)
    strangers = set()
    for (id_, number), content in told.items():
        record = operations.get(id_)
        if record is None:
            strangers |= {id_} if day_of(id_) >= first else set()
        elif number > len(record.events):
            report.add(f"A line tells of event {number}, which its record does not have.", operation=id_)
        elif content_of(line_of(record, number, 0, "")) != content:
            report.add(f"A line tells otherwise of event {number} than its record does.", operation=id_)
    report.without_record = sorted(strangers)[:MOST_PROBLEMS]
