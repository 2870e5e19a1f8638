"""What verifying the audit file has found."""

from __future__ import annotations

import msgspec

MOST_PROBLEMS = 100
"""Most problems, and most operations without a record, that are told one by one."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not as it was written.

    Attributes:
        file: the audit file, such as ``2026-11-23``; empty where it is about a record only.
        line: the line in that file, counted from 1; 0 where it is about the file.
        operation: id of the operation, where one is known.
        what: a sentence.
    """

    file: str
    line: int
    operation: str
    what: str


class Verification(msgspec.Struct, kw_only=True):
    """What was found.

    Attributes:
        files: how many were read, and ``lines``: of those.
        events: events of operations that they tell of, each counted once.
        repeated: lines that tell once more of an event, in the same words: a process died before it could note that it had written them.
        operations: records that were compared with them.
        without_record: operations that lines tell of and that have no record (any more); the first :data:`MOST_PROBLEMS`.
        unwritten: events that no line tells of yet: their operations are being worked on, or a process died before it could write them.
        last_number, last_hash: of the last line, to be kept elsewhere: from then on nobody can rewrite what came before.
        problems: the first :data:`MOST_PROBLEMS`, in order; ``found``: how many there are.
    """

    files: int = 0
    lines: int = 0
    events: int = 0
    repeated: int = 0
    operations: int = 0
    without_record: list[str] = []
    unwritten: int = 0
    last_number: int = 0
    last_hash: str = ""
    found: int = 0
    problems: list[Problem] = []

    def add(self, what: str, *, file: str = "", line: int = 0, operation: str = "") -> None:
        """Take in a problem."""
        self.found += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(file=file, line=line, operation=operation, what=what))

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.found
