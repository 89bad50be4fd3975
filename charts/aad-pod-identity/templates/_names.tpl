{{/* Names of objects: the original's, so that an upgrade finds them. The release's name is no part of them. */}}
{{- define "podid.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 59 | trimSuffix "-" -}}
{{- end -}}

{{- define "podid.mic" -}}{{ include "podid.name" . }}-mic{{- end -}}
{{- define "podid.nmi" -}}{{ include "podid.name" . }}-nmi{{- end -}}

{{/* Names of the two roles for users. */}}
{{- define "podid.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 59 | trimSuffix "-" -}}
{{- end -}}

{{/* Selectors never change, or an upgrade would be refused. */}}
{{- define "podid.selector" -}}
app.kubernetes.io/name: {{ include "podid.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "podid.labels" -}}
{{ include "podid.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{/* The accounts of the programs: the namespace's own where none are made. */}}
{{- define "podid.mic.account" -}}
{{- ternary (include "podid.mic" .) "default" (eq (include "podid.rbac" .) "true") -}}
{{- end -}}
{{- define "podid.nmi.account" -}}
{{- ternary (include "podid.nmi" .) "default" (eq (include "podid.rbac" .) "true") -}}
{{- end -}}

{{/* Where the locks are: where the original's MIC, which may run beside ours for a moment, has its own. */}}
{{- define "podid.lock.namespace" -}}
{{- dig "leaderElection" "namespace" "" .Values.mic | default "default" -}}
{{- end -}}
{{- define "podid.lock.name" -}}
{{- dig "leaderElection" "name" "" .Values.mic | default "aad-pod-identity-mic" -}}
{{- end -}}
