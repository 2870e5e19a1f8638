"""What can go wrong with what the connector signs in with: a class a situation, each with a plain sentence and what to do about it.

No text holds a secret, a private key, a password or a token: what the libraries say is passed on only where it is Microsoft's own
sentence.
"""

from __future__ import annotations

from datetime import datetime


class CredentialProblem(Exception):
    """There is nothing to sign in with, or it cannot be used.

    Attributes:
        sentence: what happened, for people.
        advice: what to do about it, for people.
        transient: whether the same may well succeed later without anybody doing anything.
    """

    transient = False

    def __init__(self, sentence: str, advice: str) -> None:
        self.sentence = sentence
        self.advice = advice
        super().__init__(f"{sentence} {advice}")


class CertificateUnusable(CredentialProblem):
    """The certificate cannot be used for signing in; each subclass says why. ``source`` is where it came from, for people."""


class CertificateUnreadable(CertificateUnusable):
    """It is neither PEM nor PKCS#12, or is damaged, or its file cannot be read."""

    def __init__(self, source: str, why: str) -> None:
        super().__init__(
            f"The certificate from {source} cannot be read: {why}.",
            "It must be PEM with a certificate and its private key, or PKCS#12 (.pfx; in Base64 where it is a setting or a secret).",
        )


class CertificateWithoutKey(CertificateUnusable):
    """There is no private key, or it is not that of the certificate."""

    def __init__(self, source: str, why: str = "it has no private key") -> None:
        super().__init__(
            f"The certificate from {source} cannot sign anything: {why}.",
            "Give the certificate together with its own private key. From Key Vault it comes with it where its policy lets the key be "
            "exported, and where it is read as a secret (role Key Vault Secrets User).",
        )


class CertificateKeyUnsuitable(CertificateUnusable):
    """The key is of a kind that Microsoft Entra ID takes no signatures of."""

    def __init__(self, source: str) -> None:
        super().__init__(
            f"The certificate from {source} has a key that is not RSA.",
            "Microsoft Entra ID takes assertions signed with RSA. Make a certificate with an RSA key of 2048 bits or more.",
        )


class CertificatePasswordWrong(CertificateUnusable):
    """The private key is encrypted, and ENTRA_CERTIFICATE_PASSWORD does not open it."""

    def __init__(self, source: str, *, given: bool) -> None:
        happened = "ENTRA_CERTIFICATE_PASSWORD does not open it" if given else "it has a password, and none is set here"
        super().__init__(
            f"The certificate from {source} cannot be opened: {happened}.",
            "Set ENTRA_CERTIFICATE_PASSWORD to the password with which it was exported.",
        )


class CertificateNotInForce(CertificateUnusable):
    """It has expired, or begins later."""

    def __init__(self, source: str, begins: datetime, ends: datetime, now: datetime) -> None:
        if now < begins:
            happened = f"is not valid before {begins:%Y-%m-%d %H:%M} UTC"
            advice = "Wait until then, or check this machine's clock; it says"
        else:
            happened = f"has expired on {ends:%Y-%m-%d} at {ends:%H:%M} UTC"
            advice = (
                "Make a new one, upload its public part to the app registration (Certificates & secrets), and put it where this "
                "one was. If it should still be valid, check this machine's clock; it says"
            )
        super().__init__(f"The certificate from {source} {happened}.", f"{advice} {now:%Y-%m-%d %H:%M} UTC.")


class KeyVaultProblem(CredentialProblem):
    """Key Vault does not hand over what is asked for. ``vault`` is its host name."""


class KeyVaultForbidden(KeyVaultProblem):
    """Key Vault refuses: a role, an access policy, its firewall, or another tenant. ``code`` is its own word for it."""

    def __init__(self, vault: str, identity: str, code: str, advice: str) -> None:
        self.code = code
        super().__init__(f"Key Vault {vault} refuses access to the {identity} ({code}).", advice)


class KeyVaultUnreachable(KeyVaultProblem):
    """Key Vault gives no answer, or none now."""

    transient = True

    def __init__(self, vault: str, why: str) -> None:
        super().__init__(
            f"Key Vault {vault} cannot be reached: {why}.",
            "Check KEY_VAULT and ENTRA_CLOUD, that its name can be resolved here, and that its firewall or private endpoint lets this "
            "app in.",
        )


class KeyVaultClosed(KeyVaultProblem):
    """The identity that is to open Key Vault gets no token; ``problem`` says why."""

    def __init__(self, vault: str, problem: CredentialProblem) -> None:
        self.transient = problem.transient
        super().__init__(f"Key Vault {vault} cannot be opened. {problem.sentence}", problem.advice)


