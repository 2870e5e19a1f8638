"""An emulator of Azure Key Vault: secrets and certificates behind HTTPS, as ``azure-keyvault-secrets`` knows them."""

from emulators.keyvault.access import Network, Role
from emulators.keyvault.emulator import KeyVaultEmulator

__all__ = ["KeyVaultEmulator", "Network", "Role"]
