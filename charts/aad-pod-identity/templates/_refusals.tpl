{{/* What no schema can tell: each refusal is a sentence that names the value and says what to write. */}}
{{- define "podid.refusals" -}}
{{- $keep := "Leave image.repository, mic.tag and nmi.tag to the chart; \"helm upgrade --reset-then-reuse-values\" keeps your other values." -}}
{{- if regexMatch "^mcr\\.microsoft\\.com/(oss/azure|k8s)/aad-pod-identity" .Values.image.repository -}}
{{- fail (printf "image.repository %q holds the images of aad-pod-identity 1.x, which this chart does not run. %s" .Values.image.repository $keep) -}}
{{- end -}}
{{- range $component := list "mic" "nmi" -}}
{{- $tag := toString (index $.Values $component).tag -}}
{{- if regexMatch "^v?1\\.[0-9]+" $tag -}}
{{- fail (printf "%s.tag %q names a release of aad-pod-identity 1.x, which this chart does not run. %s" $component $tag $keep) -}}
{{- end -}}
{{- end -}}
{{- include "podid.allowed" . -}}
{{- include "podid.ports" . -}}
{{- if and (include "podid.standard" .) (not .Values.adminsecret) (not .Values.mic.cloudConfig) -}}
{{- fail "mic.cloudConfig is empty: it names azure.json on the nodes, such as /etc/kubernetes/azure.json, unless adminsecret is given" -}}
{{- end -}}
{{- $useMSI := dig "useMSI" "" (.Values.adminsecret | default dict) | toString -}}
{{- if not (has $useMSI (list "" "true" "false")) -}}
{{- fail (printf "adminsecret.useMSI is %q, and may be true or false" $useMSI) -}}
{{- end -}}
{{- if kindIs "slice" .Values.azureIdentities -}}
{{- fail (printf "azureIdentities is a list, and takes a map from names to identities since chart 3.0.0. Write:\n%s" (include "podid.identities.asMap" .Values.azureIdentities)) -}}
{{- end -}}
{{- $budget := .Values.mic.podDisruptionBudget | default dict -}}
{{- if and (hasKey $budget "minAvailable") (hasKey $budget "maxUnavailable") -}}
{{- fail "mic.podDisruptionBudget takes minAvailable or maxUnavailable, not both" -}}
{{- end -}}
{{- include "podid.second" . -}}
{{- end -}}

{{/* Ports of one program are each its own; NMI's are the node's. */}}
{{- define "podid.ports" -}}
{{- range $program := list (list "mic" "8080" "8888" "") (list "nmi" "8085" "9090" "2579") -}}
{{- $values := index $.Values (index $program 0) -}}
{{- $probe := $values.probePort | default (index $program 1) | toString -}}
{{- $metrics := $values.prometheusPort | default (index $program 2) | toString -}}
{{- range $name, $port := dict "probePort" $probe "prometheusPort" $metrics -}}
{{- if eq $port (index $program 3) -}}
{{- fail (printf "%s.%s is %s, on which NMI itself listens: choose another port" (index $program 0) $name $port) -}}
{{- end -}}
{{- end -}}
{{- if eq $probe $metrics -}}
{{- fail (printf "%s.probePort and %s.prometheusPort are both %s: choose another port for one" (index $program 0) (index $program 0) $probe) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The list form of azureIdentities as the map that it has to be. */}}
{{- define "podid.identities.asMap" -}}
{{- $map := dict -}}
{{- range . -}}
{{- $_ := set $map (get . "name" | default "NAME") (omit . "name") -}}
{{- end -}}
{{- dict "azureIdentities" $map | toYaml -}}
{{- end -}}

{{/* Two of us in a cluster would fight for the nodes' iptables and for the machines. */}}
{{- define "podid.second" -}}
{{- range (lookup "apps/v1" "DaemonSet" "" "" | default dict).items -}}
{{- if and (eq (dig "labels" "k8s-app" "" .metadata) "aad-pod-id") (eq (dig "labels" "component" "" .metadata) "nmi") -}}
{{- fail (printf "DaemonSet %s in namespace %s, of the manifests in deploy/infra, runs NMI in this cluster already, and a node takes one: delete it first, with the Deployment mic, the roles and bindings aad-pod-id-* and the policies of admission-policies.yaml, and keep the CRDs: docs/upgrade.md has the commands" .metadata.name .metadata.namespace) -}}
{{- end -}}
{{- if hasPrefix "aad-pod-identity-" (dig "labels" "helm.sh/chart" "" .metadata) -}}
{{- $release := dig "annotations" "meta.helm.sh/release-name" "" .metadata -}}
{{- $namespace := dig "annotations" "meta.helm.sh/release-namespace" "" .metadata -}}
{{- if and $release (ne (print $namespace "/" $release) (print $.Release.Namespace "/" $.Release.Name)) -}}
{{- fail (printf "release %s in namespace %s runs aad-pod-identity in this cluster already, and a cluster takes one: upgrade or uninstall that" $release $namespace) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
