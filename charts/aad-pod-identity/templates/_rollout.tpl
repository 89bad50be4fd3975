{{/*
How NMI rolls out. As delivered, a new NMI serves before the old one of its node stops: both listen on the same ports, or the
new one at another until the original has gone, which shares none. DaemonSets know of surges since Kubernetes 1.22.
*/}}
{{- define "podid.nmi.rollout" -}}
{{- if .Values.nmi.updateStrategy -}}
{{- toYaml .Values.nmi.updateStrategy -}}
{{- else if semverCompare "<1.22-0" .Capabilities.KubeVersion.Version -}}
type: RollingUpdate
rollingUpdate:
  maxUnavailable: 1
{{- else -}}
type: RollingUpdate
rollingUpdate:
  maxSurge: 1
  maxUnavailable: 0
{{- end -}}
{{- end -}}

{{/* Whether the cluster runs the original's NMI under our name: its charts are those before 5. */}}
{{- define "podid.follows.original" -}}
{{- $there := lookup "apps/v1" "DaemonSet" .Release.Namespace (include "podid.nmi" .) | default dict -}}
{{- if regexMatch "^aad-pod-identity-[0-4]\\." (dig "metadata" "labels" "helm.sh/chart" "" $there) }}true{{ end -}}
{{- end -}}
