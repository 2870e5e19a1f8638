"""How ``setup`` tells what there was, what it did, and what is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connector.cli.exits import Exit
from connector.cli.output import Output
from connector.setup.actions import Action, Plan
from connector.setup.service import Done
from connector.setup.telling import azure_cli

_HIGHER = "Let a Privileged Role Administrator or Global Administrator"


class Answer:
    """Tells as it goes, a line each; as JSON, one document at the end."""

    def __init__(self, output: Output, function_app: str, resource_group: str) -> None:
        self._output = output
        self._app = (function_app, resource_group)
        self._plan = Plan((), (), ())
        self._did: list[dict[str, Any]] = []
        self._document: dict[str, Any] = {}

    def planned(self, plan: Plan, *, ahead: bool) -> None:
        """What there is, and, where it is not done at once, what is to be done."""
        self._plan = plan
        for line in plan.there:
            self._line("there", line)
        for action in plan.actions if ahead else ():
            self._line("to do", f"{action.said}.")
        for note in plan.notes:
            self._line("note", note)

    def dry_run(self) -> None:
        """That nothing was written."""
        self._document = {"dry_run": True, **self._planned_document()}
        self._end("Nothing was written." if self._plan.actions else "There is nothing to do.")

    def did(self, action: Action, done: bool) -> None:
        """That an action was done, or was left to somebody else."""
        self._did.append({"action": action.said, "done": done})
        self._line("done" if done else "left", f"{action.said}.")

    def wrote(self, path: Path, *, changed: bool) -> None:
        """That settings were written."""
        self._line("done" if changed else "there", f"The settings in {path}.")

    def finished(self, done: Done, settings: dict[str, str], link: str) -> Exit:
        """How it ended."""
        complete = self._proof(done)
        for action in done.left:
            self._did.append({"action": action.said, "done": False})
            self._line("left", f"{action.said}: nothing has signed in yet. Run setup again.")
        if done.not_granted:
            complete = False
            self._line("left", _consent(done, link))
        if done.not_withdrawn:
            complete = False
            names = ", ".join(done.not_withdrawn)
            self._line("left", f"You may not take back {names}. {_HIGHER} run this command.")
        self._document = {
            "dry_run": False,
            "client_id": done.client_id,
            **self._planned_document(),
            "actions": self._did,
            "signed_in": done.proof.signed_in if done.proof else None,
            "not_granted": done.not_granted,
            "not_withdrawn": done.not_withdrawn,
            "consent_link": link if done.not_granted else "",
            "settings": settings,
            "azure_cli": azure_cli(settings, *self._app),
        }
        if not self._output.as_json:
            self._output.line()
            self._output.line("Settings of the deployment (none of them is a secret):")
            for name, value in settings.items():
                self._output.line(f"  {name}={value}")
            self._output.line("In Azure:")
            self._output.line(f"  {azure_cli(settings, *self._app)}")
        self._end("Done." if self._did else "Nothing had to be changed.")
        return Exit.FINE if complete and not done.left else Exit.INCOMPLETE

    def _proof(self, done: Done) -> bool:
        proof = done.proof
        if proof is None:
            self._line(
                "note",
                "Signing in as the connector cannot be tried from here: `python -m connector check` does so where it runs.",
            )
            return True
        if not proof.signed_in:
            self._line(
                "left",
                f"The connector could not sign in. {proof.problem} Run `python -m connector check` in some minutes.",
            )
            return False
        if proof.missing:
            names = ", ".join(proof.missing)
            self._line(
                "left", f"The connector signs in; its token does not name yet: {names}. Run `check` in some minutes."
            )
            return False
        self._line(
            "proven",
            "The connector signs in" + ("." if done.not_granted else ", and its token names what was granted."),
        )
        return True

    def _planned_document(self) -> dict[str, Any]:
        plan = self._plan
        return {"there": plan.there, "planned": [one.said for one in plan.actions], "notes": plan.notes}

    def _line(self, what: str, text: str) -> None:
        if not self._output.as_json:
            self._output.line(f"{what:>6}  {text}")

    def _end(self, text: str) -> None:
        if self._output.as_json:
            self._output.document(self._document)
        else:
            self._output.tell(text)


def _consent(done: Done, link: str) -> str:
    names = ", ".join(done.not_granted)
    if link:
        return (
            f"You may not grant {names}. {_HIGHER} open {link} and accept; if "
            "Microsoft's page ends with a missing reply address, consent was recorded all the same."
        )
    return (
        f"You may not grant {names}. {_HIGHER} run this command, or what "
        "`python -m connector permissions --format script` prints."
    )
