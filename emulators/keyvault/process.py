"""The Key Vault emulator in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from emulators.keyvault.access import Role
from emulators.processes import ReadyProcess


class KeyVaultProcess(ReadyProcess):
    """``python -m emulators.keyvault`` for the tokens of a Graph emulator.

    Args:
        graph: what the Graph emulator printed, or :meth:`emulators.graph.GraphEmulator.info`.
        grants: roles by object id.
        certificates: folder of a certificate authority that both share; an authority of its own where None.

    ``facts`` holds ``url``, ``ca_file`` and ``admin_url``.
    """

    def __init__(
        self, graph: Mapping[str, str], grants: Mapping[str, Role], *, certificates: Path | None = None
    ) -> None:
        arguments = ["--tenant-id", graph["tenant_id"], "--authority", graph["authority"], "--trust", graph["ca_file"]]
        for object_id, role in grants.items():
            arguments += ["--grant", f"{object_id}={role}"]
        if certificates is not None:
            arguments += ["--certificates", str(certificates)]
        super().__init__("emulators.keyvault", arguments)

    def environment(self) -> dict[str, str]:
        """The connector's settings that point it here."""
        return {"KEY_VAULT": self.facts["url"], "TLS_CA_FILE": self.facts["ca_file"]}
