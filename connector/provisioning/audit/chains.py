"""The chain of lines, followed from the first to the last: whether each is as it was written, and in its place."""

from __future__ import annotations

from connector.provisioning.audit.lines import CONTINUED, AuditLine, Written, content_of, decode_line
from connector.provisioning.audit.reports import Verification


class Chain:
    """Takes in one file after another.

    Args:
        begins_anew: the first line to come is the first of all; otherwise what came before is taken on trust.

    Attributes:
        report: what was found.
        told: a digest of what was told of each event, by operation and number.
    """

    def __init__(self, *, begins_anew: bool) -> None:
        self.report = Verification(problems=[], without_record=[])
        self.told: dict[tuple[str, int], bytes] = {}
        self._trusting = not begins_anew
        self._continued_in = ""
        self._closed = False

    def follow(self, file: str, content: bytes) -> None:
        """Check the next file."""
        if self._continued_in not in ("", file):
            self.report.add(
                f"The file {self._continued_in}, in which it went on before this one, is missing.", file=file
            )
        self._continued_in, self._closed = "", False
        self.report.files += 1
        *lines, rest = content.split(b"\n")
        for place, data in enumerate(lines, 1):
            self.report.lines += 1
            try:
                self._take(file, place, decode_line(data))
            except ValueError as problem:
                self.report.add(f"This is no line as it was written: {problem}.", file=file, line=place)
        if rest:
            self.report.add("This line is cut off.", file=file, line=len(lines) + 1)

    def _take(self, file: str, place: int, written: Written) -> None:
        line, report = written.line, self.report
        problem = "" if written.genuine else "It was altered: what it says is not what its hash stands for."
        problem = problem or self._misplaced(line)
        if problem:
            report.add(problem, file=file, line=place, operation=line.operation)
        self._trusting = False
        report.last_number, report.last_hash = line.number, written.hash
        if line.kind == CONTINUED:
            self._continued_in, self._closed = line.file, True
            return
        key, content = (line.operation, line.event), content_of(line)
        if key not in self.told:
            self.told[key] = content
        elif self.told[key] == content:
            report.repeated += 1
        else:
            what = f"It tells otherwise of event {line.event} of {line.operation} than a line before."
            report.add(what, file=file, line=place, operation=line.operation)

    def _misplaced(self, line: AuditLine) -> str:
        """Why a line does not belong where it stands, a sentence; empty where it does."""
        before = self.report.last_number
        if self._closed:
            return "It was added after the file had been closed."
        if self._trusting or (line.number == before + 1 and line.previous == self.report.last_hash):
            return ""
        if line.number == before + 1:
            return "It is not chained to the line before it: one of both has been replaced."
        if line.number > before + 1:
            missing = (
                f"line {before + 1:,} is"
                if line.number == before + 2
                else f"lines {before + 1:,} to {line.number - 1:,} are"
            )
            return f"Before this line, which is number {line.number:,} of all, {missing} missing."
        return (
            f"It does not belong here: it is number {line.number:,} of all, and the line before is number {before:,}."
        )