class SecretMissing(KeyVaultProblem):
    """There is no secret or certificate of that name in the vault, or it was deleted. ``setting`` is the one that names it."""

    def __init__(self, vault: str, name: str, setting: str) -> None:
        super().__init__(
            f"Key Vault {vault} has no secret or certificate {name}.",
            f"Check {setting} and KEY_VAULT. If it was deleted, recover it (Key Vault > Secrets or Certificates > Manage deleted ...) "
            "or make a new one of that name.",
        )


class SecretDisabled(KeyVaultProblem):
    """No version of the secret is enabled and in force."""

    def __init__(self, vault: str, name: str) -> None:
        super().__init__(
            f"In Key Vault {vault}, no version of {name} is enabled.",
            "Enable the newest version, or add a new one.",
        )


class SecretEmpty(KeyVaultProblem):
    """The secret is there and holds nothing."""

    def __init__(self, vault: str, name: str) -> None:
        super().__init__(f"The secret {name} in Key Vault {vault} is empty.", "Add a version that holds the value.")


class TokenFileUnreadable(CredentialProblem):
    """The file of workload identity's token is missing, empty or cannot be read."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"The token of workload identity in {path} cannot be read: {why}.",
            'Check AZURE_FEDERATED_TOKEN_FILE, that the pod has the label azure.workload.identity/use: "true", and that its service '
            "account is the one that was federated.",
        )


class IdentityUnavailable(CredentialProblem):
    """This platform offers no such identity."""


class ManagedIdentityUnavailable(IdentityUnavailable):
    """There is no managed identity here, or not the one that AZURE_CLIENT_ID names."""

    def __init__(self, client_id: str, why: str) -> None:
        named = f"The managed identity {client_id}" if client_id else "The system-assigned managed identity"
        super().__init__(
            f"{named} is not available here: {why}",
            "Assign it to this app (Identity > User assigned, or System assigned), and check AZURE_CLIENT_ID: the client id of the "
            "identity, empty for the system-assigned one. Outside of Azure, sign in otherwise (ENTRA_AUTH).",
        )


class IdentitySilent(CredentialProblem):
    """What hands out the tokens of managed identities gives none for the moment."""

    transient = True

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The platform gives no token of its managed identity now: {why}.",
            "It is asked again by itself. If that does not help, restart the app.",
        )


class SourceSilent(CredentialProblem):
    """Where the secret or certificate comes from does not answer. ``source`` says where that is."""

    transient = True

    def __init__(self, source: str, seconds: float) -> None:
        super().__init__(
            f"The secret or certificate cannot be read from {source}: there was no answer within {seconds:.0f} s.",
            "Check the network between this app and where it is kept; it is tried again by itself.",
        )


class NobodySignedIn(IdentityUnavailable):
    """Neither the platform nor a developer's tools offer an identity."""

    def __init__(self) -> None:
        super().__init__(
            "Nothing here can sign in to storage or Key Vault: there is no managed identity, no token file of workload identity, and "
            "nobody is signed in with the Azure CLI.",
            "In Azure, assign a managed identity and name it in AZURE_CLIENT_ID. For development, run `az login`, or set "
            "AzureWebJobsStorage to a connection string.",
        )


class SignInRefused(CredentialProblem):
    """Microsoft Entra ID issues no token.

    Attributes:
        code: the number after AADSTS, None where there was none.
        message: Microsoft's own sentence.
        of_proof: whether it refuses the secret or certificate itself, so that another version of it may do.
    """

    def __init__(self, who: str, code: int | None, message: str, advice: str, *, of_proof: bool = False) -> None:
        """``who`` asked, for people: the connector, or the identity that opens storage and Key Vault."""
        self.code = code
        self.message = message
        self.of_proof = of_proof
        named = f"AADSTS{code}: " if code else ""
        super().__init__(f"Microsoft Entra ID issues no token to {who}. {named}{message}", advice)


class SignInUnreachable(CredentialProblem):
    """The endpoint that issues tokens gives no answer."""

    transient = True

    def __init__(self, host: str, why: str) -> None:
        self.host = host
        self.why = why
        super().__init__(
            f"Microsoft Entra ID at {host} cannot be reached: {why}.",
            "Check the network, the proxy, ENTRA_CLOUD and ENTRA_AUTHORITY, and TLS_CA_FILE where a proxy inspects TLS.",
        )


class SignInBusy(SignInUnreachable):
    """The endpoint that issues tokens is out of order for the moment, or wants to be left alone."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(host, why)
        sentence = f"Microsoft Entra ID at {host} issues no tokens for the moment: {why}."
        advice = "It is asked again by itself. Where it lasts, see Microsoft's service health (Microsoft 365 admin center > Health)."
        CredentialProblem.__init__(self, sentence, advice)
