#!/bin/sh
# Grants the identity that MIC signs in with, on an AKS cluster, the roles that it needs. Granting twice does no harm.
set -eu

usage() {
  cat <<END
usage: $0 --resource-group GROUP --name CLUSTER [options]

  --resource-group GROUP           resource group of the AKS cluster
  --name CLUSTER                   its name
  --identity-resource-group GROUP  MIC may give pods all identities of this resource group; the nodes' own when none is
                                   named, and no identity either; may be repeated
  --identity RESOURCE_ID           MIC may give pods this identity; may be repeated
  --subscription ID                the cluster's subscription; that of "az account show" when not given
  --dry-run                        print the commands, and grant nothing
END
}

fail() {
  echo "$1; $0 --help tells all options" >&2
  exit 2
}

group='' cluster='' subscription='' dry_run='' scopes='' newline='
'
while [ $# -gt 0 ]; do
  option=$1
  shift
  case $option in
    --help) usage; exit 0 ;;
    --dry-run) dry_run=yes; continue ;;
    --resource-group | --name | --identity-resource-group | --identity | --subscription) ;;
    *) fail "unknown option $option" ;;
  esac
  case ${1:-} in
    '' | --*) fail "$option takes a value" ;;
  esac
  case $option in
    --resource-group) group=$1 ;;
    --name) cluster=$1 ;;
    --subscription) subscription=$1 ;;
    --identity-resource-group) scopes="$scopes${newline}group $1" ;;
    --identity)
      case $1 in
        /subscriptions/*) scopes="$scopes${newline}identity $1" ;;
        *) fail "--identity takes a resource ID, which begins with /subscriptions/, not $1" ;;
      esac
      ;;
  esac
  shift
done
[ -n "$group" ] || fail "--resource-group is missing"
[ -n "$cluster" ] || fail "--name is missing"
command -v az >/dev/null || { echo "there is no az here: install Azure CLI, and log in by az login" >&2; exit 1; }

[ -n "$subscription" ] || subscription=$(az account show --query id --output tsv)

of_cluster() {
  az aks show --subscription "$subscription" --resource-group "$group" --name "$cluster" --query "$1" --output tsv
}

node_group=$(of_cluster nodeResourceGroup)
principal=$(of_cluster identityProfile.kubeletidentity.objectId)
if [ -z "$principal" ] || [ "$principal" = None ]; then # a cluster with a service principal
  principal=$(az ad sp show --id "$(of_cluster servicePrincipalProfile.clientId)" --query id --output tsv)
fi

grant() {
  echo "az role assignment create --role \"$1\" --assignee-object-id $principal --assignee-principal-type ServicePrincipal --scope \"$2\""
  [ -z "$dry_run" ] || return 0
  az role assignment create --role "$1" --assignee-object-id "$principal" --assignee-principal-type ServicePrincipal --scope "$2" --output none </dev/null
}

group_scope() {
  echo "/subscriptions/$subscription/resourceGroups/$1"
}

[ -n "$scopes" ] || scopes="group $node_group"
grant "Virtual Machine Contributor" "$(group_scope "$node_group")"
echo "$scopes" | while read -r kind name; do
  case $kind in
    group) grant "Managed Identity Operator" "$(group_scope "$name")" ;;
    identity) grant "Managed Identity Operator" "$name" ;;
  esac
done
