"""Why a setup cannot go on: a sentence, and what to do about it. No text holds a secret."""

from __future__ import annotations

from connector.graph.errors import GraphError, RequestRefused

_REGISTRATION_ROLE = (
    "Sign in as somebody who may change app registrations: Application Administrator, Cloud Application Administrator or Global "
    "Administrator, or an owner of this one. If the role is given through Privileged Identity Management, activate it first."
)


class SetupProblem(Exception):
    """The setup has ended early. Running it again goes on from where it is.

    Attributes:
        sentence: what happened, for people.
        advice: what to do about it, for people.
    """

    def __init__(self, sentence: str, advice: str) -> None:
        self.sentence = sentence
        self.advice = advice
        super().__init__(f"{sentence} {advice}")


class Unclear(SetupProblem):
    """It cannot be told which app registration is meant."""


def from_graph(error: GraphError) -> SetupProblem:
    """What an error of Graph means for the administrator who sets up."""
    if isinstance(error, RequestRefused):
        if error.forbidden:
            return SetupProblem(f"{_ended(str(error))}", _REGISTRATION_ROLE)
        if "exceeds the max value allowed" in error.message:
            return SetupProblem(
                f"{_ended(str(error))}",
                "A policy of the tenant limits how long secrets live: give a shorter --valid-days.",
            )
        return SetupProblem(
            f"{_ended(str(error))}",
            "Correct what Graph's sentence names and run setup again: it goes on from where it is.",
        )
    return SetupProblem(_ended(str(error)), f"{error.advice} Then run setup again: it goes on from where it is.")


def _ended(sentence: str) -> str:
    return sentence.rstrip(".") + "."
