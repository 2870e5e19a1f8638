"""Exit codes, and how an error is told: one sentence on stderr, or one JSON document on stdout."""

from __future__ import annotations

import traceback
from enum import IntEnum
from typing import Any

import typer
from typer.core import TyperGroup

from connector.cli.invocation import Invocation
from connector.journal.errors import BeforeHistory, CannotFollow, JournalDamaged
from connector.provisioning.errors import NoSuchOperation, ProvisioningError
from connector.query.errors import Ambiguous, NotFound, NothingSynced
from connector.query.subjects import Subject
from connector.settings import SettingsError


class Exit(IntEnum):
    """What the process ends with."""

    FINE = 0
    FAILURE = 1
    USAGE = 2
    NOTHING_SYNCED = 3
    INCOMPLETE = 4
    NOT_FOUND = 5
    REFUSED = 6
    NOT_DONE = 7
    NOT_YET = 8
    TAMPERED = 9

    @property
    def meaning(self) -> str:
        """One line for ``--help``."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.FINE: "fine",
    Exit.FAILURE: "failure: Graph, storage or the machine; the message says what to do",
    Exit.USAGE: "wrong usage or wrong settings",
    Exit.NOTHING_SYNCED: "nothing has been synced yet",
    Exit.INCOMPLETE: "`sync` and `status`: the picture lacks something or is not followed; `check`: something deserves a look; `setup`: something is left to do; they say what",
    Exit.NOT_FOUND: "nothing is called so, or several are; or storage does not reach back so far",
    Exit.REFUSED: "`grant`, `revoke`, `operations`: refused by a guard or a policy, with the remedy; nothing was done",
    Exit.NOT_DONE: "`grant`, `revoke`, `operations retry`: tried, and failed or cancelled; the record says why",
    Exit.NOT_YET: "`grant`, `revoke`, `operations retry`: accepted and still going on; `operations show` tells",
    Exit.TAMPERED: "`audit verify`: something is not as it was written, or is missing; it says what",
}


class AnsweringGroup(TyperGroup):
    """Runs a command; what it raises becomes a sentence and an exit code. ``--debug`` adds the stack trace."""

    def invoke(self, ctx: Any) -> Any:
        """As the base class does, without stack traces."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError):
            raise
        except Exception as error:
            invocation = ctx.obj if isinstance(ctx.obj, Invocation) else Invocation()
            if invocation.debug:
                for line in traceback.format_exc().splitlines():
                    invocation.output.tell(line)
            raise typer.Exit(_report(invocation, error)) from None


def _report(invocation: Invocation, error: Exception) -> Exit:
    code, kind = _classify(error)
    sentences = error.problems if isinstance(error, SettingsError) else [_sentence(error, kind)]
    candidates = error.candidates if isinstance(error, Ambiguous) else ()
    if invocation.output.as_json:
        told: dict[str, Any] = {"kind": kind, "message": " ".join(sentences)}
        if isinstance(error, SettingsError):
            told["problems"] = sentences
        if isinstance(error, Ambiguous):
            told |= {"candidates": candidates, "total": error.total}
        invocation.output.document({"error": told})
        return code
    for sentence in sentences:
        invocation.output.tell(sentence)
    _list_candidates(invocation, candidates, error.total if isinstance(error, Ambiguous) else 0)
    return code


def _list_candidates(invocation: Invocation, candidates: tuple[Subject, ...], total: int) -> None:
    for one in candidates:
        parts = (one.kind.replace("_", " "), one.name, one.detail, one.id)
        invocation.output.tell("  " + "  ".join(part for part in parts if part))
    if total > len(candidates):
        invocation.output.tell(f"  … and {total - len(candidates):,} more")


_KINDS: tuple[tuple[type[Exception], Exit, str], ...] = (
    (SettingsError, Exit.USAGE, "settings"),
    (NothingSynced, Exit.NOTHING_SYNCED, "nothing_synced"),
    (Ambiguous, Exit.NOT_FOUND, "ambiguous"),
    (NotFound, Exit.NOT_FOUND, "not_found"),
    (BeforeHistory, Exit.NOT_FOUND, "before_history"),
    (CannotFollow, Exit.NOT_FOUND, "cannot_follow"),
    (NoSuchOperation, Exit.NOT_FOUND, "not_found"),
    (ProvisioningError, Exit.REFUSED, "refused"),
    (JournalDamaged, Exit.FAILURE, "journal_damaged"),
    (OSError, Exit.FAILURE, "machine"),
)


def _classify(error: Exception) -> tuple[Exit, str]:
    for kind, code, name in _KINDS:
        if isinstance(error, kind):
            return code, name
    ours = type(error).__module__.startswith("connector.")
    return Exit.FAILURE, "failure" if ours else "unexpected"


def _sentence(error: Exception, kind: str) -> str:
    if kind == "unexpected":
        return f"Something went wrong that should not: {type(error).__name__}: {error}. Run it again with --debug."
    return str(error)
