"""A run of ``setup``: who signs in, what is asked, in which order things are told."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial

import typer

from connector.cli.exits import Exit
from connector.cli.invocation import Invocation
from connector.cli.output import Output
from connector.cli.setup_answer import Answer
from connector.cli.setup_options import (
    Given,
    deployment_of,
    kept_where,
    kind_of,
    load,
    needs_vault,
    wanted_of,
    with_answers,
)
from connector.credentials.tls import trust
from connector.graph.errors import GraphError
from connector.settings import Settings
from connector.setup.administrators import (
    AZURE_COMMAND_LINE,
    GRAPH_COMMAND_LINE,
    Administrator,
    WithAzureCli,
    WithCode,
    delegated_scopes,
    vault_scopes,
)
from connector.setup.errors import from_graph
from connector.setup.files import write_values
from connector.setup.service import open_setup
from connector.setup.telling import Deployment, consent_link, excluded, settings_to_set
from connector.setup.wanted import Kind


class Run:
    """One run of the command."""

    def __init__(self, invocation: Invocation, given: Given, answer: Answer, *, asking: bool, dry_run: bool) -> None:
        environment = invocation.environment()
        self._given = with_answers(given, environment) if asking else given
        self._settings = load(self._given, environment)
        self._kind = kind_of(self._given, self._settings)
        self._wanted = wanted_of(self._given, self._settings)
        self._answer = answer
        self._output = invocation.output
        self._asking = asking
        self._dry_run = dry_run

    def run(self, *, use_azure_cli: bool, sign_in_client_id: str) -> None:
        """Sign in, then everything else. ``sign_in_client_id``: empty for Microsoft's own application.

        Raises:
            SetupProblem: it cannot go on.
            CredentialProblem: somebody cannot sign in, or Key Vault refuses.
            typer.Exit: with the exit code, where something is left to do.
        """
        settings, in_vault = self._settings, needs_vault(self._given, self._kind)
        administrator: Administrator
        vault: Administrator | None
        if use_azure_cli:
            administrator = vault = WithAzureCli(settings)
        else:
            administrator = _signed_in(
                self._output, settings, sign_in_client_id or GRAPH_COMMAND_LINE, delegated_scopes(settings), "Graph"
            )
            vault = (
                _signed_in(self._output, settings, AZURE_COMMAND_LINE, vault_scopes(settings), "Key Vault")
                if in_vault
                else None
            )
        try:
            code = asyncio.run(self._set_up(administrator, vault if in_vault else None))
        except GraphError as error:
            raise from_graph(error) from None
        if code is not Exit.FINE:
            raise typer.Exit(code)

    async def _set_up(self, administrator: Administrator, vault: Administrator | None) -> Exit:
        settings, answer = self._settings, self._answer
        kept = partial(kept_where, self._given, settings, self._kind, vault)
        async with open_setup(settings, self._wanted, administrator.open, kept) as setting_up:
            await setting_up.prepare()
            answer.planned(setting_up.plan, ahead=self._dry_run or self._asking)
            if self._dry_run:
                answer.dry_run()
                return Exit.FINE
            if setting_up.plan.actions and self._asking:
                typer.confirm("Do this?", abort=True, err=True)
            done = await setting_up.carry_out(answer.did)
            deployment = partial(deployment_of, self._given, settings, self._kind, done.client_id)
            told = self._tell_settings(deployment(setting_up.identity_client_id))
        link = "" if self._kind is Kind.MANAGED_IDENTITY else consent_link(settings, done.client_id, self._public_url)
        return answer.finished(done, told, link)

    def _tell_settings(self, made: Deployment) -> dict[str, str]:
        told = settings_to_set(self._settings, made)
        path = self._given.write_settings
        if path is not None:
            changed = write_values(path, told, without=excluded(told, self._kind))
            self._answer.wrote(path, changed=changed)
        return told

    @property
    def _public_url(self) -> str:
        return self._settings.notification_url


def _signed_in(output: Output, settings: Settings, client_id: str, scopes: tuple[str, ...], purpose: str) -> WithCode:
    def prompt(address: str, code: str, _until: datetime) -> None:
        output.tell(f"To sign in to {purpose}, open {address} in a browser and enter the code {code}.")

    who = WithCode(settings, trust(settings.ca_file), client_id, scopes, prompt)
    output.tell(f"Signed in to {purpose} as {who.authenticate()}.")
    return who
