"""A shell script that grants permissions with the Azure CLI, to an app registration or to a managed identity."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence

from connector.permissions import MICROSOFT_GRAPH, Feature, Permission

_SCRIPT = r"""#!/usr/bin/env bash
#
# Lets the connector for Microsoft Entra ID do the following in the tenant to which `az login` has signed you in.
# `python -m connector permissions` made this script and explains each line; read it before you run it.
#
@LIST@
#
# Usage:
#   bash grant.sh app APPLICATION_ID            an app registration, by its application (client) id
#   bash grant.sh managed-identity OBJECT_ID    a managed identity, by the object id of its service principal (principalId)
#   DRY_RUN=1 bash grant.sh ...                 say what would be done, and change nothing
#
# You need the Azure CLI, and to be a Privileged Role Administrator or a Global Administrator. It can be run again: what is granted
# already stays as it is, and nothing is taken away. What is granted counts from the next token on; a managed identity may keep one
# for 24 hours, unless the Function App is restarted.

set -euo pipefail

GRAPH_APP_ID='@GRAPH@'
PERMISSIONS='@PERMISSIONS@'

fail() {
  printf '%s\n' "$1" >&2
  exit 2
}

run() {
  if [ -n "${DRY_RUN:-}" ]; then
    printf 'would run: %s\n' "$*"
  else
    "$@" </dev/null >/dev/null
  fi
}

kind="${1:-}"
id="${2:-}"
case "$kind" in
  app | managed-identity) ;;
  *) fail 'Say: bash grant.sh app APPLICATION_ID, or: bash grant.sh managed-identity OBJECT_ID' ;;
esac
guid='^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$'
[[ "$id" =~ $guid ]] || fail "'$id' is no id: it looks like 00000000-0000-0000-0000-000000000000."
command -v az >/dev/null || fail 'The Azure CLI is missing: https://learn.microsoft.com/cli/azure/install-azure-cli'
az account show --output none || fail 'Sign in first: az login --tenant TENANT_ID --allow-no-subscriptions'

if [ "$kind" = app ]; then
  az ad app show --id "$id" --output none || fail "There is no app registration $id in this tenant."
  held="$(az ad app permission list --id "$id" --query "[?resourceAppId=='$GRAPH_APP_ID'].resourceAccess[].id" --output tsv)"
  while read -r role name; do
    if grep -Fqi "$role" <<<"$held"; then
      printf '%s is asked for already\n' "$name"
    else
      printf 'asking for %s\n' "$name"
      run az ad app permission add --id "$id" --api "$GRAPH_APP_ID" --api-permissions "$role=Role"
    fi
  done <<<"$PERMISSIONS"
  az ad sp show --id "$id" --output none 2>/dev/null || run az ad sp create --id "$id"
  printf 'granting consent\n'
  run az ad app permission admin-consent --id "$id" || fail 'Consent was refused. Wait a minute and run this again: what was asked for a moment ago is not known everywhere at once.'
else
  graph="$(az cloud show --query endpoints.microsoftGraphResourceId --output tsv)"
  url="${graph%/}/v1.0/servicePrincipals/$id/appRoleAssignments"
  resource="$(az ad sp show --id "$GRAPH_APP_ID" --query id --output tsv)"
  held="$(az rest --method GET --url "$url?\$top=999" --query "value[?resourceId=='$resource'].appRoleId" --output tsv)"
  while read -r role name; do
    if grep -Fqi "$role" <<<"$held"; then
      printf '%s is granted already\n' "$name"
    else
      printf 'granting %s\n' "$name"
      run az rest --method POST --url "$url" --headers 'Content-Type=application/json' \
        --body "{\"principalId\": \"$id\", \"resourceId\": \"$resource\", \"appRoleId\": \"$role\"}"
    fi
  done <<<"$PERMISSIONS"
fi
printf 'Done. python -m connector check tells what works.\n'
"""
_WIDTH = 118


def script(permissions: Sequence[Permission], features: Collection[Feature]) -> str:
    """The script that grants ``permissions``, and says what each does for ``features``. It takes who gets them as arguments."""
    told = [f"  {one.name}: {' '.join(use.why for use in one.uses if use.feature in features)}" for one in permissions]
    listed = [
        line
        for text in told
        for line in textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="#     ", break_on_hyphens=False)
    ]
    return (
        _SCRIPT.replace("@LIST@", "\n".join(listed))
        .replace("@GRAPH@", MICROSOFT_GRAPH)
        .replace("@PERMISSIONS@", "\n".join(f"{one.id} {one.name}" for one in permissions))
    )
